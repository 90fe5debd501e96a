/** Maps of volumes as networks see them; those of regions with GYRUS_TEST_FULL=1. */
import { assert, assertEquals } from "@std/assert";
import { decode } from "fast-png";
import { readMaps } from "../../../src/artifacts/attribution_maps.ts";
import { readSafetensors } from "../../../src/formats/safetensors.ts";
import { isTensor } from "../../../src/formats/tensor.ts";
import { readTorch, writeTorch } from "../../../src/formats/torch_checkpoint.ts";
import { openDevice } from "../../../src/gpu/device.ts";
import { reduceSize } from "../../../src/imaging/extract/size_reduction.ts";
import { readNifti } from "../../../src/imaging/nifti/nifti.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import { attribute, type AttributionMethod } from "../../../src/nn/attribute.ts";
import { inputShape, type Network } from "../../../src/nn/network.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { exportState, importState, type NetworkState } from "../../../src/nn/state_dict.ts";
import type { Artifact } from "../../../src/workflow/step.ts";
import { fixtureWeights } from "../../nn/fixture.ts";
import { createProject, step, tinyTraining } from "../recipes.ts";
import type { Project } from "../workflows.ts";

const GROUPS = { train_labels: [0, 2], validation_labels: [2, 2], fresh: [4, 2] } as const;

const OPENED = step("caps", "caps.open", { with: { caps_directory: "caps" } }) +
  Object.keys(GROUPS).map((name) =>
    step(name, "tables.open", { with: { path: `${name}.tsv`, content: "labels" } })
  ).join("");

const IDENTITY = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);

/** The map of one item for the first output node. */
async function mapOf(
  { network, weights }: { network: Network; weights: NetworkState },
  { values, normalisation }: { values: Float32Array; normalisation: "element" | "none" },
  method: AttributionMethod,
): Promise<Float32Array> {
  const device = await openDevice();
  const [map] = await attribute(device, {
    data: { shape: network.input, count: 1, normalisation, read: () => values },
    batchSize: 1,
    runs: [{ network, weights, items: Uint32Array.of(0) }],
    method,
    target: 0,
  });
  device.destroy();
  return map;
}

