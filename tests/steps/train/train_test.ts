import { assert, assertEquals, assertRejects } from "@std/assert";
import { regressionMetrics } from "../../../src/evaluation/regression_metrics.ts";
import { StepError } from "../../../src/errors.ts";
import { readTsv } from "../../../src/formats/tsv.ts";
import type { Artifact } from "../../../src/workflow/step.ts";
import { generatedFolds, prediction, step, tinyTraining, type Value } from "../recipes.ts";
import { inThreads, type Outcome, Project } from "../workflows.ts";
import { experiment } from "./experiment.ts";

const predict = (participants?: string, params: Record<string, Value> = {}) =>
  prediction(participants, params, { matrix: "train" });

const EVALUATE = step("evaluate", "evaluate", {
  in: { predictions: "predict[*]" },
  with: { n_resamples: 50 },
});

const EXPERIMENT = experiment() + predict("split.test") + EVALUATE;

/** Names of the instances that were executed. */
function ran({ result }: Outcome): string[] {
  return [...result.nodes].filter(([, node]) => node.outcome === "done").map(([name]) => name)
    .sort();
}

/** How many parts of steps the cache holds. */
async function memos(project: Project): Promise<number> {
  let count = 0;
  for await (const { path } of walk(`${project.folder}/.gyrus/records`)) {
    if (JSON.parse(await Deno.readTextFile(path)).record.type === "memo") count++;
  }
  return count;
}

async function* walk(folder: string): AsyncGenerator<{ path: string }> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* walk(path);
    else yield { path };
  }
}

const TRAINED = [
  "evaluate",
  "predict[fold=0]",
  "predict[fold=1]",
  "train[fold=0]",
  "train[fold=1]",
];

/** Digest of an output in a run. */
function digest({ result }: Outcome, instance: string, output: string): string {
  return result.nodes.get(instance)!.outputs![output].digest;
}

Deno.test("an experiment runs, is cached, and recomputes what a change needs and no more", async (t) => {
  await using project = await Project.create();
  const first = await project.run(EXPERIMENT, [], [], undefined, inThreads);
  assertEquals(ran(first), ["caps", "folds", "labels", "slices", "split", ...TRAINED].sort());

  await t.step("nothing changed: nothing runs", async () => {
    assertEquals(ran(await project.run(EXPERIMENT)), []);
  });
  await t.step("more epochs: trainings continue from their last epoch", async () => {
    const more = await project.run(EXPERIMENT, ["params.epochs=2"]);
    assertEquals(ran(more), TRAINED);
    assertEquals(
      more.logs.filter((line) => line === "continuing from a checkpoint at epoch 1").length,
      2,
    );
    await using other = await Project.create();
    const uninterrupted = await other.run(EXPERIMENT, ["params.epochs=2"]);
    for (const fold of [0, 1]) {
      assertEquals(
        digest(more, `train[fold=${fold}]`, "model"),
        digest(uninterrupted, `train[fold=${fold}]`, "model"),
      );
    }
  });
  await t.step("another learning rate: training, prediction, evaluation", async () => {
    assertEquals(ran(await project.run(EXPERIMENT, ["params.learning_rate=2e-3"])), TRAINED);
  });
  await t.step({
    name: "another architecture: the same",
    // The long form alone, as long as its kernels take to compile.
    ignore: Deno.env.get("GYRUS_TEST_FULL") === undefined,
    async fn() {
      const changed = await project.run(EXPERIMENT, ['params.architecture="Stride_Conv5_FC3"']);
      assertEquals(ran(changed), TRAINED);
    },
  });
  await t.step("another number of folds: folds and what follows, no extraction", async () => {
    assertEquals(ran(await project.run(EXPERIMENT, ["params.n_splits=3"])), [
      "evaluate",
      "folds",
      "predict[fold=0]",
      "predict[fold=1]",
      "predict[fold=2]",
      "train[fold=0]",
      "train[fold=1]",
      "train[fold=2]",
    ]);
  });
  await t.step(
    "another participant a class: two heads are generated, two volumes cut",
    async () => {
      const before = await memos(project);
      const grown = await project.run(EXPERIMENT, ["params.n_subjects=9"]);
      assertEquals(ran(grown), ["caps", "folds", "labels", "slices", "split", ...TRAINED].sort());
      // Of each: the head, its slices, and the slices' layout. Then the digests of the tensors that all
      // folds train on, and of those that are predicted.
      assertEquals(await memos(project) - before, 2 * 3 + 2);
    },
  );
});

