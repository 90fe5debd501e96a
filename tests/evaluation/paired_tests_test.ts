import { assertEquals } from "@std/assert";
import { deLongTest } from "../../src/evaluation/delong.ts";
import { correctedTTest, holmAdjusted, mcNemarTest } from "../../src/evaluation/paired_tests.ts";
import { assertClose, pairedTests } from "./fixtures.ts";

/** Of a table by [first is right][second is right], right first. */
function pairsOf([[both, onlyFirst], [onlySecond, neither]]: number[][]) {
  const counts = [both, onlyFirst, onlySecond, neither];
  const repeated = (values: boolean[]) =>
    values.flatMap((value, cell) => Array<boolean>(counts[cell]).fill(value));
  return [repeated([true, true, false, false]), repeated([true, false, true, false])] as const;
}

Deno.test("McNemar's test is statsmodels', exact and with continuity correction", () => {
  for (const { table, exact, statistic, corrected } of pairedTests.mcnemar) {
    const found = mcNemarTest(...pairsOf(table));
    assertEquals([found.onlyFirst, found.onlySecond], [table[0][1], table[1][0]]);
    assertClose(found.exact, exact, 1e-12, "exact");
    // statsmodels corrects equal counts too, which lets 12 against 12 differ by one.
    const [expected, p] = found.onlyFirst === found.onlySecond ? [0, 1] : [statistic, corrected];
    assertClose(found.corrected.statistic, expected, 1e-12, "statistic");
    assertClose(found.corrected.p, p, 1e-12, "corrected");
    assertEquals(found.p, table[0][1] + table[1][0] < 25 ? found.exact : found.corrected.p);
  }
});

Deno.test("McNemar's test of classifiers that err alike has p = 1", () => {
  assertEquals(mcNemarTest([true, false], [true, false]).p, 1);
});

Deno.test("DeLong's test is its definition, with ties and unequal classes", () => {
  for (const { truth, first, second, areas, standard_error, statistic, p } of pairedTests.delong) {
    const found = deLongTest(truth, first, second, 0);
    assertClose(found.first, areas[0], 1e-12, "first area");
    assertClose(found.second, areas[1], 1e-12, "second area");
    assertClose(found.standardError, standard_error, 1e-12, "standard error");
    assertClose(found.statistic, statistic, 1e-11, "statistic");
    assertClose(found.p, p, 1e-11, "p");
  }
});

Deno.test("DeLong's test is undefined for a class of one, and of equal scores has p = 1", () => {
  const scores = [0.9, 0.8, 0.3, 0.1];
  assertEquals(deLongTest([0, 1, 1, 1], scores, [0.1, 0.5, 0.2, 0.3], 0).p, NaN);
  assertEquals(deLongTest([0, 0, 1, 1], scores, scores, 0).p, 1);
  // Perfect against constant scores: no variance, from which no p-value follows.
  assertEquals(deLongTest([0, 0, 1, 1], scores, [1, 1, 1, 1], 0).p, NaN);
});

Deno.test("the corrected t-test is that of scikit-learn's example and its published values", () => {
  for (const { differences, test_to_train, statistic, p } of pairedTests.corrected_t) {
    const found = correctedTTest(differences, test_to_train);
    assertClose(found.statistic, statistic, 1e-10, "statistic");
    assertClose(found.p, p, 1e-10, "p");
  }
  const published = pairedTests.corrected_t[0];
  const { statistic, p } = correctedTTest(published.differences, published.test_to_train);
  assertEquals([statistic.toFixed(3), (p / 2).toFixed(3)], ["0.750", "0.227"]);
});

Deno.test("the corrected t-test of one fold, or of equal differences, is undefined", () => {
  assertEquals(correctedTTest([0.1], 0.25).p, NaN);
  assertEquals(correctedTTest([0.1, 0.1, 0.1], 0.25).p, NaN);
  assertEquals(correctedTTest([0, 0, 0], 0.25).p, 1);
});

Deno.test("Holm's adjustment is statsmodels', and undefined tests count as none", () => {
  for (const { values, adjusted } of pairedTests.holm) {
    holmAdjusted(values).forEach((p, i) => assertClose(p, adjusted[i], 1e-15, `${i}`));
  }
  assertEquals(holmAdjusted([0.02, NaN, 0.5]), [0.04, NaN, 0.5]);
});
