import { assert, assertFalse } from "@std/assert";
import { isBetter } from "../../src/evaluation/selection.ts";

Deno.test("isBetter takes smaller losses and errors, larger everything else", () => {
  for (const metric of ["loss", "MAE", "RMSE", "LR_minus"]) {
    assert(isBetter(metric, 1, 2));
    assertFalse(isBetter(metric, 2, 1));
  }
  for (const metric of ["BA", "accuracy", "MCC", "LR_plus", "R2_score", "ROC_AUC"]) {
    assert(isBetter(metric, 2, 1));
    assertFalse(isBetter(metric, 1, 2));
  }
});

Deno.test("isBetter keeps the earlier of equals, and never prefers what is not a number", () => {
  assertFalse(isBetter("BA", 1, 1));
  assertFalse(isBetter("loss", NaN, 1));
  assertFalse(isBetter("loss", NaN, undefined));
  assert(isBetter("loss", 7, undefined));
});