function assertNear(found: Float32Array, expected: Float32Array): void {
  assertEquals(found.length, expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  assert(largest > 0);
  const worst = expected.reduce((most, v, i) => Math.max(most, Math.abs(v - found[i])), 0);
  assert(worst <= 1e-5 * largest, `differs by ${worst} of ${largest}`);
}

async function dataOf(images: Artifact, participant: string): Promise<Float32Array> {
  const path = `${participant}/ses-M000.safetensors`;
  return readSafetensors(await images.read(path), path).tensor("data").data as Float32Array;
}

async function published(project: Project, path: string) {
  return await Deno.readFile(`${project.folder}/out/${path}`);
}

Deno.test("a reduced whole image has its gradients on the voxels that the network saw", async () => {
  await using project = await createProject(GROUPS, [17, 18, 16]);
  const network = createNetwork("Conv5_FC3", [1, 8, 9, 8], 2);
  const weights = fixtureWeights(network);
  const state = writeTorch({ state_dict: exportState(network, weights) });
  await Deno.writeFile(`${project.folder}/weights.pth`, state);
  const outcome = await project.run(
    OPENED + step("images", "extract.images", { in: { caps: "caps" } }) +
      step("pretrained", "model.open", {
        in: { images: "images" },
        with: { weights: "weights.pth", label_code: { AD: 0, CN: 1 }, size_reduction: true },
      }) +
      step("gradients", "interpret.gradients", {
        in: { model: "pretrained", images: "images", participants: "fresh" },
        with: { save_individual: true },
      }) + '[publish]\n"out" = "gradients"\n',
  );
  const stored = await dataOf(project.artifact(outcome, "images", "images"), "sub-04");
  const low = stored.reduce((a, b) => Math.min(a, b)),
    high = stored.reduce((a, b) => Math.max(a, b));
  const seen = reduceSize(stored.map((v) => (v - low) / (high - low)), 2, [17, 18, 16]);
  const method = { kind: "gradients" } as const;
  const expected = await mapOf(
    { network, weights },
    { values: seen, normalisation: "none" },
    method,
  );
  const stem = "loss/individual/sub-04_ses-M000";
  const { maps, shapes } = await readMaps(
    project.artifact(outcome, "gradients", "attribution"),
    stem,
  );
  assertEquals(shapes, [[8, 9, 8]]);
  assertNear(maps, expected);

  const nifti = readNifti(await published(project, `${stem}_map.nii.gz`), "map.nii.gz");
  assertEquals(nifti.shape, [8, 9, 8]);
  assertEquals([...nifti.affine.subarray(0, 4)], [2, 0, 0, 0]);
  const at = (x: number, y: number, z: number) => nifti.voxels[x + 8 * (y + 9 * z)];
  assertEquals([at(0, 0, 1), at(3, 2, 1)], [maps[1], maps[(3 * 9 + 2) * 8 + 1]]);
  const tensor = readTorch(await published(project, `${stem}_image-0_map.pt`), "map.pt");
  assert(isTensor(tensor));
  assertEquals([tensor.shape, tensor.data], [[1, 8, 9, 8], maps]);
  assert(decode(await published(project, "loss/mean_map.png")).width > 3 * 150);
});

const isFull = Deno.env.get("GYRUS_TEST_FULL") === "1";

Deno.test("regions that differ in size have Grad-CAM by their own networks, each where it lies", {
  ignore: !isFull,
}, async () => {
  const boxes = { left: [8, 6, 10], right: [6, 8, 9] };
  await using project = await createProject(GROUPS, [12, 12, 12]);
  await Deno.mkdir(`${project.folder}/masks`);
  for (const [roi, box] of Object.entries(boxes)) {
    const voxels = Uint8Array.from({ length: 12 ** 3 }, (_, i) => {
      const place = [i % 12, Math.floor(i / 12) % 12, Math.floor(i / 144)];
      return Number(place.every((at, axis) => at >= 2 && at < 2 + box[axis]));
    });
    const mask = writeNifti({ shape: [12, 12, 12], voxels, affine: IDENTITY });
    await Deno.writeFile(`${project.folder}/masks/x_roi-${roi}_mask.nii.gz`, mask);
  }
  const level = "convolutions.5";
  const outcome = await project.run(
    OPENED +
      step("rois", "extract.rois", {
        in: { caps: "caps" },
        with: {
          roi_list: Object.keys(boxes),
          masks_directory: "masks",
          roi_custom_template: "own",
        },
      }) +
      tinyTraining({ multi_network: true }, {
        in: { images: "rois", train: "train_labels", validation: "validation_labels" },
      }) +
      step("cam", "interpret.gradcam", {
        in: { model: "train", images: "rois", participants: "fresh" },
        with: { save_individual: true, level },
      }) + '[publish]\n"out" = "cam"\n',
  );
  const stem = "loss/individual/sub-05_ses-M000";
  const { maps, shapes } = await readMaps(project.artifact(outcome, "cam", "attribution"), stem);
  assertEquals(shapes, Object.values(boxes));
  const model = project.artifact(outcome, "train", "model");
  const path = "best-loss/network-1.safetensors";
  const network = createNetwork("Conv5_FC3", inputShape([1, ...boxes.right]), 2);
  const state = readSafetensors(await model.read(path), path).tensors();
  const weights = importState(network, state, path);
  const values = (await dataOf(project.artifact(outcome, "rois", "images"), "sub-05")).subarray(
    480,
  );
  const region = { values, normalisation: "element" } as const;
  const expected = await mapOf({ network, weights }, region, { kind: "grad_cam", level });
  assertNear(maps.subarray(480), expected);

  const nifti = readNifti(await published(project, `${stem}_map.nii.gz`), "map.nii.gz");
  assertEquals([nifti.shape, nifti.affine], [[12, 12, 12], IDENTITY]);
  const at = (x: number, y: number, z: number) => nifti.voxels[x + 12 * (y + 12 * z)];
  const right = (x: number, y: number, z: number) => maps[480 + (x * 8 + y) * 9 + z];
  assertEquals([at(1, 2, 2), at(3, 9, 4)], [0, right(1, 7, 2)]);
  assertEquals(at(2, 2, 2), Math.fround((maps[0] + right(0, 0, 0)) / 2));
  const tensor = readTorch(await published(project, `${stem}_roi-1_map.pt`), "map.pt");
  assert(isTensor(tensor));
  assertEquals(tensor.shape, [1, ...boxes.right]);
});
