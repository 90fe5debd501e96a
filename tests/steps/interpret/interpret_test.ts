import { assert, assertEquals, assertRejects } from "@std/assert";
import { decode } from "fast-png";
import { StepError } from "../../../src/errors.ts";
import { readSafetensors } from "../../../src/formats/safetensors.ts";
import { isTensor } from "../../../src/formats/tensor.ts";
import { readTorch } from "../../../src/formats/torch_checkpoint.ts";
import { readTsv } from "../../../src/formats/tsv.ts";
import { openDevice } from "../../../src/gpu/device.ts";
import { readNifti } from "../../../src/imaging/nifti/nifti.ts";
import { attribute, type AttributionMethod } from "../../../src/nn/attribute.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { importState } from "../../../src/nn/state_dict.ts";
import type { Artifact } from "../../../src/workflow/step.ts";
import { generatedFolds, tinyTraining } from "../recipes.ts";
import { Project } from "../workflows.ts";

/** Coronal slices 13 to 16 of 32, of small heads; one network for all, and one a slice. */
const experiment = (multi_network: boolean[]) =>
  "[defaults]\nwith.seed = 3\n" +
  generatedFolds({ slice_direction: 1, slice_mode: "rgb", discarded_slices: [13, 15] }) +
  tinyTraining(
    { multi_network: "${matrix.multi_network}", learning_rate: 1e-3, batch_size: 8 },
    { in: { folds: "folds[0]" }, matrix: { multi_network } },
  );

const INTERPRET = `
[steps.gradients]
uses = "interpret.gradients"
matrix = "train"
in.model = "train"
in.images = "slices"
in.participants = "split.test"
with = { save_individual = true, target_node = 1, batch_size = 3 }

[steps.cam]
uses = "interpret.gradcam"
matrix = "train"
in.model = "train"
in.images = "slices"
in.participants = "split.test"
with = { save_individual = true, level = "convolutions.9" }

[publish]
"out/gradients_\${matrix.multi_network}" = "gradients"
"out/cam_\${matrix.multi_network}" = "cam"
`;

const SLICES = [13, 14, 15, 16];
const PLANE = 32 * 32;

async function mapsOf(artifact: Artifact, path: string) {
  const file = readSafetensors(await artifact.read(path), path);
  return { ...file.tensor("maps"), file };
}

/** Maps of one image by the networks of a model, slice by slice. */
async function expectedMaps(
  model: Artifact,
  image: Float32Array,
  multiNetwork: boolean,
  method: AttributionMethod,
  target: number,
): Promise<Float32Array> {
  const device = await openDevice();
  const all = new Float32Array(image.length);
  for (const [k] of SLICES.entries()) {
    const path = `best-loss/${multiNetwork ? `network-${k}` : "model"}.safetensors`;
    const network = createNetwork("Conv5_FC3", [3, 32, 32], 2);
    const state = readSafetensors(await model.read(path), path).tensors();
    const [map] = await attribute(device, {
      data: {
        shape: [1, 32, 32],
        count: 1,
        normalisation: "element",
        read: () => image.subarray(k * PLANE, (k + 1) * PLANE),
      },
      batchSize: 1,
      runs: [{ network, weights: importState(network, state, path), items: Uint32Array.of(0) }],
      method,
      target,
    });
    all.set(map, k * PLANE);
  }
  device.destroy();
  return all;
}

function assertNear(found: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assertEquals(found.length, expected.length, what);
  const largest = Array.from(expected).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  assert(largest > 0, `${what} is zero`);
  const worst = Array.from(expected).reduce(
    (most, v, i) => Math.max(most, Math.abs(v - found[i])),
    0,
  );
  assert(worst <= 1e-5 * largest, `${what} differs by ${worst} of ${largest}`);
}

