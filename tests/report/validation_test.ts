/** Scores on validation sets, by which the headline of a sweep is chosen. */
import { assertEquals } from "@std/assert";
import { evaluationOutput } from "../../src/artifacts/evaluation.ts";
import { modelOutput, modelPredictionPath } from "../../src/artifacts/model.ts";
import { predictionPath, writePredictions } from "../../src/artifacts/predictions.ts";
import { evaluateFolds } from "../../src/evaluation/evaluate.ts";
import { describeEvaluations } from "../../src/report/evaluations.ts";
import { type MadeInstance, MadeRun } from "./made_run.ts";

/** Four participants, some of whom have correct predictions. */
function predictions(right: number) {
  const truth = [0, 1, 0, 1];
  const predicted = truth.map((label, i) => i < right ? label : 1 - label);
  return {
    participants: truth.map((_, i) => `sub-${i}`),
    sessions: truth.map(() => "ses-M000"),
    elements: truth.map(() => 0),
    trueLabels: Float64Array.from(truth),
    predictedLabels: Float64Array.from(predicted),
    classes: 2,
    probabilities: Float64Array.from(predicted.flatMap((label) => label ? [0.2, 0.8] : [0.8, 0.2])),
  };
}

const shared = {
  task: "classification",
  mode: "image",
  output_size: 2,
  label: "diagnosis",
} as const;
const labels = { label_code: { AD: 0, CN: 1 }, selection_metrics: ["BA"], multi_network: false };

function model(right: number) {
  const meta = {
    ...shared,
    ...labels,
    architecture: "Conv5_FC3",
    elements: [0],
    input_shape: [1, 8, 8, 8],
    split: 0,
    n_splits: 1,
    initial_weights: "random",
    extraction: {},
    leakage_checkable: true,
    parameters: {},
  };
  const path = modelPredictionPath("BA", "validation", "image");
  return modelOutput(meta, { [path]: writePredictions(predictions(right), "image") });
}

/** A sweep over a rate: participants who are right in the validation and in the test set, by rate. */
async function sweepOf(
  rates: Record<string, [validation: number, test: number]>,
  hasModels: boolean,
) {
  const bootstrap = { seed: 0, resamples: 10, confidence: 0.95 };
  const instances: Record<string, MadeInstance> = {};
  for (const [rate, [validation, test]] of Object.entries(rates)) {
    const axes = { rate };
    if (hasModels) {
      const outputs = { model: { type: "model", draft: model(validation) } };
      instances[`train[rate=${rate}]`] = { kind: "train.classification", axes, outputs };
    }
    const files = { [predictionPath("BA", "image")]: writePredictions(predictions(test), "image") };
    instances[`predict[rate=${rate}]`] = {
      kind: "predict",
      axes,
      inputs: { model: `train[rate=${rate}].model` },
      outputs: {
        predictions: {
          type: "predictions",
          draft: { meta: { ...shared, ...labels, data_group: "test", split: 0 }, files },
        },
      },
    };
  }
  const groups = Object.entries(rates).map(([rate, [, test]]) => ({
    axes: { rate },
    data_group: "test",
    selection_metric: "BA",
    level: "image",
    ...evaluateFolds([{ fold: "0", predictions: predictions(test) }], bootstrap),
  }));
  const draft = evaluationOutput({
    task: "classification",
    classes: ["AD", "CN"],
    bootstrap,
    groups,
  });
  instances.evaluate = {
    kind: "evaluate",
    params: { group_by: ["rate"] },
    inputs: { predictions: Object.keys(rates).map((rate) => `predict[rate=${rate}].predictions`) },
    outputs: { evaluation: { type: "evaluation", draft } },
  };
  await using made = await MadeRun.make(instances);
  const [{ groups: described, best }] = await describeEvaluations(made.artifacts);
  return { validation: described.map(({ validation }) => validation?.BA), best };
}

Deno.test("the groups of a sweep have the scores of their models' validation sets, and the best is chosen by them", async () => {
  assertEquals(await sweepOf({ low: [2, 4], middle: [3, 3], high: [1, 2] }, true), {
    validation: [0.5, 0.75, 0.25],
    best: { group: 1, metric: "BA", among: [0, 1, 2], byValidation: true },
  });
});

Deno.test("a sweep whose models have left the store is evaluated without validation scores", async () => {
  assertEquals(await sweepOf({ low: [2, 3], middle: [3, 4] }, false), {
    validation: [undefined, undefined],
    best: { group: 0, metric: "BA", among: [0, 1], byValidation: false },
  });
});

Deno.test("a single group is not compared with validation scores", async () => {
  assertEquals((await sweepOf({ low: [2, 3] }, true)).validation, [undefined]);
});
