/** Trainings on patches, regions and whole images, and what is made of their models. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { StepError } from "../../../src/errors.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import { readTsv } from "../../../src/formats/tsv.ts";
import { seedOf } from "../../../src/steps/train/initial_weights.ts";
import { createProject, step, tinyTraining, type Value } from "../recipes.ts";
import type { Outcome, Project } from "../workflows.ts";

const GROUPS = { train_labels: [0, 4], validation_labels: [4, 2], fresh: [6, 2] } as const;

const OPENED = step("caps", "caps.open", { with: { caps_directory: "caps" } }) +
  Object.keys(GROUPS).map((name) =>
    step(name, "tables.open", { with: { path: `${name}.tsv`, content: "labels" } })
  ).join("");

const extract = (uses: string, params: Readonly<Record<string, Value>> = {}, name = uses) =>
  step(name, `extract.${uses}`, { in: { caps: "caps" }, with: params });

/** A training on an extraction, its predictions of fresh participants, and their scores. */
function chain(images: string, params: Readonly<Record<string, Value>> = {}, name = images) {
  return tinyTraining({ architecture: "Stride_Conv5_FC3", ...params }, {
    name: `train_${name}`,
    in: { images, train: "train_labels", validation: "validation_labels" },
  }) +
    step(`predict_${name}`, "predict", {
      in: { model: `train_${name}`, images, participants: "fresh" },
    }) +
    step(`evaluate_${name}`, "evaluate", {
      in: { predictions: `predict_${name}` },
      with: { n_resamples: 10 },
    });
}

/** Rows of a table of an output, each as the cells of some columns. */
async function cells(
  project: Project,
  outcome: Outcome,
  [instance, output, path]: readonly [string, string, string],
  columns: readonly string[],
): Promise<string[]> {
  const table = readTsv(await project.artifact(outcome, instance, output).readText(path), path);
  const at = columns.map((column) => table.columns.indexOf(column));
  return table.rows.map((row) => at.map((index) => row[index]).join(" "));
}

const levels = (project: Project, outcome: Outcome, name: string) =>
  cells(project, outcome, [`evaluate_${name}`, "table", "table.tsv"], ["level", "fold"]);

Deno.test("patches are trained on, predicted and voted on; whole images are their own image level", async () => {
  await using project = await createProject(GROUPS, [16, 16, 12]);
  const outcome = await project.run(
    OPENED + extract("patches", { patch_size: 8, stride_size: 8 }) + chain("patches") +
      extract("images") + chain("images", { size_reduction: true }),
  );
  const patches = project.artifact(outcome, "train_patches", "model").meta;
  assertEquals([patches.mode, patches.input_shape], ["patch", [1, 8, 8, 8]]);
  assertEquals(patches.elements, [0, 1, 2, 3]);
  const rows = (name: string, level: string, column: string) =>
    cells(
      project,
      outcome,
      [`predict_${name}`, "predictions", `loss/${level}_level_prediction.tsv`],
      ["participant_id", column],
    );
  const each = (ids: readonly number[]) =>
    ["sub-06", "sub-07"].flatMap((name) => ids.map((id) => `${name} ${id}`));
  assertEquals(await rows("patches", "patch", "patch_id"), each([0, 1, 2, 3]));
  assertEquals(await rows("patches", "image", "patch_id"), each([0]));
  assertEquals((await levels(project, outcome, "patches")).map((row) => row.split(" ")[0]), [
    ...Array(4).fill("patch"),
    ...Array(4).fill("image"),
  ]);

  const images = project.artifact(outcome, "train_images", "model");
  assertEquals([images.meta.mode, images.meta.input_shape], ["image", [1, 8, 8, 6]]);
  const { size_reduction, size_reduction_factor, dropout } = images.meta
    .parameters as Record<string, unknown>;
  assertEquals([size_reduction, size_reduction_factor, dropout], [true, 2, 0]);
  assertEquals(
    images.files.map(({ path }) => path).filter((path) => path.includes("level")),
    [
      "best-loss/train_image_level_prediction.tsv",
      "best-loss/validation_image_level_prediction.tsv",
    ],
  );
  const predicted = project.artifact(outcome, "predict_images", "predictions");
  assertEquals(predicted.files.map(({ path }) => path), [
    "loss/image_level_prediction.tsv",
    "participants.tsv",
  ]);
  assertEquals(await rows("images", "image", "image_id"), each([0]));
  assertEquals((await levels(project, outcome, "images")).length, 4);
});

