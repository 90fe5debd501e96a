/** Maps of volumes are placed where their elements were cut: the elements themselves, as maps, are the image again. */
import { assertEquals } from "@std/assert";
import { attributionMeta } from "../../../src/artifacts/attribution.ts";
import { readGeometry, writeMaps } from "../../../src/artifacts/attribution_maps.ts";
import { openImages, readElements, type Sample } from "../../../src/artifacts/images.ts";
import { readSafetensors } from "../../../src/formats/safetensors.ts";
import { isTensor } from "../../../src/formats/tensor.ts";
import { readTorch } from "../../../src/formats/torch_checkpoint.ts";
import { reduceSize } from "../../../src/imaging/extract/size_reduction.ts";
import { readNifti } from "../../../src/imaging/nifti/nifti.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import bidsOpen from "../../../src/steps/bids/open.ts";
import extractImages from "../../../src/steps/extract/images.ts";
import extractPatches from "../../../src/steps/extract/patches.ts";
import extractRois from "../../../src/steps/extract/rois.ts";
import { publishAttribution } from "../../../src/steps/interpret/publish_attribution.ts";
import type { Artifact, StepKind } from "../../../src/workflow/step.ts";
import { inFolder } from "../../engine/scratch.ts";
import { storedIn48Orientations } from "../../imaging/orientations.ts";
import { MemoryStore, writtenBytes } from "../memory.ts";

const heads = storedIn48Orientations();
const head = heads.get("RAS")!;
const [nx, ny] = head.shape;
const placeOf = (i: number) => [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];

const store = new MemoryStore();

async function step(kind: unknown, given: Record<string, unknown>, caps?: Artifact) {
  const { params, run } = kind as StepKind;
  const context = store.context(params.parse(given) as never, caps ? { caps } : {});
  const [[type, output]] = Object.entries(await run(context));
  return await store.artifact(type, output);
}

/** Cuts the head, which is stored as PSR, and publishes its elements as if they were their maps. */
async function publishElements(
  folder: string,
  kind: unknown,
  given: Record<string, unknown>,
  sizeReduction = 1,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  await Deno.mkdir(`${folder}/bids/sub-1/anat`, { recursive: true });
  await Deno.writeFile(
    `${folder}/bids/sub-1/anat/sub-1_T1w.nii.gz`,
    writeNifti(heads.get("PSR")!),
  );
  const caps = await step(bidsOpen, { bids_directory: `${folder}/bids` });
  const images = await openImages(await step(kind, given, caps));
  const [[, { path }]] = images.index;
  const sample = { path, participant: "sub-1", session: "ses-M000" } as Sample;
  const stored = images.elementShapes.map((shape) => shape.slice(1));
  const elements = (await readElements(images, sample)).map((values, e) =>
    sizeReduction > 1 ? reduceSize(values, sizeReduction, stored[e]) : values
  );
  const geometry = await readGeometry(images, sample, sizeReduction);
  const maps = Float32Array.from(elements.flatMap((values) => [...values]));
  const shapes = sizeReduction > 1 ? [[...geometry.grid!]] : stored;
  const { mode, extraction } = attributionMeta(images.artifact);
  const artifact = await store.artifact("attribution", {
    meta: { mode, elements: [...images.elements], extraction },
    files: { "loss/mean_map.safetensors": writeMaps({ shapes, maps, ...geometry }) },
  });
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  await publishAttribution(artifact, {
    write: async (path, content) => {
      files.set(path, await writtenBytes(content));
    },
    copy: () => Promise.reject(new Error("nothing is copied")),
  });
  return files;
}

function niftiOf(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>) {
  return readNifti(files.get("loss/mean_map.nii.gz")!, "mean_map.nii.gz");
}

function tensorOf(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>, element: string) {
  const tensor = readTorch(files.get(`loss/mean_${element}_map.pt`)!, "map.pt");
  if (!isTensor(tensor)) throw new Error("no tensor");
  return tensor;
}