Deno.test("an interrupted training continues within its epoch, to the same bytes", async () => {
  await using project = await Project.create();
  const set = ["params.epochs=3"];
  await project.interrupt(
    EXPERIMENT,
    set,
    (event) =>
      event.type === "instance-progress" && event.instance === "train[fold=0]" &&
      (event.fraction ?? 0) > 0.4,
  );
  const resumed = await project.run(EXPERIMENT, set);
  assert(resumed.logs.some((line) => line.startsWith("continuing from a checkpoint at epoch 1")));
  await using other = await Project.create();
  const uninterrupted = await other.run(EXPERIMENT, set);
  for (const name of ["train[fold=0]", "train[fold=1]"]) {
    assertEquals(digest(resumed, name, "model"), digest(uninterrupted, name, "model"));
  }
});

Deno.test("evaluations within an epoch are in the curve, choose no network, and outlast an interruption", async () => {
  const training = experiment();
  const text = experiment({ evaluation_steps: 1 });
  const set = ["params.epochs=3"];
  await using project = await Project.create();
  await project.interrupt(
    text,
    set,
    (event) =>
      event.type === "instance-progress" && event.instance === "train[fold=0]" &&
      (event.message ?? "").startsWith("epoch 2/3, batch 2: "),
  );
  const resumed = await project.run(text, set);
  assert(resumed.logs.includes("continuing from a checkpoint at epoch 1, batch 2"));
  await using other = await Project.create();
  const uninterrupted = await other.run(text, set);
  const without = await other.run(training, set);
  const weights = (of: Artifact) =>
    of.files.find(({ path }) => path === "best-loss/model.safetensors")!.digest;
  for (const name of ["train[fold=0]", "train[fold=1]"]) {
    assertEquals(digest(resumed, name, "model"), digest(uninterrupted, name, "model"));
    const [inside, atEnd] = [uninterrupted, without].map((run) =>
      other.artifact(run, name, "model")
    );
    assertEquals(weights(inside), weights(atEnd));
    const [all, ends] = await Promise.all(
      [inside, atEnd].map(async (model) => readTsv(await model.readText("training.tsv"), "curve")),
    );
    assertEquals(
      all.rows.map(([epoch, iteration]) => `${epoch} ${iteration}`),
      ["0 0", "0 1", "0 2", "1 0", "1 1", "1 2", "2 0", "2 1", "2 2"],
    );
    assertEquals(all.rows.filter(([, iteration]) => iteration === "2"), ends.rows);
  }
});

Deno.test("several networks are trained side by side, stop early one by one, and vote", async () => {
  await using project = await Project.create();
  const text = experiment({
    multi_network: true,
    patience: 1,
    selection_metrics: ["loss", "BA"],
    save_all_models: true,
  }) + predict("split.test") + EVALUATE;
  const outcome = await project.run(text, ["params.epochs=4"], ["evaluate"]);
  const model = project.artifact(outcome, "train[fold=0]", "model");
  const paths = model.files.map(({ path }) => path);
  for (const network of [0, 1]) {
    assert(paths.includes(`best-loss/network-${network}.safetensors`));
    assert(paths.includes(`best-BA/network-${network}.safetensors`));
    const curve = readTsv(await model.readText(`network-${network}/training.tsv`), "training.tsv");
    assert(curve.rows.length >= 1 && curve.rows.length <= 4);
    const kept = paths.filter((path) => path.endsWith(`_network-${network}.safetensors`));
    assertEquals(kept.length, curve.rows.length);
  }
  const predictions = project.artifact(outcome, "predict[fold=0]", "predictions");
  assertEquals(predictions.meta.leakage, "none");
  const slices = readTsv(await predictions.readText("loss/slice_level_prediction.tsv"), "slices");
  assertEquals(slices.rows.map((row) => row[2]), ["14", "18", "14", "18", "14", "18", "14", "18"]);
  const images = readTsv(await predictions.readText("loss/image_level_prediction.tsv"), "images");
  assertEquals(images.rows.length, 4);
});

