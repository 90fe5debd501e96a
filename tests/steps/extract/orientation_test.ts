/** Images of other orientations, voxel sizes or contents than the rest of their data set. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { gunzipSync, gzipSync } from "node:zlib";
import { DataError } from "../../../src/errors.ts";
import { readSafetensors } from "../../../src/formats/safetensors.ts";
import { readTsv } from "../../../src/formats/tsv.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import capsOpen from "../../../src/steps/caps/open.ts";
import bidsOpen from "../../../src/steps/bids/open.ts";
import extractImages from "../../../src/steps/extract/images.ts";
import extractPatches from "../../../src/steps/extract/patches.ts";
import extractRois from "../../../src/steps/extract/rois.ts";
import extractSlices from "../../../src/steps/extract/slices.ts";
import type { Artifact, StepKind } from "../../../src/workflow/step.ts";
import { inFolder } from "../../engine/scratch.ts";
import { storedIn48Orientations } from "../../imaging/orientations.ts";
import { MemoryStore } from "../memory.ts";

type Volume = Parameters<typeof writeNifti>[0];

const IDENTITY = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);

/** A BIDS folder of one image a participant, by the participant's label. */
async function writeBids(folder: string, images: ReadonlyMap<string, Volume>): Promise<void> {
  for (const [label, volume] of images) {
    const anat = `${folder}/sub-${label}/anat`;
    await Deno.mkdir(anat, { recursive: true });
    await Deno.writeFile(`${anat}/sub-${label}_T1w.nii.gz`, writeNifti(volume));
  }
}

const store = new MemoryStore();

async function step(kind: unknown, given: Record<string, unknown>, caps?: Artifact) {
  const { params, run } = kind as StepKind;
  const context = store.context(params.parse(given) as never, caps ? { caps } : {});
  const [[type, output]] = Object.entries(await run(context));
  return await store.artifact(type, output);
}

const open = (folder: string) => step(bidsOpen, { bids_directory: folder });

/** `data` of every session. */
async function tensors(images: Artifact) {
  const files = images.files.filter(({ path }) => path.endsWith(".safetensors"));
  return await Promise.all(
    files.map(async ({ path }) => readSafetensors(await images.read(path), path).tensor("data")),
  );
}

Deno.test("one head stored in 48 orientations gives one set of tensors", () =>
  inFolder(async (folder) => {
    await writeBids(folder, storedIn48Orientations());
    const mask = { ...storedIn48Orientations().get("PSR")! };
    mask.voxels = mask.voxels.map((value) => Number(value > 40));
    await Deno.writeFile(`${folder}/x_roi-bright_mask.nii.gz`, writeNifti(mask));
    const caps = await open(folder);
    const table = readTsv(await caps.readText("images.tsv"), "images.tsv");
    const at = (column: string) => table.columns.indexOf(column);
    for (const row of table.rows) {
      assertEquals(row[at("orientation")], row[at("participant_id")]!.slice(4));
    }
    const roi = { masks_directory: folder, roi_list: ["bright"], roi_custom_template: "own" };
    const target = { target_shape: [5, 4, 3], target_spacing: 1.7 };
    const cuts: [unknown, Record<string, unknown>][] = [
      [extractSlices, { slice_direction: 0 }],
      [extractSlices, { slice_direction: 1 }],
      [extractSlices, { slice_direction: 2, discarded_slices: [1, 2] }],
      [extractPatches, { patch_size: 2, stride_size: 1 }],
      [extractRois, roi],
      [extractRois, { ...roi, roi_uncrop_output: true }],
      [extractImages, {}],
      [extractImages, target],
    ];
    for (const [kind, given] of cuts) {
      const { checkInputs, params } = kind as StepKind;
      await checkInputs?.({ params: params.parse(given) as never, inputs: { caps } });
      const images = await step(kind, given, caps);
      const [first, ...others] = await tensors(images);
      assertEquals(others.length, 47);
      assert(new Set(first.data as Float32Array).size > 2);
      for (const other of others) assertEquals(other, first);
      const { orientation, spacing, reoriented_from } = images.meta.extraction as Record<
        string,
        readonly unknown[]
      >;
      assertEquals(orientation as unknown, "RAS");
      assertEquals(
        spacing,
        "target_shape" in given ? [1.7, 1.7, 1.7] : [1, 1.5, 2],
      );
      assertEquals(reoriented_from?.length, "target_shape" in given ? undefined : 47);
    }
  }));

