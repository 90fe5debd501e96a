import { assert, assertEquals, assertRejects } from "@std/assert";
import { run } from "../../../src/engine/run/run.ts";
import { openArtifact } from "../../../src/engine/store/artifact.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { DataError, WorkflowError } from "../../../src/errors.ts";
import { readSafetensors } from "../../../src/formats/safetensors.ts";
import { isTensor, type Tensor } from "../../../src/formats/tensor.ts";
import { readTorch, writeTorch } from "../../../src/formats/torch_checkpoint.ts";
import { readTsv } from "../../../src/formats/tsv.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import capsOpen from "../../../src/steps/caps/open.ts";
import extractPatches from "../../../src/steps/extract/patches.ts";
import extractRois from "../../../src/steps/extract/rois.ts";
import extractSlices from "../../../src/steps/extract/slices.ts";
import { running } from "../../../src/steps/engine_options.ts";
import { stepModules } from "../../../src/steps/mod.ts";
import type { Artifact, StepKind } from "../../../src/workflow/step.ts";
import { readWorkflow } from "../../../src/workflow/read.ts";
import { inFolder } from "../../engine/scratch.ts";
import { MemoryStore } from "../memory.ts";
import { step } from "../recipes.ts";
import { Project } from "../workflows.ts";

const affine = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
const template = "space-MNI152NLin2009cSym_desc-Crop_res-1x1x1";

/** Voxels that tell their participant and place. */
function voxels(participant: number, shape: readonly number[]): Float32Array {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from({ length: count }, (_, i) => 1000 * participant + i);
}

async function addParticipant(caps: string, participant: number, shape = [5, 6, 4]) {
  const name = `sub-${participant}`;
  const folder = `${caps}/subjects/${name}/ses-M000/t1_linear`;
  await Deno.mkdir(folder, { recursive: true });
  const image = writeNifti({ shape, voxels: voxels(participant, shape), affine });
  await Deno.writeFile(`${folder}/${name}_ses-M000_${template}_T1w.nii.gz`, image);
}

async function addMask(caps: string, roi: string, inside: (x: number, y: number) => boolean) {
  const folder = `${caps}/masks/tpl-MNI152NLin2009cSym`;
  await Deno.mkdir(folder, { recursive: true });
  const mask = Uint8Array.from({ length: 120 }, (_, i) => Number(inside(i % 5, (i / 5 | 0) % 6)));
  await Deno.writeFile(
    `${folder}/tpl-MNI152NLin2009cSym_desc-Crop_res-1x1x1_roi-${roi}_mask.nii.gz`,
    writeNifti({ shape: [5, 6, 4], voxels: mask, affine }),
  );
}

/** Runs steps by themselves: opening, then extracting. */
class Bench {
  readonly store = new MemoryStore();

  constructor(readonly caps: string) {}

  async step(kind: StepKind, given: Record<string, unknown>, caps?: Artifact): Promise<Artifact> {
    const params = kind.params.parse(given) as never;
    const context = this.store.context(params, caps ? { caps } : {});
    const drafts = await kind.run(context);
    const [[type, draft]] = Object.entries(drafts);
    return await this.store.artifact(type, draft);
  }

