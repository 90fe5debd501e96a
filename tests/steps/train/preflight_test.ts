/** What is wrong with images that do not exist yet, as a plan reports it. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { findDeclaredProblems } from "../../../src/engine/run/preflight.ts";
import { plan } from "../../../src/engine/plan/plan.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { reading } from "../../../src/steps/engine_options.ts";
import { readWorkflow } from "../../../src/workflow/read.ts";
import { writeImage } from "../caps/hashed_caps.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import {
  createProject,
  generatedFolds,
  openedGroups,
  prediction,
  step,
  tinyTraining,
  type Value,
} from "../recipes.ts";
import { Project } from "../workflows.ts";

type Fields = Readonly<Record<string, Value>>;

/** Problems that a plan reports; nothing is run but source steps, and no device is asked for. */
async function problemsOf(project: Project, toml: string): Promise<string[]> {
  const file = `${project.folder}/workflow.toml`;
  await project.write("workflow.toml", `version = 1\n${toml}`);
  const store = openStore(`${project.folder}/.gyrus`);
  const workflow = await readWorkflow(file, reading);
  const planned = await plan(store, workflow, { numericClass: () => "none" });
  const problems = await findDeclaredProblems(store, planned);
  return problems.map(({ instance, message }) => `${instance}: ${message}`);
}

/** Twelve participants of a CAPS, the first eight to train on. */
const GROUPS = { train_labels: [0, 8], validation_labels: [8, 4] } as const;
const IN = { train: "train_labels", validation: "validation_labels" };

Deno.test("a first plan reports one network an element where each image has one element", async () => {
  await using project = await Project.create();
  const text = generatedFolds({ slices: [14] }) +
    tinyTraining({ multi_network: true }, { in: { folds: "folds[0]" } });
  assertEquals(await problemsOf(project, text), [
    "train: multi_network: trains one network an element, and each image has one element only; set " +
    "it to false",
  ]);
});

Deno.test("a plan reports a batch of one item before images are cut, with batch sizes that work", async () => {
  await using project = await createProject(GROUPS, [24, 24, 4]);
  const tables = Object.keys(GROUPS);
  const text = (batch_size: number, slices: number[]) =>
    openedGroups(tables, { slices }) +
    tinyTraining({ architecture: "resnet18", batch_size }, { in: IN });
  const problem = (left: string, sizes: string) => [
    `train: batch_size: ${left} training items in the last batch, and layer4.0.bn1 has maps of one ` +
    `pixel, so that batch normalisation needs two items a batch; use ${sizes}`,
  ];
  await project.run(text(7, [1]), [], tables);
  assertEquals(await problemsOf(project, text(7, [1])), problem("7 leaves one of 8", "6, 8, 5"));
  // Slices count: 24 items of three, 23 in full batches.
  assertEquals(
    await problemsOf(project, text(23, [0, 1, 2])),
    problem("23 leaves one of 24", "22, 24, 21"),
  );
  assertEquals(await problemsOf(project, text(8, [1])), []);
  // A session without an image is left out of the training.
  await Deno.remove(`${project.folder}/caps/subjects/sub-00`, { recursive: true });
  assertEquals(await problemsOf(project, text(7, [1])), []);
  assertEquals(await problemsOf(project, text(6, [1])), problem("6 leaves one of 7", "5, 7, 4"));
});

Deno.test("a plan reports images that are too small, from the shape of the first one", async () => {
  await using project = await createProject(GROUPS, [24, 24, 4]);
  const text = step("caps", "caps.open", { with: { caps_directory: "caps" } }) +
    step("slices", "extract.patches", { in: { caps: "caps" }, with: { patch_size: 8 } });
  assertEquals(await problemsOf(project, text), [
    "slices: the first image: patches of 8 voxels do not fit the 4 of axis 2",
  ]);
  for (let index = 0; index < 12; index++) {
    await writeImage(`${project.folder}/caps`, index, [24, 24, 8], 9000 + index);
  }
  assertEquals(await problemsOf(project, text), []);
});

/** A training on heads of 32 voxels along each axis, which are not generated yet. */
const onHeads = (uses: string, cut: Fields, params: Fields) =>
  step("caps", "caps.generate", { with: { kind: "phantom", n_subjects: 4, image_size: 32 } }) +
  step("images", uses, { in: { caps: "caps" }, with: cut }) +
  step("labels", "labels.get", { in: { caps: "caps" } }) +
  step("folds", "split.kfold", { in: { labels: "labels" }, with: { n_splits: 2 } }) +
  tinyTraining(params, { in: { images: "images", folds: "folds[0]" } });

