import { assert, assertEquals } from "@std/assert";
import { rankingAreas, rankingCurves, rankRows } from "../../src/evaluation/ranking.ts";
import { assertClose, metrics } from "./fixtures.ts";

metrics.classification.forEach(({ classes, truth, probabilities, ...fixture }, i) => {
  const scores = (label: number) =>
    Float64Array.from(truth, (_, row) => probabilities[row * classes + label]);
  const suffix = classes === 2 ? "" : "-0";

  Deno.test(`rankingAreas agrees with scikit-learn, ties included (${i})`, () => {
    const areas = rankingAreas(rankRows(truth, scores(0), 0));
    assertClose(areas.ROC_AUC, fixture.expected[`ROC_AUC${suffix}`], 1e-12, "ROC_AUC");
    assertClose(areas.PR_AUC, fixture.expected[`PR_AUC${suffix}`], 1e-12, "PR_AUC");
    const weighted = rankingAreas(rankRows(truth, scores(0), 0), fixture.weights);
    assertClose(weighted.ROC_AUC, fixture.weighted.ROC_AUC, 1e-12, "weighted ROC_AUC");
    assertClose(weighted.PR_AUC, fixture.weighted.PR_AUC, 1e-12, "weighted PR_AUC");
  });

  Deno.test(`rankingCurves has scikit-learn's points (${i})`, () => {
    const curves = rankingCurves(rankRows(truth, scores(0), 0));
    assertEquals(curves.thresholds, [null, ...fixture.curve.thresholds]);
    assertEquals(curves.false_positive_rate, fixture.curve.false_positive_rate);
    assertEquals(curves.sensitivity, fixture.curve.sensitivity);
    // scikit-learn 1.2 drops the points after full recall but the curve itself is the same.
    const kept = fixture.curve.precision.length;
    assertEquals(curves.precision.slice(0, kept), fixture.curve.precision);
  });
});

Deno.test("rankingAreas does not depend on the order of rows", () => {
  const truth = [0, 1, 0, 1, 1, 0];
  const scores = Float64Array.of(0.9, 0.5, 0.5, 0.1, 0.9, 0.5);
  const forwards = rankingAreas(rankRows(truth, scores, 0));
  const backwards = rankingAreas(rankRows(truth.toReversed(), scores.toReversed(), 0));
  assertEquals(forwards, backwards);
});

Deno.test("rankingAreas is not a number where a class is missing", () => {
  const { ROC_AUC, PR_AUC } = rankingAreas(rankRows([1, 1], Float64Array.of(0.1, 0.2), 0));
  assert(Number.isNaN(ROC_AUC) && Number.isNaN(PR_AUC));
});

Deno.test("rankingCurves thins long curves and keeps both ends", () => {
  const truth = Array.from({ length: 5000 }, (_, row) => row % 3 === 0 ? 0 : 1);
  const scores = Float64Array.from(truth, (_, row) => Math.sin(row));
  const curves = rankingCurves(rankRows(truth, scores, 0), 100);
  assert(curves.sensitivity.length <= 100, `${curves.sensitivity.length} points`);
  assertEquals([curves.sensitivity[0], curves.false_positive_rate[0]], [0, 0]);
  assertEquals([curves.sensitivity.at(-1), curves.false_positive_rate.at(-1)], [1, 1]);
});
