import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { predictionPath, writePredictions } from "../../../src/artifacts/predictions.ts";
import { writeTsv } from "../../../src/formats/tsv.ts";
import type { PairData } from "../../../src/report/data.ts";
import { comparePair, type GroupInRun } from "../../../src/report/comparison/paired_groups.ts";
import type { Artifact } from "../../../src/workflow/step.ts";

const options = { seed: 0, resamples: 200, confidence: 0.95 };

/** True class and probability of class 0 of each participant. */
type People = Readonly<Record<string, readonly [truth: number, patient: number]>>;

function artifact(meta: Record<string, unknown>, files: Record<string, string>) {
  const readText = (path: string) => Promise.resolve(files[path]);
  const read = (path: string) => Promise.resolve(new TextEncoder().encode(files[path]));
  return { meta, files: Object.keys(files).map((path) => ({ path })), read, readText } as unknown;
}

/** @param folds test participants by fold; a model has ten training participants */
function groupOf(
  run: string,
  folds: readonly People[],
  { classes = ["AD", "CN"], leakage = "none" } = {},
): GroupInRun {
  const meta = {
    task: "classification",
    mode: "image",
    output_size: 2,
    label: "diagnosis",
    leakage,
  };
  const members = folds.map((people, index) => {
    const entries = Object.entries(people);
    const predictions = writePredictions({
      participants: entries.map(([participant]) => participant),
      sessions: entries.map(() => "ses-M000"),
      elements: entries.map(() => 0),
      trueLabels: Float64Array.from(entries, ([, [truth]]) => truth),
      predictedLabels: Float64Array.from(entries, ([, [, patient]]) => patient < 0.5 ? 1 : 0),
      classes: 2,
      probabilities: Float64Array.from(entries.flatMap(([, [, p]]) => [p, 1 - p])),
    }, "image");
    const trained = Array.from({ length: 10 }, (_, i) => [`train-${i}`, "ses-M000", "train"]);
    const participants = writeTsv(["participant_id", "session_id", "role"], trained);
    return {
      fold: String(index),
      predictions: artifact(meta, { [predictionPath("BA", "image")]: predictions }) as Artifact,
      model: artifact({}, { "participants.tsv": participants }) as Artifact,
    };
  });
  const pooled = { value: null, lower: null, upper: null, undefinedResamples: 0 };
  const accuracy = folds.map((people) =>
    Object.values(people).filter(([truth, p]) => truth === (p < 0.5 ? 1 : 0)).length
  );
  const scores = Object.fromEntries(accuracy.map((score, index) => [String(index), score / 4]));
  const metrics = { accuracy: { mean: null, sd: null, pooled, folds: scores } };
  return { run, classes, selectionMetric: "BA", members, metrics };
}

const PEOPLE: People = { a: [0, 0.9], b: [0, 0.2], c: [1, 0.3], d: [1, 0.1] };
const BETTER: People = { ...PEOPLE, b: [0, 0.8] };

function testsOf({ metrics }: Pick<PairData, "metrics">): string[] {
  return metrics.flatMap(({ metric, tests }) => tests.map(({ test }) => `${metric} ${test}`));
}

Deno.test("two runs on the same participants are compared without a warning", async () => {
  const pair = await comparePair(groupOf("one", [PEOPLE]), groupOf("two", [BETTER]), options);
  assertEquals([pair.participants, pair.warnings, pair.refused], [4, [], null]);
  const accuracy = pair.metrics.find(({ metric }) => metric === "accuracy")!;
  assertEquals([accuracy.first, accuracy.second, accuracy.difference], [0.75, 1, 0.25]);
  assertEquals(testsOf(pair), ["accuracy McNemar", "ROC_AUC DeLong"]);
});

Deno.test("test sets that differ give a warning, and tests use the common participants", async () => {
  const { a, b, c } = BETTER;
  const other = groupOf("two", [{ a, b, c, e: [1, 0.9], f: [0, 0.1] }]);
  const pair = await comparePair(groupOf("one", [PEOPLE]), other, options);
  assertEquals(pair.participants, 3);
  assertEquals(pair.warnings, [
    "the test sets differ: 3 participants in both, 1 in run one alone, 2 in run two alone; the " +
    "tests use those in both",
  ]);
  assertEquals(pair.metrics.find(({ metric }) => metric === "accuracy")!.second, 1);
});

Deno.test("runs that can't be compared are refused with the reason", async () => {
  const reason = async (other: GroupInRun) =>
    (await comparePair(groupOf("one", [PEOPLE]), other, options)).refused;
  assertEquals(
    await reason(groupOf("two", [{ z: [0, 0.9] }])),
    "no participant is in both test sets",
  );
  assertEquals(
    await reason(groupOf("two", [{ ...PEOPLE, b: [1, 0.2] }])),
    "true labels differ between the runs for 1 participant, such as b",
  );
  assertEquals(
    await reason(groupOf("two", [PEOPLE], { classes: ["AD", "MCI"] })),
    "the runs predict different labels: diagnosis (AD, CN), and diagnosis (AD, MCI)",
  );
  assertStringIncludes((await reason({ ...groupOf("two", []) }))!, "not in the cache");
});

Deno.test("splits with test sets of their own have a corrected t-test", async () => {
  const { a, b, c, d } = PEOPLE;
  const folds: People[] = [{ a, c }, { b, d }];
  const better: People[] = [{ a, c }, { b: BETTER.b, d }];
  const pair = await comparePair(groupOf("one", folds), groupOf("two", better), options);
  assertEquals([pair.participants, pair.warnings], [4, []]);
  const accuracy = pair.metrics.find(({ metric }) => metric === "accuracy")!;
  // Differences 0 and 0.25: t = 0.125 / (0.17678 * sqrt(1/2 + 2/10)).
  const corrected = accuracy.tests.find(({ test }) => test === "corrected t")!;
  assertEquals(corrected.statistic, 0.84515);
});

Deno.test("splits that share their test set are averaged, and the corrected t-test is qualified", async () => {
  const pair = await comparePair(
    groupOf("one", [PEOPLE, BETTER]),
    groupOf("two", [BETTER, BETTER]),
    options,
  );
  assertEquals(pair.participants, 4, "each once");
  assertEquals(pair.warnings.length, 1);
  assertStringIncludes(pair.warnings[0], "not about other participants");
  // (0.2 + 0.8) / 2 is no patient only by the order of classes; all are right in both.
  assertEquals(pair.metrics.find(({ metric }) => metric === "accuracy")!.difference, 0);
});

Deno.test("other splits have no corrected t-test, and predicting on training data gives a warning", async () => {
  const leaking = groupOf("two", [PEOPLE], { leakage: "predicting on training data" });
  const pair = await comparePair(groupOf("one", [PEOPLE, PEOPLE]), leaking, options);
  assertEquals(pair.warnings, [
    "run two predicts participants that its models were trained on",
    "no corrected t-test over splits: the runs have different splits",
  ]);
  assert(testsOf(pair).every((name) => !name.endsWith("corrected t")));
});