Deno.test("a first plan reports networks that can't take the images", async () => {
  await using project = await Project.create();
  const refused: [problem: string, uses: string, cut: Fields, params: Fields][] = [
    [
      "architecture: ResNet3D takes volumes, and these are slices; take patches, regions or whole " +
      "images by extract.patches, extract.rois or extract.images",
      "extract.slices",
      { slices: [14, 18] },
      { architecture: "ResNet3D" },
    ],
    [
      'architecture: resnet18 of volumes has no head "clinicadl"; take "linear"',
      "extract.patches",
      { patch_size: 16 },
      { architecture: "resnet18", head: "clinicadl" },
    ],
    [
      "architecture: resnet18 of images has no shortcut type or stride to choose",
      "extract.slices",
      { slices: [14, 18] },
      { architecture: "resnet18", shortcut_type: "A" },
    ],
    [
      "architecture: ResNet3D can't take elements of 16 x 16 x 16: convolutions.3.1: an input of 1x1x1 is " +
      "too small",
      "extract.patches",
      { patch_size: 16, stride_size: 16 },
      { architecture: "ResNet3D" },
    ],
    [
      'size_reduction: reduces whole images, as extract.images takes them, and these are of mode "patch"; ' +
      "set it to false",
      "extract.patches",
      { patch_size: 16 },
      { size_reduction: true },
    ],
    [
      "architecture: ResNet3D can't take elements of 16 x 16 x 16: convolutions.3.1: an input of 1x1x1 is " +
      "too small",
      "extract.images",
      {},
      { architecture: "ResNet3D", size_reduction: true },
    ],
    [
      "multi_network: trains one network an element, and each image has one element only; set it to false",
      "extract.rois",
      { roi_list: ["left"], masks_directory: "." },
      { multi_network: true },
    ],
    [
      "multi_network: trains one network an element, and each image has one element only; set it to false",
      "extract.images",
      {},
      { multi_network: true },
    ],
  ];
  for (const [problem, uses, cut, params] of refused) {
    assertEquals(await problemsOf(project, onHeads(uses, cut, params)), [`train: ${problem}`]);
  }
  const taken: [uses: string, cut: Fields, params: Fields][] = [
    ["extract.images", {}, { size_reduction: true, size_reduction_factor: 3 }],
    ["extract.patches", { patch_size: 16, stride_size: 16 }, { multi_network: true }],
    ["extract.patches", { patch_size: 16 }, { architecture: "resnet18", shortcut_type: "A" }],
  ];
  for (const [uses, cut, params] of taken) {
    assertEquals(await problemsOf(project, onHeads(uses, cut, params)), []);
  }
});

Deno.test("a plan reports a batch that leaves a volume's normalisation one value a channel", async () => {
  await using project = await createProject(GROUPS, [16, 16, 16]);
  const text = (batch_size: number) =>
    openedGroups(Object.keys(GROUPS)).replace("extract.slices", "extract.images")
      .replace(/slice_\w+ = .*\n/g, "") + tinyTraining({ batch_size }, { in: IN });
  await project.run(text(7), [], Object.keys(GROUPS));
  assertEquals(await problemsOf(project, text(7)), [
    "train: batch_size: 7 leaves one of 8 training items in the last batch, and convolutions.17 has maps " +
    "of one voxel, so that batch normalisation needs two items a batch; use 6, 8, 5",
  ]);
  assertEquals(await problemsOf(project, text(8)), []);
});

Deno.test("a plan reports regions that differ in size within one network, by their masks", async () => {
  await using project = await createProject(GROUPS, [6, 6, 6]);
  const affine = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  await Deno.mkdir(`${project.folder}/masks`);
  for (const [roi, extent] of [["left", 4], ["right", 5]] as const) {
    const voxels = Uint8Array.from({ length: 216 }, (_, i) => Number(i % 6 < extent));
    const mask = writeNifti({ shape: [6, 6, 6], voxels, affine });
    const name = `tpl-MNI152NLin2009cSym_desc-Crop_res-1x1x1_roi-${roi}_mask.nii.gz`;
    await Deno.writeFile(`${project.folder}/masks/${name}`, mask);
  }
  const text = (params: Fields, uncropped = false) =>
    step("caps", "caps.open", { with: { caps_directory: "caps" } }) +
    step("slices", "extract.rois", {
      in: { caps: "caps" },
      with: {
        roi_list: ["left", "right"],
        masks_directory: "masks",
        roi_uncrop_output: uncropped,
      },
    }) + tinyTraining(params, { in: IN }) +
    Object.keys(GROUPS).map((name) =>
      step(name, "tables.open", { with: { path: `${name}.tsv`, content: "labels" } })
    ).join("");
  assertEquals(await problemsOf(project, text({})), [
    "train: multi_network: is false, but one network takes elements of one size, and the regions differ: " +
    "left (4 x 6 x 6), right (5 x 6 x 6); set it to true, or extract with roi_uncrop_output = true",
  ]);
  assertEquals(await problemsOf(project, text({ multi_network: true })), []);
  assertEquals(await problemsOf(project, text({}, true)), []);
});

Deno.test("a plan reports a model of slices that would be transferred to, or applied to, volumes", async () => {
  await using project = await createProject(GROUPS, [24, 24, 24]);
  const tables = Object.keys(GROUPS);
  const text = openedGroups(tables, { slices: [1, 2] }) + tinyTraining({}, { in: IN }) +
    step("volumes", "extract.patches", { in: { caps: "caps" }, with: { patch_size: 16 } }) +
    tinyTraining({}, { name: "second", in: { ...IN, images: "volumes", transfer: "train" } }) +
    prediction(undefined, { data_group: "validation" }, { in: { images: "volumes" } });
  await project.run(text, [], tables);
  const [predict, second, ...others] = (await problemsOf(project, text)).sort();
  assertStringIncludes(
    second,
    "second: the model to transfer from: the weights don't fit Conv5_FC3 (of another shape: " +
      "convolutions.0.weight is [8, 1, 3, 3], not [8, 1, 3, 3, 3]",
  );
  assertEquals(
    predict,
    'predict: images: are elements of mode "patch", the model was trained on "slice"; extract them with ' +
      "the same parameters",
  );
  assertEquals(others, []);
});
