import { assertAlmostEquals, assertEquals } from "@std/assert";
import { evaluatePredictions } from "../../src/evaluation/evaluate.ts";
import type { Predictions } from "../../src/evaluation/predictions.ts";
import { meanScores } from "../../src/evaluation/reconstruction_scores.ts";

Deno.test("a weighted mean leaves rows of no weight out, infinite ones too", () => {
  const scores = { PSNR: [Infinity, 20, 26], SSIM: [1, 0.25, 0.5] };
  assertEquals(meanScores(scores, [0, 2, 1]), { PSNR: 22, SSIM: 1 / 3 });
  assertEquals(meanScores(scores).PSNR, Infinity);
});

Deno.test("intervals of reconstructions resample participants, whose elements stay together", () => {
  const rows = 4;
  const unknown = new Float64Array(rows).fill(NaN);
  const predictions: Predictions = {
    participants: ["a", "a", "b", "b"],
    sessions: new Array<string>(rows).fill("ses-M000"),
    elements: [0, 1, 0, 1],
    trueLabels: unknown,
    predictedLabels: unknown,
    classes: 0,
    probabilities: new Float64Array(0),
    scores: { MAE: Float64Array.of(0.1, 0.2, 0.3, 0.4), SSIM: new Float64Array(rows).fill(0.5) },
  };
  const options = { seed: 1, resamples: 200, confidence: 0.95 };
  const { metrics, ...rest } = evaluatePredictions(predictions, options);
  assertEquals([rest.participants, rest.rows, Object.keys(metrics)], [2, 4, ["MAE", "SSIM"]]);
  assertAlmostEquals(metrics.MAE.value, 0.25, 1e-12);
  assertAlmostEquals(metrics.MAE.lower, 0.15, 1e-12);
  assertAlmostEquals(metrics.MAE.upper, 0.35, 1e-12);
  // Equal values say nothing of others.
  assertEquals([metrics.SSIM.lower, metrics.SSIM.upper], [NaN, NaN]);
});