Deno.test("images are cut as they are stored on request, if all are stored alike", () =>
  inFolder(async (folder) => {
    const heads = storedIn48Orientations();
    const [ras, las] = [heads.get("RAS")!, heads.get("LAS")!];
    await writeBids(`${folder}/las`, new Map([["01", las], ["02", las]]));
    await writeBids(`${folder}/both`, new Map([["01", ras], ["02", las]]));
    const given = { orientation: "stored" };
    const images = await step(extractImages, given, await open(`${folder}/las`));
    const { orientation, reoriented_from } = images.meta.extraction as Record<string, unknown>;
    assertEquals([orientation, reoriented_from], ["LAS", undefined]);
    const [{ data }] = await tensors(images);
    assertEquals(data[0], las.voxels[0]);
    await assertRejects(
      async () => await step(extractImages, given, await open(`${folder}/both`)),
      DataError,
      "  RAS: 1 (sub-01 ses-M000)\n  LAS: 1 (sub-02 ses-M000)",
    );
    const check = (extractImages as unknown as StepKind).checkParams!;
    const params = extractImages.params.parse({ ...given, target_shape: [2, 2, 2] });
    assertEquals(check(params as never).map(({ parameter }) => parameter), ["orientation"]);
  }));

Deno.test("voxels of other sizes in arrays of one shape are refused, before and while cutting", () =>
  inFolder(async (folder) => {
    const volume = { shape: [4, 4, 4], voxels: Float32Array.from({ length: 64 }, (_, i) => i) };
    const large = Float64Array.of(2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1);
    await writeBids(
      folder,
      new Map([["01", { ...volume, affine: IDENTITY }], ["02", { ...volume, affine: large }]]),
    );
    const caps = await open(folder);
    const problem =
      "these differ; set target_shape and target_spacing to resample the volumes to " +
      "one grid\n  1 x 1 x 1 mm: 1 (sub-01 ses-M000)\n  2 x 2 x 3 mm: 1 (sub-02 ses-M000)";
    await assertRejects(() => step(extractImages, {}, caps), DataError, problem);
    const { checkInputs, params } = extractSlices as unknown as StepKind;
    const check = (given: Record<string, unknown>) =>
      checkInputs!({ params: params.parse(given) as never, inputs: { caps } });
    await assertRejects(() => check({}), DataError, problem);
    const target = { target_shape: [4, 4, 4], target_spacing: 2 };
    await check(target);
    assertEquals((await step(extractSlices, target, caps)).meta.element_shape, [3, 4, 4]);
  }));

Deno.test("images of NaN alone, or of one value, are reported", () =>
  inFolder(async (folder) => {
    const image = (value: (i: number) => number): Volume => ({
      shape: [3, 3, 3],
      voxels: Float32Array.from({ length: 27 }, (_, i) => value(i)),
      affine: IDENTITY,
    });
    await writeBids(
      folder,
      new Map([
        ["01", image((i) => i)],
        ["02", image(() => NaN)],
        ["03", image(() => 7)],
        ["04", image((i) => i === 26 ? 1 : NaN)],
      ]),
    );
    const caps = await open(folder);
    store.warnings.length = 0;
    // Also when the tensors come from the cache.
    for (let run = 1; run <= 2; run++) {
      await step(extractSlices, {}, caps);
      assertEquals(store.warnings.length, run);
      assertEquals(
        store.warnings[run - 1],
        "2 image(s) hold one value in every voxel; NaN becomes 0: sub-02 ses-M000 (NaN), " +
          "sub-03 ses-M000 (7)",
      );
    }
  }));