Deno.test("interpret steps give the maps of every image and their means, and publish them in place", async () => {
  await using project = await Project.create();
  const outcome = await project.run(experiment([false, true]) + INTERPRET);
  const caps = project.artifact(outcome, "caps", "caps");
  const slices = project.artifact(outcome, "slices", "images");
  for (const multi of [false, true]) {
    const model = project.artifact(outcome, `train[multi_network=${multi}]`, "model");
    for (const step of ["gradients", "cam"]) {
      const instance = `${step}[multi_network=${multi}]`;
      const artifact = project.artifact(outcome, instance, "attribution");
      const method: AttributionMethod = step === "cam"
        ? { kind: "grad_cam", level: "convolutions.9" }
        : { kind: "gradients" };
      const target = step === "cam" ? 0 : 1;
      assertEquals(artifact.meta.method, step === "cam" ? "grad-cam" : "gradients");
      assertEquals(artifact.meta.target_node, target);
      assertEquals(artifact.meta.leakage, "none");
      assertEquals(artifact.meta.elements, SLICES);
      const people = readTsv(await artifact.readText("participants.tsv"), "participants.tsv");
      assertEquals(people.rows.length, 4);
      const diagnosis = people.columns.indexOf("diagnosis");

      const sums = new Map<string, { sum: Float64Array; count: number }>();
      for (const row of people.rows) {
        const stem = `${row[0]}_${row[1]}`;
        const path = `loss/individual/${stem}_map.safetensors`;
        const { shape, data } = await mapsOf(artifact, path);
        assertEquals(shape, [4, 32, 32]);
        for (const group of ["mean", `class-${row[diagnosis] === "AD" ? 0 : 1}/mean`]) {
          const entry = sums.get(group) ?? { sum: new Float64Array(data.length), count: 0 };
          entry.sum.forEach((_, i) => entry.sum[i] += Number(data[i]));
          sums.set(group, { ...entry, count: entry.count + 1 });
        }
      }
      assertEquals([...sums.keys()].sort(), ["class-0/mean", "class-1/mean", "mean"]);
      for (const [group, { sum, count }] of sums) {
        const { data } = await mapsOf(artifact, `loss/${group}_map.safetensors`);
        assertNear(data as Float32Array, sum.map((v) => v / count), `${instance} ${group}`);
      }

      const [participant, session] = people.rows[0];
      const image = readSafetensors(
        await slices.read(`${participant}/${session}.safetensors`),
        "slices",
      ).tensor("data").data as Float32Array;
      const stem = `loss/individual/${participant}_${session}`;
      const { data } = await mapsOf(artifact, `${stem}_map.safetensors`);
      const maps = data as Float32Array;
      assertNear(maps, await expectedMaps(model, image, multi, method, target), instance);

      const out = `${project.folder}/out/${step}_${multi}`;
      const source = caps.files.find(({ path }) => path.includes(`/${participant}/`))!.path;
      const volume = readNifti(await caps.read(source), source);
      for (const name of [stem, "loss/mean", "loss/class-1/mean"]) {
        const nifti = readNifti(await Deno.readFile(`${out}/${name}_map.nii.gz`), name);
        assertEquals(nifti.shape, volume.shape);
        nifti.affine.forEach((value, i) => assert(Math.abs(value - volume.affine[i]) < 1e-5));
        const stored = (await mapsOf(artifact, `${name}_map.safetensors`)).data;
        const placed = nifti.voxels as Float32Array;
        for (let i = 0; i < placed.length; i++) {
          const [x, y, z] = [i % 32, (i >> 5) % 32, i >> 10];
          const k = SLICES.indexOf(y);
          assertEquals(placed[i], k < 0 ? 0 : stored[k * PLANE + x * 32 + z]);
        }
        for (const [k, id] of SLICES.entries()) {
          const path = `${name}_slice-${id}_map.pt`;
          const tensor = readTorch(await Deno.readFile(`${out}/${path}`), path);
          assert(isTensor(tensor));
          assertEquals(tensor.shape, [1, 32, 32]);
          assertEquals(tensor.data, stored.slice(k * PLANE, (k + 1) * PLANE));
        }
        const { width } = decode(await Deno.readFile(`${out}/${name}_map.png`));
        assert(width > 400);
      }
    }
  }
});

Deno.test("nodes and levels that a model lacks, and participants of its training, are refused", async () => {
  await using project = await Project.create();
  const single = experiment([false]);
  const step = (uses: string, settings: string, participants = "split.test") =>
    `${single}
[steps.interpret]
uses = "${uses}"
in.model = "train[multi_network=false]"
in.images = "slices"
in.participants = "${participants}"
with = { ${settings} }
`;
  const refused = (toml: string, message: string) =>
    assertRejects(() => project.run(toml), StepError, message);
  await refused(
    step("interpret.gradients", "target_node = 2"),
    "the model has no output node 2; it has 2 (from 0)",
  );
  await refused(
    step("interpret.gradcam", 'level = "layer4"'),
    'Conv5_FC3 has no feature map "layer4"; there are convolutions.0',
  );
  await refused(step("interpret.gradcam", "", "split.train"), "data leakage");

  const allowed = await project.run(
    step("interpret.gradcam", "on_training_data = true", "split.train"),
  );
  assert(allowed.warnings.includes("leakage: predicting on training data"));
  assert(allowed.warnings.some((warning) => warning.includes("has one pixel")));
  const maps = project.artifact(allowed, "interpret", "attribution");
  assertEquals(maps.files.some(({ path }) => path.includes("individual")), false);
  assertEquals(maps.meta.level, "convolutions.19");
});
