/** MAPS of the fixtures that ClinicaDL 1.6.1 trained, and the volumes that it trained on. */
import { filesBelow } from "../../../src/disk/folders.ts";
import { writeTorch } from "../../../src/formats/torch_checkpoint.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";

export const FIXTURES = new URL("../../fixtures/maps/", import.meta.url).pathname;
const STEM = "space-MNI152NLin2009cSym_desc-Crop_res-1x1x1";
const TEMPLATE = "tpl-MNI152NLin2009cSym";

export type Shape = readonly [x: number, y: number, z: number];

/** The voxels of clinicadl_oracle.py, the last axis fastest. */
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
export async function addCaps(
  caps: string,
  indices: readonly number[],
  shape: Shape,
): Promise<void> {
  for (const index of indices) {
    const participant = `sub-${String(index).padStart(2, "0")}`;
    const folder =
      `${caps}/subjects/${participant}/ses-M000/deeplearning_prepare_data/image_based/t1_linear`;
    await Deno.mkdir(folder, { recursive: true });
    const tensor = { dtype: "float32", shape: [1, ...shape], data: volume(index, shape) } as const;
    await Deno.writeFile(`${folder}/${participant}_ses-M000_${STEM}_T1w.pt`, writeTorch(tensor));
  }
}

export async function addMask(
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
export async function addMaps(name: string, target: string): Promise<void> {
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

/** The tensors' description, as `clinicadl prepare-data` writes it for tensors that are cut when loaded. */
export async function addExtraction(folder: string, name: string, caps: string): Promise<void> {
  const { preprocessing_dict } = JSON.parse(await Deno.readTextFile(`${folder}/${name}/maps.json`));
  const json = JSON.stringify({ ...preprocessing_dict, prepare_dl: false });
  await Deno.mkdir(`${folder}/${caps}/tensor_extraction`, { recursive: true });
  await Deno.writeTextFile(`${folder}/${caps}/tensor_extraction/${name}.json`, json);
}
