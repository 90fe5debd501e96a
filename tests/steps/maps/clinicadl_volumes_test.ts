/** Networks of volumes that ClinicaDL 1.6.1 trained, see tests/maps/check_clinicadl_volumes.py. */
import { assert, assertEquals } from "@std/assert";
import { filesBelow } from "../../../src/disk/folders.ts";
import { writeTorch } from "../../../src/formats/torch_checkpoint.ts";
import { readTsv, type Table } from "../../../src/formats/tsv.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import { Project } from "../workflows.ts";

const FIXTURES = new URL("../../fixtures/maps/", import.meta.url).pathname;
const STEM = "space-MNI152NLin2009cSym_desc-Crop_res-1x1x1";
const TEMPLATE = "tpl-MNI152NLin2009cSym";

type Shape = readonly [x: number, y: number, z: number];

/** The voxels of check_clinicadl_volumes.py, the last axis fastest. */
function volume(index: number, [nx, ny, nz]: Shape): Float32Array<ArrayBuffer> {
  const voxels = new Float32Array(nx * ny * nz);
  const [cx, cy, cz] = [nx >> 1, ny >> 1, nz >> 1];
  const reach = (36 + index % 7 * 8) * Math.floor(nz / 24) ** 2;
  let at = 0;
  for (let x = 0; x < nx; x++) {
    for (let y = 0; y < ny; y++) {
      for (let z = 0; z < nz; z++) {
        const noise = x * x * 3 + y * y * 5 + z * z * 7 + x * y * z +
          (index + 1) * (x * 11 + y * 13 + z * 17);
        const distance = (x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2;
        voxels[at++] = noise % 97 + (distance < reach ? 60 * (index % 2) : 0);
      }
    }
  }
  return voxels;
}

/** A CAPS with tensors of whole images, as ClinicaDL prepares them. */
async function addCaps(caps: string, indices: readonly number[], shape: Shape): Promise<void> {
  for (const index of indices) {
    const participant = `sub-${String(index).padStart(2, "0")}`;
    const folder =
      `${caps}/subjects/${participant}/ses-M000/deeplearning_prepare_data/image_based/t1_linear`;
    await Deno.mkdir(folder, { recursive: true });
    const tensor = { dtype: "float32", shape: [1, ...shape], data: volume(index, shape) } as const;
    await Deno.writeFile(`${folder}/${participant}_ses-M000_${STEM}_T1w.pt`, writeTorch(tensor));
  }
}

async function addMask(
  caps: string,
  roi: string,
  box: readonly (readonly [number, number])[],
  shape: Shape,
): Promise<void> {
  const voxels = new Uint8Array(shape[0] * shape[1] * shape[2]);
  for (let i = 0; i < voxels.length; i++) {
    const rest = Math.floor(i / shape[0]);
    const at = [i % shape[0], rest % shape[1], Math.floor(rest / shape[1])];
    voxels[i] = Number(at.every((index, axis) => index >= box[axis][0] && index < box[axis][1]));
  }
  const affine = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  await Deno.mkdir(`${caps}/masks/${TEMPLATE}`, { recursive: true });
  await Deno.writeFile(
    `${caps}/masks/${TEMPLATE}/${TEMPLATE}_desc-Crop_res-1x1x1_roi-${roi}_mask.nii.gz`,
    writeNifti({ shape, voxels, affine }),
  );
}

/** Copies a MAPS of the fixtures, whose weights are compressed there. */
async function addMaps(name: string, target: string): Promise<void> {
  for (const path of filesBelow(`${FIXTURES}${name}`)) {
    const file = `${target}/${path.replace(/\.gz$/, "")}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    const { body } = new Response(await Deno.readFile(`${FIXTURES}${name}/${path}`));
    const content = path.endsWith(".gz")
      ? body!.pipeThrough(new DecompressionStream("gzip"))
      : body!;
    await Deno.writeFile(file, content);
  }
}

/** Opens the tensors, cut when they are loaded as the MAPS describes, and predicts the MAPS's test group. */
const predictionSteps = (name: string, caps: string) => `
steps.${name}_images = { uses = "caps.open", with = { caps_directory = "${caps}", extract_json = "${name}" } }
steps.${name}_model = { uses = "maps.open", with = { maps_directory = "${name}", data_group = "test" } }
steps.${name} = { uses = "predict", in.model = "${name}_model.model", in.images = "${name}_images", in.participants = "${name}_model.participants" }
`;

/** Rows by their ids: probabilities. */
function probabilities({ columns, rows }: Table): Map<string, number[]> {
  const first = columns.indexOf("proba0");
  return new Map(
    rows.map((row) => [row.slice(0, 3).join(" "), [Number(row[first]), Number(row[first + 1])]]),
  );
}

function assertAlike(ours: Table, theirs: Table, name: string): void {
  const [found, expected] = [ours, theirs].map(probabilities);
  assertEquals([...found.keys()].sort(), [...expected.keys()].sort());
  const values = [...expected.values()].map(([first]) => first);
  assert(Math.max(...values) - Math.min(...values) > 2e-3, `${name}: all predictions are alike`);
  for (const [id, pair] of expected) {
    pair.forEach((value, node) => {
      const difference = Math.abs(value - found.get(id)![node]);
      assert(difference < 1e-4, `${name}: ${id} differs by ${difference}`);
    });
  }
}

const SMALL = [28, 32, 24] as const;
const LARGE = [169, 208, 179] as const;

Deno.test("networks that ClinicaDL trained on patches, regions and images predict its probabilities", async () => {
  await using project = await Project.create();
  const { folder } = project;
  await addCaps(`${folder}/small`, [44, 45, 46, 47], SMALL);
  await addMask(`${folder}/small`, "left", [[2, 20], [4, 21], [3, 17]], SMALL);
  await addMask(`${folder}/small`, "right", [[9, 27], [6, 23], [5, 19]], SMALL);
  await addCaps(`${folder}/large`, [12, 13], LARGE);
  const cases = { patch: "small", roi: "small", image: "small", reduced: "large" };
  let steps = "";
  for (const [name, caps] of Object.entries(cases)) {
    await addMaps(name, `${folder}/${name}`);
    const { preprocessing_dict } = JSON.parse(await project.read(`${name}/maps.json`));
    const json = JSON.stringify({ ...preprocessing_dict, prepare_dl: false });
    await project.write(`${caps}/tensor_extraction/${name}.json`, json);
    steps += predictionSteps(name, caps);
  }
  const outcome = await project.run(steps);
  assertEquals(outcome.warnings, []);
  for (const name of Object.keys(cases)) {
    const mode = name === "reduced" ? "image" : name;
    const predictions = project.artifact(outcome, name, "predictions");
    for (const level of new Set([mode, "image"])) {
      const [ours, theirs] = [
        await predictions.readText(`loss/${level}_level_prediction.tsv`),
        await project.read(`${name}/split-0/best-loss/test/test_${level}_level_prediction.tsv`),
      ].map((text) => readTsv(text, name));
      assertAlike(ours, theirs, `${name}, ${level} level`);
    }
  }
});
