import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import type { Evaluation } from "../../../src/evaluation/evaluate.ts";
import { columnIndices, readTsv } from "../../../src/formats/tsv.ts";
import evaluate from "../../../src/steps/evaluate/evaluate.ts";
import { readPredictions, writePredictions } from "../../../src/artifacts/predictions.ts";
import type { Artifact, Json } from "../../../src/workflow/step.ts";
import { assertClose, metrics, predictionsOf } from "../../evaluation/fixtures.ts";
import { MemoryStore } from "../memory.ts";

const fixture = metrics.classification[0];
const meta = {
  task: "classification",
  data_group: "test",
  mode: "slice",
  output_size: 2,
  label_code: { AD: 0, CN: 1 },
  selection_metrics: ["loss"],
};

/** Predictions of one fold: the fixture at both levels. */
function fold(
  store: MemoryStore,
  split: number,
  axes: Artifact["axes"],
  change: { meta?: Record<string, Json>; trueLabels?: Float64Array } = {},
): Promise<Artifact> {
  const predictions = predictionsOf(fixture);
  predictions.trueLabels = change.trueLabels ?? predictions.trueLabels;
  const table = writePredictions(predictions, "slice");
  return store.artifact("predictions", {
    meta: { ...meta, split, ...change.meta },
    files: {
      "loss/slice_level_prediction.tsv": table,
      "loss/image_level_prediction.tsv": table,
    },
  }, axes);
}

const params = { group_by: [] as string[], n_resamples: 20, confidence_level: 0.95, seed: 0 };

async function run(store: MemoryStore, predictions: Artifact[], groupBy: string[] = []) {
  const outputs = await evaluate.run(
    store.context({ ...params, group_by: groupBy }, { predictions }),
  );
  const table = outputs.table.files!["table.tsv"] as string;
  const intervals = outputs.intervals.files!["table.tsv"] as string;
  const evaluation = outputs.evaluation.files!["evaluation.json"] as string;
  return { table, intervals, evaluation: JSON.parse(evaluation) as Evaluation };
}

Deno.test("evaluate gives a row a fold, then pooled, mean and sd, for each level", async () => {
  const store = new MemoryStore();
  const predictions = [await fold(store, 0, {}), await fold(store, 1, {})];
  const { table } = await run(store, predictions);
  const { columns, rows } = readTsv(table, "table");
  const column = columnIndices({ columns }, ["level", "fold", "BA", "ROC_AUC"], "table");
  const folds = ["0", "1", "pooled", "mean", "sd"];
  assertEquals(rows.map((row) => [row[column.level], row[column.fold]]), [
    ...folds.map((name) => ["slice", name]),
    ...folds.map((name) => ["image", name]),
  ]);
  assertClose(Number(rows[0][column.BA]), fixture.expected.BA, 1e-12, "BA");
  assertClose(Number(rows[3][column.ROC_AUC]), fixture.expected.ROC_AUC, 1e-12, "mean ROC_AUC");
  assertEquals(Number(rows[4][column.BA]), 0, "equal folds do not vary");
});

Deno.test("evaluate keeps what group_by names apart and pools the rest", async () => {
  const store = new MemoryStore();
  const predictions = [];
  for (const multi_network of [false, true]) {
    for (const split of [0, 1, 2]) {
      predictions.push(await fold(store, split, { fold: split, multi_network }));
    }
  }
  const { table, evaluation } = await run(store, predictions, ["multi_network"]);
  assertEquals(readTsv(table, "table").columns.slice(0, 4), [
    "multi_network",
    "data_group",
    "selection_metric",
    "level",
  ]);
  assertEquals(evaluation.groups.map(({ axes, level, folds }) => [axes, level, folds.length]), [
    [{ multi_network: false }, "slice", 3],
    [{ multi_network: false }, "image", 3],
    [{ multi_network: true }, "slice", 3],
    [{ multi_network: true }, "image", 3],
  ]);
  assertEquals(evaluation.groups[0].pooled.participants, 60);
  assertEquals(evaluation.groups[0].pooled.rows, 180);
  assertEquals(evaluation.classes, ["AD", "CN"]);
});

