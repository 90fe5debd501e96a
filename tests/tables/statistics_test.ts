import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { chiSquareTest, tTest } from "../../src/tables/statistics.ts";
import fixtures from "../fixtures/tables/statistics.json" with { type: "json" };

const close = (actual: number, expected: number) =>
  assertAlmostEquals(actual, expected, 1e-10 * Math.max(1, Math.abs(expected)));

Deno.test("the t-test agrees with SciPy's ttest_ind", () => {
  for (const { a, b, statistic, p } of fixtures.t_tests) {
    const result = tTest(a, b);
    close(result.statistic, statistic);
    close(result.p, p);
    assert(result.p === 0 || Math.abs(result.p / p - 1) < 1e-8, "small p-values keep their digits");
  }
});

Deno.test("the chi-square test agrees with SciPy's chi2_contingency without correction", () => {
  for (const { counts, statistic, p } of fixtures.chi_square_tests) {
    const result = chiSquareTest(counts);
    close(result.statistic, statistic);
    close(result.p, p);
  }
});

Deno.test("counts matter: the same proportions have a smaller p with more people", () => {
  const few = chiSquareTest([[62, 38], [50, 50]]);
  const many = chiSquareTest([[6200, 3800], [5000, 5000]]);
  assert(few.p > 0.05 && many.p < 1e-10);
});

Deno.test("missing values are left out, and what can't differ has p = 1", () => {
  const whole = tTest([70, 72, 75], [71, 80]);
  assertEquals(tTest([70, NaN, 72, 75], [71, 80, NaN]), whole);
  assertEquals((tTest([70, 70], [70, 70])).p, 1);
  assertEquals((tTest([70, 70], [71, 71])).p, 0);
  assert(Number.isNaN((tTest([NaN], [70])).p));
  assertEquals((chiSquareTest([[4, 0], [9, 0]])).p, 1);
  assert(Number.isNaN((chiSquareTest([[0, 0], [9, 3]])).p));
});