  async extract(kind: StepKind, given: Record<string, unknown> = {}): Promise<Artifact> {
    return await this.step(kind, given, await this.#open());
  }

  /** Looks at the data set alone, before anything is cut. */
  async checkInputs(kind: StepKind, given: Record<string, unknown> = {}): Promise<void> {
    const params = kind.params.parse(given) as never;
    await kind.checkInputs!({ params, inputs: { caps: await this.#open() } });
  }

  #open(): Promise<Artifact> {
    return this.step(capsOpen as unknown as StepKind, { caps_directory: this.caps });
  }
}

const slices = extractSlices as unknown as StepKind;
const patches = extractPatches as unknown as StepKind;
const rois = extractRois as unknown as StepKind;

async function tensorOf(images: Artifact, participant: number) {
  const bytes = await images.read(`sub-${participant}/ses-M000.safetensors`);
  const file = readSafetensors(bytes, "tensors");
  return { ...file.tensor("data"), file };
}

Deno.test("a workflow opens a CAPS, extracts slices on several threads and publishes .pt files", () =>
  inFolder(async (folder) => {
    const caps = `${folder}/caps`;
    for (const participant of [1, 2, 3]) await addParticipant(caps, participant);
    await Deno.writeTextFile(
      `${folder}/w.toml`,
      `version = 1
name = "slices"
[steps.open]
uses = "caps.open"
with.caps_directory = "caps"
[steps.slices]
uses = "extract.slices"
in.caps = "open"
with.slice_direction = 1
with.discarded_slices = [1, 2]
with.extract_json = "coronal"
[publish]
"out" = "slices.images"
`,
    );
    const workflow = await readWorkflow(`${folder}/w.toml`, { kinds: stepModules });
    const store = openStore(`${folder}/cache`);
    const options = { stepModule: running.stepModule, jobs: 2 };
    const first = await run(store, workflow, options);
    assertEquals(first.errors, []);
    const images = openArtifact(store, first.nodes.get("slices")!.outputs!.images);
    assertEquals(images.meta.elements, [1, 2, 3]);
    assertEquals(images.meta.element_shape, [3, 5, 4]);
    assertEquals(readTsv(await images.readText("index.tsv"), "index.tsv").columns, [
      "participant_id",
      "session_id",
      "source_digest",
      "path",
      "stem",
      "cohort",
    ]);
    const { data, shape, file } = await tensorOf(images, 2);
    assertEquals(shape, [3, 1, 5, 4]);
    // Slice y = 2, x = 3, z = 1.
    assertEquals(data[20 + 3 * 4 + 1], 2000 + 3 + 5 * (2 + 6 * 1));
    assertEquals(file.tensor("affine").data, affine);
    assertEquals(file.tensor("grid").data, Int32Array.of(5, 6, 4));

    const tree = `${folder}/out/subjects/sub-2/ses-M000/deeplearning_prepare_data/slice_based`;
    const name = `sub-2_ses-M000_${template}_axis-cor_channel-rgb_slice-2_T1w.pt`;
    const element = readTorch(await Deno.readFile(`${tree}/t1_linear/${name}`), name);
    assert(isTensor(element));
    assertEquals(element.shape, [3, 5, 4]);
    const slice = data.subarray(20, 40) as Float32Array;
    assertEquals(element.data, Float32Array.of(...slice, ...slice, ...slice));
    const json = JSON.parse(
      await Deno.readTextFile(`${folder}/out/tensor_extraction/coronal.json`),
    );
    assertEquals(json, {
      preprocessing: "t1-linear",
      mode: "slice",
      use_uncropped_image: false,
      prepare_dl: true,
      extract_json: "coronal",
      file_type: {
        pattern: `*${template}_T1w.nii.gz`,
        description: "T1w image registered in MNI152NLin2009cSym space and cropped",
        needed_pipeline: "t1-linear",
      },
      slice_direction: 1,
      slice_mode: "rgb",
      discarded_slices: [1, 2],
      spacing: [1, 1, 1],
      orientation: "RAS",
      num_slices: 3,
    });

    const second = await run(openStore(`${folder}/cache`), workflow, options);
    assertEquals(second.counts, { cached: 2, done: 0, failed: 0, skipped: 0 });
  }));

Deno.test("adding one participant extracts one image", () =>
  inFolder(async (folder) => {
    for (const participant of [1, 2, 3]) await addParticipant(folder, participant);
    const bench = new Bench(folder);
    await bench.extract(slices);
    const before = bench.store.computed;
    await bench.extract(slices);
    assertEquals(bench.store.computed, before);
    await addParticipant(folder, 4);
    await bench.extract(slices);
    // Headers once, then one image and its layout.
    assertEquals(bench.store.computed, before + 3);
    await bench.extract(slices, { slice_mode: "single", extract_json: "other" });
    assertEquals(bench.store.computed, before + 3);
  }));

Deno.test("images of other grids are distinguished, and resampled if asked to", () =>
  inFolder(async (folder) => {
    await addParticipant(folder, 1);
    await addParticipant(folder, 2);
    await addParticipant(folder, 3, [6, 6, 4]);
    const bench = new Bench(folder);
    const looks = [() => bench.checkInputs(slices), () => bench.extract(slices)];
    for (const look of looks) {
      const { message } = await assertRejects(look, DataError, "set target_shape");
      assert(message.includes("\n  5 x 1 x 6 x 4: 2 (sub-1 ses-M000, sub-2 ses-M000)"));
      assert(message.includes("\n  6 x 1 x 6 x 4: 1 (sub-3 ses-M000)"));
    }
    // Planes alone count where slices are named; along axis 2 they still differ.
    await bench.checkInputs(slices, { slices: [1, 4] });
    await assertRejects(
      () => bench.checkInputs(slices, { slices: [1], slice_direction: 2 }),
      DataError,
    );
    await assertRejects(() => bench.checkInputs(slices, { slices: [5] }), DataError, "no slice 5");
    await bench.checkInputs(slices, { target_shape: [4, 4, 4] });
    const images = await bench.extract(slices, { target_shape: [4, 4, 4] });
    assertEquals(images.meta.element_shape, [3, 4, 4]);
  }));

Deno.test("every image that can't be extracted is reported", () =>
  inFolder(async (folder) => {
    // Large enough for its end to be beyond what opening looks at.
    for (const participant of [1, 2]) await addParticipant(folder, participant, [30, 30, 20]);
    const folderOf2 = `${folder}/subjects/sub-2/ses-M000/t1_linear`;
    const [{ name }] = [...Deno.readDirSync(folderOf2)];
    const whole = await Deno.readFile(`${folderOf2}/${name}`);
    await Deno.writeFile(`${folderOf2}/${name}`, whole.subarray(0, whole.length - 30));
    await addParticipant(folder, 3, [30, 30, 2]);
    const bench = new Bench(folder);
    const error = await assertRejects(
      () => bench.extract(patches, { patch_size: 3, stride_size: 1 }),
      DataError,
      "2 images can't be used",
    );
    assert(error.message.includes("\n  sub-2 ses-M000: subjects/sub-2/"));
    assert(error.message.includes("broken gzip file (unexpected end of file)"));
    assert(error.message.includes("patches of 3 voxels do not fit the 2 of axis 2"));
  }));

Deno.test("each participant's slices come from a table", () =>
  inFolder(async (folder) => {
    for (const participant of [1, 2]) await addParticipant(folder, participant);
    const table = `${folder}/slices.tsv`;
    await Deno.writeTextFile(
      table,
      "participant_id\tslice_id\nsub-1\t4\nsub-1\t0\nsub-2\t1\nsub-2\t2\n",
    );
    const images = await new Bench(folder).extract(slices, { slices_tsv: table });
    assertEquals(images.meta.elements, [0, 1]);
    // Which slices 0 and 1 of the volume are not.
    assertEquals((images.meta.extraction as Record<string, unknown>).own_slices, true);
    const index = readTsv(await images.readText("index.tsv"), "index.tsv");
    assertEquals(index.rows.map((row) => row[index.columns.indexOf("elements")]), ["4,0", "1,2"]);
    assertEquals((await tensorOf(images, 1)).data[0], 1004);
    assertEquals((await tensorOf(images, 2)).data[0], 2001);
  }));

Deno.test("two ways of choosing slices exclude each other", () => {
  const problems = slices.checkParams!(slices.params.parse({ slices: [1], discarded_slices: 3 }));
  assertEquals(problems[0].message, "slices and discarded_slices exclude each other");
});

/** What a publication writes, by path. */
async function published(kind: StepKind, images: Artifact): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const outputs = kind.outputs as Record<string, { publish?: StepKind["outputs"] }>;
  const publish = outputs.images.publish as unknown as (
    artifact: Artifact,
    target: { write(path: string, bytes: Uint8Array | string): Promise<void> },
  ) => Promise<void>;
  await publish(images, {
    write: (path, bytes) => {
      files.set(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
      return Promise.resolve();
    },
  });
  return files;
}

const cuts: [name: string, kind: StepKind, given: Record<string, unknown>, files: number][] = [
  ["slices", slices, { slice_direction: 2, discarded_slices: 1, slice_mode: "single" }, 2],
  ["named slices", slices, { slice_direction: 2, slices: [1, 2], slice_mode: "single" }, 2],
  ["patches", patches, { patch_size: 2, stride_size: 2 }, 2 * 3 * 2],
  ["regions", rois, { roi_list: ["right", "left"] }, 2],
];

for (const [name, kind, given, count] of cuts) {
  Deno.test(`${name} that were published open again as they were`, () =>
    inFolder(async (folder) => {
      for (const participant of [1, 2]) await addParticipant(folder, participant);
      await addMask(folder, "left", (x, y) => x < 2 && y > 1);
      await addMask(folder, "right", (x, y) => x > 2 && y > 1);
      const bench = new Bench(folder);
      const images = await bench.extract(kind, { ...given, extract_json: "again" });
      const files = await published(kind, images);
      assertEquals(files.size, 2 * count + 1);
      for (const [path, bytes] of files) {
        await Deno.mkdir(`${folder}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
        await Deno.writeFile(`${folder}/${path}`, bytes);
      }
      const opened = await bench.step(capsOpen as unknown as StepKind, {
        caps_directory: folder,
        extract_json: "again",
      });
      assertEquals(opened.type, "images");
      assertEquals(opened.meta.elements, images.meta.elements);
      assertEquals((opened.meta.extraction as Record<string, unknown>).num_slices, undefined);
      assertEquals(opened.meta.element_shape, images.meta.element_shape);
      for (const participant of [1, 2]) {
        const [before, after] = [
          await tensorOf(images, participant),
          await tensorOf(opened, participant),
        ];
        assertEquals(after.shape, before.shape);
        assertEquals(after.data, before.data);
      }
    }));
}

Deno.test("a reduction when images are extracted is refused, with the parameters that replace it", async () => {
  await using project = await Project.create();
  const text = step("caps", "caps.open", { with: { caps_directory: "caps" } }) +
    step("images", "extract.images", { in: { caps: "caps" }, with: { size_reduction_factor: 2 } });
  const { issues: [issue, ...others] } = await assertRejects(
    () => project.run(text),
    WorkflowError,
  );
  assertEquals(others, []);
  assertEquals(
    [issue.message, issue.suggestion],
    [
      'unknown parameter "size_reduction_factor" of extract.images',
      "images are reduced when networks load them: set size_reduction = true and " +
      "size_reduction_factor of the train step",
    ],
  );
});

Deno.test("regions that differ in size are stored with their shapes, and published each with its own", () =>
  inFolder(async (folder) => {
    await addParticipant(folder, 1);
    await addMask(folder, "left", (x, y) => x < 2 && y > 1);
    await addMask(folder, "right", (x, y) => x > 1 && y > 3);
    const images = await new Bench(folder).extract(rois, { roi_list: ["left", "right"] });
    const sizes = [[2, 4, 4], [3, 2, 4]];
    assertEquals(images.meta.element_shape, undefined);
    assertEquals(images.meta.element_shapes, sizes.map((size) => [1, ...size]));
    const path = "sub-1/ses-M000.safetensors";
    const file = readSafetensors(await images.read(path), path);
    assertEquals([...file.tensor("shapes").data as Int32Array], sizes.flat());
    const { shape, data } = file.tensor("data");
    assertEquals(shape, [32 + 24]);
    const tensors = [...await published(rois, images)].filter(([name]) => name.endsWith(".pt"))
      .map(([name, bytes]) => readTorch(new Uint8Array(bytes), name) as Tensor);
    assertEquals(tensors.map(({ shape }) => shape), sizes.map((size) => [1, ...size]));
    assertEquals(tensors.flatMap(({ data }) => [...data]), [...data]);
  }));

Deno.test("whole images that ClinicaDL prepared are cut when they are opened", () =>
  inFolder(async (folder) => {
    await addParticipant(folder, 1);
    const bench = new Bench(folder);
    const expected = await bench.extract(slices, { discarded_slices: [1, 0] });
    const tensors =
      `${folder}/subjects/sub-1/ses-M000/deeplearning_prepare_data/image_based/t1_linear`;
    await Deno.mkdir(tensors, { recursive: true });
    await Deno.mkdir(`${folder}/tensor_extraction`);
    const shape = [5, 6, 4];
    const stored = voxels(1, shape);
    const data = new Float32Array(120);
    for (let x = 0, at = 0; x < 5; x++) {
      for (let y = 0; y < 6; y++) {
        for (let z = 0; z < 4; z++) data[at++] = stored[x + 5 * (y + 6 * z)];
      }
    }
    await Deno.writeFile(
      `${tensors}/sub-1_ses-M000_${template}_T1w.pt`,
      writeTorch({ dtype: "float32", shape: [1, ...shape], data }),
    );
    const json = { ...expected.meta.extraction as object, prepare_dl: false };
    await Deno.writeTextFile(`${folder}/tensor_extraction/e.json`, JSON.stringify(json));
    const opened = await bench.step(capsOpen as unknown as StepKind, {
      caps_directory: folder,
      extract_json: "e",
    });
    assertEquals(opened.meta.elements, [1, 2, 3, 4]);
    assertEquals((await tensorOf(opened, 1)).data, (await tensorOf(expected, 1)).data);
  }));

Deno.test("sessions without tensors are reported when they were asked for", () =>
  inFolder(async (folder) => {
    await addParticipant(folder, 1);
    const bench = new Bench(folder);
    const images = await bench.extract(slices, { extract_json: "e" });
    await Deno.mkdir(`${folder}/tensor_extraction`);
    await Deno.writeTextFile(
      `${folder}/tensor_extraction/e.json`,
      JSON.stringify(images.meta.extraction),
    );
    await Deno.writeTextFile(`${folder}/l.tsv`, "participant_id\tsession_id\nsub-1\tses-M000\n");
    await assertRejects(
      () =>
        bench.step(capsOpen as unknown as StepKind, {
          caps_directory: folder,
          extract_json: "e",
          participants_tsv: `${folder}/l.tsv`,
        }),
      DataError,
      "sub-1 ses-M000: no tensors in deeplearning_prepare_data/slice_based/t1_linear",
    );
  }));

Deno.test("parameters that a pipeline needs, or has no use for, are named", () => {
  const check = (given: Record<string, unknown>) =>
    capsOpen.checkParams!(capsOpen.params.parse({ caps_directory: "/caps", ...given }))
      .map(({ message }) => message);
  assertEquals(check({}), []);
  assertEquals(check({ preprocessing: "pet-linear" }), [
    "pet-linear needs tracer",
    "pet-linear needs suvr_reference_region",
  ]);
  assertEquals(check({ custom_suffix: "x" }), ["t1-linear takes no custom_suffix"]);
});
