/** A nested search over toy trainings, whose validation and test results are noise. */
import { z } from "zod";
import { evaluationOutput } from "../../src/artifacts/evaluation.ts";
import { labelsOutput, readLabels } from "../../src/artifacts/labels.ts";
import { plan } from "../../src/engine/plan/plan.ts";
import { run } from "../../src/engine/run/run.ts";
import { openStore } from "../../src/engine/store/store.ts";
import type { Evaluation, Result } from "../../src/evaluation/evaluate.ts";
import { Random, streamNumber } from "../../src/random.ts";
import { findSearchProblem } from "../../src/search/objective.ts";
import { searchOuterFolds } from "../../src/search/outer_search.ts";
import fold from "../../src/steps/split/fold.ts";
import kfold from "../../src/steps/split/kfold.ts";
import { SessionTable } from "../../src/tables/session_table.ts";
import { readWorkflow } from "../../src/workflow/read.ts";
import { type Artifact, defineStep, type StepKind } from "../../src/workflow/step.ts";

/** What ran, in order: `train`, or `test` with the people who were read. */
export const log: string[] = [];

/** A number in [0, 1) that depends on nothing but the text. */
const noise = (text: string) => new Random(1, streamNumber(text)).uniform();

const labels = defineStep({
  kind: "labels",
  version: 1,
  summary: "Twelve people.",
  params: z.object({}),
  inputs: {},
  outputs: { labels: { type: "labels", description: "labels" } },
  runs: "inline",
  run: () => {
    const rows = Array.from({ length: 12 }, (_, i) => `sub-${i + 10}\tses-M000\t${"AB"[i % 2]}\n`);
    const text = ["participant_id\tsession_id\tdiagnosis\n", ...rows].join("");
    return Promise.resolve({ labels: labelsOutput(SessionTable.read(text, "labels"), "labels") });
  },
});

const training = defineStep({
  kind: "train",
  version: 1,
  summary: "A validation result.",
  params: z.object({
    epochs: z.int().min(1).default(1).describe("how many"),
    rate: z.number().default(0).describe("changes nothing but noise"),
    selection_metrics: z.array(z.string()).default(["BA"]).describe("metrics"),
  }),
  inputs: { folds: { types: ["fold"], description: "a fold" } },
  outputs: { model: { type: "model", description: "a result" } },
  runs: "inline",
  chain: "epochs",
  async run({ params, inputs, checkpoints, signal }) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    signal.throwIfAborted();
    log.push("train");
    await checkpoints!.save(params.epochs, { files: { "state.txt": "" } }, { final: true });
    const value = noise(`${(inputs.folds as Artifact).digest} ${params.rate}`);
    const rows = `epoch\titeration\tBA_valid\n0\t0\t${value}\n`;
    return { model: { files: { "training.tsv": rows } } };
  },
});

const predict = defineStep({
  kind: "predict",
  version: 1,
  summary: "A test result.",
  params: z.object({ on_training_data: z.boolean().default(false).describe("never") }),
  inputs: {
    model: { types: ["model"], description: "a model" },
    participants: { types: ["participants"], description: "people" },
  },
  outputs: { predictions: { type: "predictions", description: "a result" } },
  runs: "inline",
  async run({ inputs }) {
    const table = await readLabels(inputs.participants as Artifact, "people");
    const people = [...table.byPerson().keys()];
    log.push(`test ${people.join(" ")}`);
    const value = noise(`${(inputs.model as Artifact).digest} ${people.join()}`);
    return { predictions: { meta: { value, people: people.length } } };
  },
});

const evaluate = defineStep({
  kind: "evaluate",
  version: 1,
  summary: "Their mean.",
  params: z.object({}),
  inputs: { predictions: { types: ["predictions"], description: "results", many: true } },
  outputs: { evaluation: { type: "evaluation", description: "the mean" } },
  runs: "inline",
  run: ({ inputs }) => {
    const read = inputs.predictions as readonly Artifact[];
    const result = (value: number, participants: number): Result => ({
      participants,
      rows: participants,
      metrics: {
        BA: {
          value,
          lower: value - 0.1,
          upper: value + 0.1,
          standard_error: 0.05,
          undefined_resamples: 0,
        },
      },
    });
    const values = read.map(({ meta }) => meta.value as number);
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    const people = read.reduce((sum, { meta }) => sum + (meta.people as number), 0);
    const evaluation: Evaluation = {
      task: "classification",
      classes: ["A", "B"],
      bootstrap: { seed: 0, resamples: 1, confidence: 0.95 },
      groups: [{
        axes: {},
        data_group: "test",
        selection_metric: "BA",
        level: "image",
        folds: values.map((value, i) => ({ fold: String(i), result: result(value, 4) })),
        pooled: result(mean, people),
        summary: { BA: { mean, sd: 0 } },
      }],
    };
    return Promise.resolve({ evaluation: evaluationOutput(evaluation) });
  },
});

const load = (kind: unknown) => () => Promise.resolve({ default: kind as StepKind });

const KINDS = {
  labels: load(labels),
  "split.kfold": load(kfold),
  "split.fold": load(fold),
  train: load(training),
  predict: load(predict),
  evaluate: load(evaluate),
};

const FILE = `version = 1
[steps.labels]
uses = "labels"
[steps.outer]
uses = "split.kfold"
in.labels = "labels"
with.n_splits = 3
[steps.parts]
uses = "split.fold"
matrix.outer = { range = 3 }
in.folds = "outer[\${matrix.outer}]"
[steps.inner]
uses = "split.kfold"
matrix = "parts"
in.labels = "parts.train"
with.n_splits = 2
[steps.train]
uses = "train"
matrix = "parts"
in.folds = "inner[0]"
[steps.predict]
uses = "predict"
matrix = "parts"
in.model = "train"
in.participants = "parts.test"
[steps.evaluate]
uses = "evaluate"
in.predictions = "predict[*]"
[search.rates]
metric = "train.BA"
goal = "maximize"
n_trials = 6
outer = { axis = "outer", metric = "evaluate.BA" }
[search.rates.space]
"train.rate" = { uniform = [0, 1] }
`;

/** Searches the outer folds in a folder whose cache it uses. */
export async function searchToyFolds(folder: string, signal?: AbortSignal) {
  const file = `${folder}/toy.toml`;
  await Deno.writeTextFile(file, FILE);
  const read = (set: readonly string[]) =>
    readWorkflow(file, {
      kinds: KINDS,
      set,
      checkSearch: (search, instances) => Promise.resolve(findSearchProblem(search, instances)),
    });
  const store = openStore(`${folder}/.gyrus`);
  const base = await read([]);
  return await searchOuterFolds(base.searches![0], base, {
    store,
    read,
    plan: (workflow, target) => plan(store, workflow, { targets: [target] }),
    run: (planned, target) =>
      run(store, planned.workflow, { targets: [target], planned, keepGoing: true, signal }),
    retry: false,
  });
}