Deno.test("patches that overlap are placed in the grid of their image, which was turned to RAS", () =>
  inFolder(async (folder) => {
    const files = await publishElements(folder, extractPatches, { patch_size: 3, stride_size: 1 });
    const { shape, voxels, affine } = niftiOf(files);
    assertEquals([shape, affine], [head.shape, head.affine]);
    assertEquals(voxels, head.voxels);
    assertEquals(files.size, 1 + 2 * 3 * 4);
    assertEquals(tensorOf(files, "patch-23").shape, [1, 3, 3, 3]);
  }));

/** Writes masks of boxes on the head's grid, with the options that find them. */
async function writeMasks(folder: string, boxes: Record<string, readonly number[][]>) {
  for (const [name, box] of Object.entries(boxes)) {
    const inside = head.voxels.map((_, i) =>
      Number(placeOf(i).every((at, axis) => at >= box[axis][0] && at < box[axis][1]))
    );
    await Deno.writeFile(
      `${folder}/x_roi-${name}_mask.nii.gz`,
      writeNifti({ ...head, voxels: inside }),
    );
  }
  return { masks_directory: folder, roi_list: Object.keys(boxes), roi_custom_template: "own" };
}

const BOXES = {
  left: [[0, 2], [1, 4], [2, 6]],
  right: [[1, 4], [1, 5], [3, 4]],
};

for (const uncropped of [false, true]) {
  const kind = uncropped ? "regions in uncropped images" : "regions of two sizes";
  Deno.test(`${kind} are placed where their masks are, with means where they overlap`, () =>
    inFolder(async (folder) => {
      const masks = await writeMasks(folder, BOXES);
      const given = { ...masks, roi_uncrop_output: uncropped };
      const files = await publishElements(folder, extractRois, given);
      const { shape, voxels, affine } = niftiOf(files);
      assertEquals([shape, affine], [head.shape, head.affine]);
      const expected = head.voxels.map((value, i) => {
        const within = Object.values(BOXES).filter((box) =>
          placeOf(i).every((at, axis) =>
            at >= box[axis][0] && at < box[axis][1]
          )
        ).length;
        // Outside its region an uncropped image is zero, which counts in the mean.
        return uncropped ? value * within / 2 : within ? value : 0;
      });
      assertEquals(voxels, expected);
      const extents = uncropped ? head.shape : [3, 4, 1];
      assertEquals(tensorOf(files, "roi-1").shape, [1, ...extents]);
    }));
}

Deno.test("a whole image keeps its affine, and a reduced one has that of the voxels that are left", () =>
  inFolder(async (folder) => {
    const files = await publishElements(`${folder}/all`, extractImages, {});
    const { shape, voxels, affine } = niftiOf(files);
    assertEquals([shape, affine, voxels], [head.shape, head.affine, head.voxels]);
    assertEquals(tensorOf(files, "image-0").shape, [1, ...head.shape]);

    const reduced = niftiOf(await publishElements(`${folder}/half`, extractImages, {}, 2));
    assertEquals(reduced.shape, [2, 2, 3]);
    reduced.voxels.forEach((value, i) => {
      const [x, y, z] = [2 * (i % 2), 2 * (Math.floor(i / 2) % 2), 2 * Math.floor(i / 4)];
      assertEquals(value, head.voxels[x + nx * (y + ny * z)]);
    });
    assertEquals(
      [...reduced.affine],
      [...head.affine].map((v, i) => i % 4 < 3 && i < 12 ? 2 * v : v),
    );
  }));

Deno.test("the file of extracted regions lists the first voxel of each", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/bids/sub-1/anat`, { recursive: true });
    await Deno.writeFile(`${folder}/bids/sub-1/anat/sub-1_T1w.nii.gz`, writeNifti(head));
    const caps = await step(bidsOpen, { bids_directory: `${folder}/bids` });
    const images = await step(extractRois, await writeMasks(folder, BOXES), caps);
    const path = images.files.find(({ path }) => path.endsWith(".safetensors"))!.path;
    const { shape, data } = readSafetensors(await images.read(path), path).tensor("origins");
    assertEquals([shape, data], [[2, 3], Int32Array.of(0, 1, 2, 1, 1, 3)]);
  }));