Deno.test("images that contradict their headers are reported", () =>
  inFolder(async (folder) => {
    const voxels = Float32Array.from({ length: 27 }, (_, i) => i);
    const sound: Volume = { shape: [3, 3, 3], voxels, affine: IDENTITY };
    await writeBids(folder, new Map([["01", sound], ["02", sound]]));
    const path = `${folder}/sub-02/anat/sub-02_T1w.nii.gz`;
    // The second volume of an image whose header lost its fourth dimension.
    const bytes = gunzipSync(await Deno.readFile(path));
    await Deno.writeFile(path, gzipSync(new Uint8Array([...bytes, ...bytes.subarray(352)])));
    store.warnings.length = 0;
    const [first, second] = await tensors(await step(extractImages, {}, await open(folder)));
    assertEquals(second, first);
    assertEquals(store.warnings, [
      "1 image(s) contradict their headers and are read by datatype and shape: sub-02 ses-M000 " +
      "(108 bytes follow its voxels)",
    ]);
  }));

Deno.test("a frame of a dynamic image, or the mean of all, is cut", () =>
  inFolder(async (folder) => {
    const voxels = Float32Array.from(
      { length: 3 * 27 },
      (_, i) => (i % 27) + 100 * (i / 27 | 0) ** 2,
    );
    await writeBids(folder, new Map([["01", { shape: [3, 3, 3, 3], voxels, affine: IDENTITY }]]));
    const first = async (frame: number | string) => {
      const caps = await step(bidsOpen, { bids_directory: folder, frame });
      const images = await step(extractImages, {}, caps);
      assertEquals((images.meta.extraction as Record<string, unknown>).frame, frame);
      return (await tensors(images))[0].data.slice(0, 2);
    };
    // The last axis varies fastest: the second voxel is the first of the next plane.
    assertEquals(await first(0), Float32Array.of(0, 9));
    assertEquals(await first(2), Float32Array.of(400, 409));
    assertEquals(await first("mean"), Float32Array.of(500 / 3, 500 / 3 + 9));
    assertStringIncludes(store.warnings.at(-1)!, "1 image(s) have no FrameDuration in a JSON file");
    // The mean over time: one volume of 30 s and two of 10 s.
    await Deno.writeTextFile(
      `${folder}/sub-01/anat/sub-01_T1w.json`,
      '{"FrameDuration": [30, 10, 10], "FrameTimesStart": [0, 30, 40]}',
    );
    assertEquals(await first("mean"), Float32Array.of(500 / 5, 500 / 5 + 9));
    assertEquals(await first(2), Float32Array.of(400, 409));
  }));

Deno.test("a frame of an image of a CAPS is cut", () =>
  inFolder(async (folder) => {
    const anat = `${folder}/subjects/sub-01/ses-M000/custom`;
    await Deno.mkdir(anat, { recursive: true });
    const voxels = Float32Array.from({ length: 2 * 27 }, (_, i) => i);
    await Deno.writeFile(
      `${anat}/sub-01_ses-M000_desc-x.nii.gz`,
      writeNifti({ shape: [3, 3, 3, 2], voxels, affine: IDENTITY }),
    );
    const custom = { caps_directory: folder, preprocessing: "custom", custom_suffix: "x.nii.gz" };
    await assertRejects(
      () => step(capsOpen, custom),
      DataError,
      "the image has 2 volumes, but 1 is needed; bids.open and caps.open take one of them",
    );
    const caps = await step(capsOpen, { ...custom, frame: 1 });
    assertEquals((await tensors(await step(extractImages, {}, caps)))[0].data[0], 27);
    const prepared = { ...custom, frame: 1, extract_json: "x" };
    const { checkParams } = capsOpen as unknown as StepKind;
    assertEquals(checkParams!(capsOpen.params.parse(prepared) as never), [
      { parameter: "frame", message: "extract_json takes no frame" },
    ]);
  }));