const GRID = [12, 12, 12];

/** Writes masks of boxes that begin at voxel (2, 2, 2). */
async function writeMasks(project: Project, boxes: Readonly<Record<string, readonly number[]>>) {
  await Deno.mkdir(`${project.folder}/masks`);
  const affine = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  for (const [roi, box] of Object.entries(boxes)) {
    const voxels = Uint8Array.from({ length: 12 ** 3 }, (_, i) => {
      const place = [i % 12, Math.floor(i / 12) % 12, Math.floor(i / 144)];
      return Number(place.every((at, axis) => at >= 2 && at < 2 + box[axis]));
    });
    await Deno.writeFile(
      `${project.folder}/masks/tpl-MNI152NLin2009cSym_desc-Crop_res-1x1x1_roi-${roi}_mask.nii.gz`,
      writeNifti({ shape: GRID, voxels, affine }),
    );
  }
}

const regions = (rois: readonly string[], name: string) =>
  extract("rois", { roi_list: rois, masks_directory: "masks" }, name);

Deno.test("regions that differ in size get a network each, which is that of the region alone", async () => {
  await using project = await createProject(GROUPS, GRID);
  await writeMasks(project, { left: [6, 4, 6], right: [4, 6, 7] });
  const seed = 5;
  const text = (epochs: number) => {
    const params = { epochs, training_curve: "validation" };
    return OPENED + regions(["left", "right"], "both") +
      chain("both", { ...params, multi_network: true, seed }) +
      regions(["right"], "right") + chain("right", { ...params, seed: seedOf(seed, 1) });
  };
  await project.run(text(1), [], ["train_both"]);
  const outcome = await project.run(text(2));
  assert(outcome.logs.includes("continuing from a checkpoint at epoch 1"));
  const both = project.artifact(outcome, "train_both", "model");
  assertEquals(both.meta.input_shape, [1, 6, 4, 6]);
  assertEquals(both.meta.input_shapes, [[1, 6, 4, 6], [1, 4, 6, 7]]);
  const alone = project.artifact(outcome, "train_right", "model");
  const digest = (files: typeof both.files, path: string) =>
    files.find((file) => file.path === path)!.digest;
  assertEquals(
    digest(both.files, "best-loss/network-1.safetensors"),
    digest(alone.files, "best-loss/model.safetensors"),
  );
  const probabilities = (name: string) =>
    cells(
      project,
      outcome,
      [`predict_${name}`, "predictions", "loss/roi_level_prediction.tsv"],
      ["participant_id", "roi_id", "proba0"],
    );
  const ofRight = (await probabilities("both")).filter((row) => row.split(" ")[1] === "1");
  assertEquals(ofRight.map((row) => row.replace(" 1 ", " 0 ")), await probabilities("right"));
  assertEquals((await levels(project, outcome, "both")).length, 8);
});

Deno.test("one network for regions that differ in size is refused, naming them and their sizes", async () => {
  await using project = await createProject(GROUPS, GRID);
  await writeMasks(project, { left: [8, 6, 8], right: [6, 8, 9] });
  await assertRejects(
    () => project.run(OPENED + regions(["left", "right"], "both") + chain("both")),
    StepError,
    "multi_network: is false, but one network takes elements of one size, and the regions differ: " +
      "left (8 x 6 x 8), right (6 x 8 x 9); set it to true, or extract with roi_uncrop_output = true",
  );
});
