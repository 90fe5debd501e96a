import { assertEquals } from "@std/assert";
import { evaluationOutput } from "../../src/artifacts/evaluation.ts";
import { evaluateFolds } from "../../src/evaluation/evaluate.ts";
import { describeEvaluations } from "../../src/report/evaluations.ts";
import { MadeRun } from "./made_run.ts";

/** A fold whose predictions are right with a probability of 0.9. */
function fold(name: string, truth: readonly number[]) {
  const participants = truth.map((_, i) => `sub-${name}${i}`);
  return {
    fold: name,
    predictions: {
      participants,
      sessions: truth.map(() => "ses-M000"),
      elements: truth.map(() => 0),
      trueLabels: Float64Array.from(truth),
      predictedLabels: Float64Array.from(truth),
      classes: 2,
      probabilities: Float64Array.from(truth.flatMap((label) => label ? [0.1, 0.9] : [0.9, 0.1])),
    },
  };
}

async function bandsAndCurves(folds: readonly ReturnType<typeof fold>[]) {
  const bootstrap = { seed: 0, resamples: 10, confidence: 0.95 };
  const group = { axes: {}, data_group: "test", selection_metric: "loss", level: "image" };
  const draft = evaluationOutput({
    task: "classification",
    classes: ["AD", "CN"],
    bootstrap,
    groups: [{ ...group, ...evaluateFolds(folds, bootstrap) }],
  });
  await using made = await MadeRun.make({
    evaluate: { kind: "evaluate", outputs: { evaluation: { type: "evaluation", draft } } },
  });
  const [{ groups: [{ folds: described, bands }] }] = await describeEvaluations(made.artifacts);
  const defined = ({ roc, precisionRecall }: { roc: unknown; precisionRecall: unknown }) => [
    roc !== null,
    precisionRecall !== null,
  ];
  return {
    curves: described.map(({ curves }) => defined(curves[0])),
    bands: defined(bands[0]),
    mean: bands[0].roc?.mean[50],
  };
}

Deno.test("curves that a test set of one class leaves undefined are not drawn, nor averaged", async () => {
  const both = fold("both", [0, 0, 1, 1]);
  const [patients, controls] = [fold("ad", [0, 0, 0]), fold("cn", [1, 1])];
  // Class 0 is the positive one.
  assertEquals(await bandsAndCurves([patients]), {
    curves: [[false, true]],
    bands: [false, true],
    mean: undefined,
  });
  assertEquals(await bandsAndCurves([controls]), {
    curves: [[false, false]],
    bands: [false, false],
    mean: undefined,
  });
  assertEquals(await bandsAndCurves([both, patients, controls]), {
    curves: [[true, true], [false, true], [false, false]],
    bands: [true, true],
    mean: 1,
  });
});