Deno.test("a regression learns a number, with schedule, augmentation and accumulation", async () => {
  await using project = await Project.create();
  const text = experiment({
    learning_rate_schedule: "cosine",
    schedule_epochs: 4,
    warmup_epochs: 1,
    accumulation_steps: 2,
    normalization_level: "image",
    gradient_clip_norm: 1,
    data_augmentation: ["Noise", "Erasing", "CropPad", "Smoothing"],
    log_iterations: true,
  }, { task: "regression" });
  const outcome = await project.run(text);
  const model = project.artifact(outcome, "train[fold=1]", "model");
  assertEquals(model.meta.output_size, 1);
  const iterations = readTsv(await model.readText("iterations.tsv"), "iterations.tsv");
  assertEquals(iterations.columns, ["epoch", "iteration", "loss"]);
  const training = readTsv(await model.readText("training.tsv"), "training.tsv");
  assertEquals(training.columns, [
    "epoch",
    "iteration",
    ...["MAE_train", "RMSE_train", "R2_score_train", "loss_train"],
    ...["MAE_valid", "RMSE_valid", "R2_score_valid", "loss_valid"],
  ]);
  // The tables are the predictions of the best weights in their epoch.
  const valid = readTsv(
    await model.readText("best-loss/validation_slice_level_prediction.tsv"),
    "validation",
  );
  const column = (name: string) =>
    Float64Array.from(valid.rows, (row) => Number(row[valid.columns.indexOf(name)]));
  const { MAE } = regressionMetrics(column("true_label"), column("predicted_label"));
  const lowest = training.rows.reduce((a, b) => Number(b.at(-1)) < Number(a.at(-1)) ? b : a);
  assertEquals(lowest[training.columns.indexOf("MAE_valid")], `${MAE}`);
});

Deno.test('training_curve = "validation" leaves out the training set\'s metrics and changes no weights', async () => {
  await using project = await Project.create();
  const text = generatedFolds({ slice_direction: 2, slice_mode: "single", slices: [14] }) +
    tinyTraining({ architecture: "Conv5_FC3", training_curve: "${matrix.curve}" }, {
      in: { folds: "folds[0]" },
      matrix: { curve: ["both", "validation"] },
    });
  const outcome = await project.run(text);
  const models = ["both", "validation"].map((curve) =>
    project.artifact(outcome, `train[curve=${curve}]`, "model")
  );
  const [both, validation] = models;
  const isOfTraining = (path: string) => /^best-[^/]+\/train_/.test(path);
  const contents = ({ files }: Artifact) =>
    files.filter(({ path }) => path !== "training.tsv" && !isOfTraining(path))
      .map(({ path, digest }) => [path, digest]);
  assert(both.files.some(({ path }) => isOfTraining(path)));
  assert(!validation.files.some(({ path }) => isOfTraining(path)));
  assertEquals(contents(validation), contents(both));
  assertEquals(validation.meta, both.meta);

  const [all, withoutTraining] = await Promise.all(
    models.map(async (model) => readTsv(await model.readText("training.tsv"), "training.tsv")),
  );
  assertEquals(withoutTraining.columns, all.columns);
  assertEquals(
    withoutTraining.rows,
    all.rows.map((row) => row.map((cell, i) => all.columns[i].endsWith("_train") ? null : cell)),
  );
});

Deno.test("predicting on training data is refused unless requested by name, and then labelled", async () => {
  await using project = await Project.create();
  const onTraining = experiment() + predict("split.train") + EVALUATE;
  const started = new Set<string>();
  await assertRejects(
    () =>
      project.run(onTraining, [], [], (event) => {
        if (event.type === "instance-started") started.add(event.step);
      }),
    StepError,
    "data leakage: training and the predicted participants share sub-",
  );
  assertEquals([...started], ["caps", "labels", "split", "folds"]);
  const requested = experiment() +
    predict("split.train", { on_training_data: true, data_group: "again" }) + EVALUATE;
  const outcome = await project.run(requested);
  const predictions = project.artifact(outcome, "predict[fold=0]", "predictions");
  assertEquals(predictions.meta.leakage, "predicting on training data");

  const byName = experiment() + predict(undefined, { data_group: "validation" }) + EVALUATE;
  const named = await project.run(byName);
  const validation = project.artifact(named, "predict[fold=0]", "predictions");
  assertEquals(validation.meta.leakage, "predicting on training data");
  const model = project.artifact(named, "train[fold=0]", "model");
  const rows = (text: string) => readTsv(text, "predictions").rows.map((row) => row[4]);
  assertEquals(
    rows(await validation.readText("loss/slice_level_prediction.tsv")),
    rows(await model.readText("best-loss/validation_slice_level_prediction.tsv")),
  );
});