Deno.test("evaluate warns when predictions of one fold are pooled, and names the axis", async () => {
  const store = new MemoryStore();
  const predictions = [
    await fold(store, 0, { fold: 0, multi_network: false }),
    await fold(store, 0, { fold: 0, multi_network: true }),
  ];
  await run(store, predictions);
  assertEquals(store.warnings, [
    "test: 2 predictions of fold 0 are pooled; to score them separately, add to group_by: multi_network",
  ]);
});

Deno.test("evaluate names an axis that the predictions do not have", async () => {
  const store = new MemoryStore();
  const predictions = [await fold(store, 0, { fold: 0 })];
  await assertRejects(
    () => run(store, predictions, ["folds"]),
    DataError,
    'no matrix axis "folds"; they have "fold"',
  );
});

Deno.test("evaluate leaves out rows without a label, aloud, and refuses to score none", async () => {
  const store = new MemoryStore();
  const some = Float64Array.from(fixture.truth, (label, row) => row < 5 ? NaN : label);
  const { evaluation } = await run(store, [await fold(store, 0, {}, { trueLabels: some })]);
  assertEquals(evaluation.groups[0].pooled.rows, 55);
  assert(store.warnings[0].includes("5 rows without a true label"), store.warnings[0]);
  const none = await fold(store, 0, {}, { trueLabels: some.map(() => NaN) });
  await assertRejects(() => run(store, [none]), DataError, "has no true labels");
});

Deno.test("evaluate refuses predictions of different labels", async () => {
  const store = new MemoryStore();
  const other = await fold(store, 1, {}, { meta: { label_code: { CN: 0, AD: 1 } } });
  const predictions = [await fold(store, 0, {}), other];
  await assertRejects(() => run(store, predictions), DataError, "different tasks or labels");
});

Deno.test("evaluate gives intervals in long form", async () => {
  const store = new MemoryStore();
  const { intervals } = await run(store, [await fold(store, 0, {})]);
  const { columns, rows } = readTsv(intervals, "intervals");
  const column = columnIndices({ columns }, ["metric", "value", "lower", "upper"], "intervals");
  const row = rows.find((row) => row[column.metric] === "BA");
  assert(row !== undefined);
  const [value, lower, upper] = [column.value, column.lower, column.upper].map((i) =>
    Number(row[i])
  );
  assert(lower < value && value < upper);
});

Deno.test("evaluate writes n/a for what a group with one class leaves undefined, and counts resamples", async () => {
  const store = new MemoryStore();
  const one = await fold(store, 0, {}, { trueLabels: new Float64Array(60) });
  const { table, intervals } = await run(store, [one]);
  const read = (text: string, row: (cells: (string | null)[], columns: string[]) => boolean) => {
    const { columns, rows } = readTsv(text, "a table");
    const cells = rows.find((cells) => row(cells, columns))!;
    return (column: string) => cells[columns.indexOf(column)];
  };
  const pooled = read(table, (cells, columns) => cells[columns.indexOf("fold")] === "pooled");
  assertEquals(["BA", "specificity", "MCC", "ROC_AUC"].map(pooled), [null, null, null, null]);
  assert(Number(pooled("sensitivity")) > 0);
  const BA = read(intervals, (cells, columns) => cells[columns.indexOf("metric")] === "BA");
  assertEquals([BA("value"), BA("lower"), BA("undefined_resamples")], [null, null, "20"]);
});

Deno.test("prediction tables keep every bit, and name the row that can't be read", () => {
  const predictions = predictionsOf(fixture);
  predictions.trueLabels[3] = NaN;
  predictions.probabilities[0] = 1 / 3;
  const text = writePredictions(predictions, "slice");
  assertEquals(readPredictions(text, "slice", 2, "a table"), predictions);
  const broken = text.replace("sub-2\tses-M000\t0", "sub-2\tses-M000\tx");
  let message = "";
  try {
    readPredictions(broken, "slice", 2, "a table");
  } catch (error) {
    message = (error as Error).message;
  }
  assertEquals(message, 'a table: row 3: slice_id "x" is not a number');
});
