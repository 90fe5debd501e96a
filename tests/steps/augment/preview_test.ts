/** Augmentations through workflow files: the contact sheet, and a training that uses them. */
import { assert, assertEquals } from "@std/assert";
import { Canvas } from "../../../src/imaging/drawing/canvas.ts";
import { Project } from "../workflows.ts";

const data = `
[steps.caps]
uses = "generate.phantom"
with = { n_subjects = 6, image_size = 32 }

[steps.slices]
uses = "extract.slices"
in.caps = "caps"
with = { slice_direction = 2, slices = [14, 17], crop_or_pad = [24, 32, 32] }
`;

const list = `[{ flip = {} }, { affine = { degrees = 5 } }, { noise = { p = 0 } }]`;

Deno.test("a preview has a row for the image, each transform and all, by its seed", async () => {
  await using project = await Project.create();
  const workflow = `${data}
[steps.preview]
uses = "augment.preview"
in.images = "slices"
with = { n_draws = 2, augmentations = ${list} }
`;
  const read = async (set: string[] = []) => {
    const outcome = await project.run(workflow, set);
    return await project.artifact(outcome, "preview", "preview").read("augmentations.png");
  };
  const png = await read();
  const { height, pixels, width } = Canvas.decode(png);
  const rows = 5;
  assertEquals((height - 4) % rows, 0);
  const lit = (row: number) => {
    const tall = (height - 4) / rows;
    return pixels.subarray(row * tall * width, (row + 1) * tall * width).filter((v) => v > 0)
      .length;
  };
  for (let row = 0; row < rows; row++) assert(lit(row) > 500, `row ${row} is black`);
  assert((await read(["preview.seed=1"])).join() !== png.join());
});

Deno.test("a training with augmentations, weights and smoothed targets stops by its metric", async () => {
  await using project = await Project.create();
  const workflow = `${data}
[steps.labels]
uses = "labels.get"
in.caps = "caps"

[steps.folds]
uses = "split.kfold"
in.labels = "labels"
with = { n_splits = 2 }

[steps.train]
uses = "train.classification"
in.images = "slices"
in.folds = "folds[0]"
with.architecture = "Conv4_FC3"
with.epochs = 9
with.batch_size = 4
with.learning_rate = 1e-6
with.patience = 2
with.stopping_metric = "BA"
with.class_weights = { AD = 2, CN = 1 }
with.label_smoothing = 0.1
with.intensity_normalization = "percentile"
with.augmentations = ${list}
`;
  const { logs } = await project.run(workflow);
  assert(logs.some((line) => line.includes("stops early after epoch 3")), logs.join("\n"));
});
