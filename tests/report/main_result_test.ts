import { assertEquals } from "@std/assert";
import type { EvaluatedGroupData, EvaluationData } from "../../src/report/data.ts";
import { bestGroup, intervalText, mainGroup } from "../../src/report/main_result.ts";

function group(
  axes: string,
  summary: EvaluatedGroupData["summary"],
  validation: EvaluatedGroupData["validation"] = null,
  level = "image",
  dataGroup = "test",
): EvaluatedGroupData {
  const pooled = { metrics: {} } as EvaluatedGroupData["pooled"];
  const rest = { point: {}, folds: [], pooled, bands: [], selectionMetric: "BA" };
  return { axes, dataGroup, level, summary, validation, ...rest };
}

const score = (mean: number | null, sd: number | null = null) => ({ mean, sd });

Deno.test("the headline of a sweep is the best on validation sets, whatever its test score", () => {
  const groups = [
    group("rate=1", { BA: score(0.99) }, null, "slice"),
    group("rate=1", { BA: score(0.8) }, { BA: 0.6 }),
    group("rate=2", { BA: score(0.7, 0.05) }, { BA: 0.9 }),
    group("rate=3", { BA: score(0.9) }, { BA: null }),
    group("rate=1", { BA: score(0.9) }, null, "image", "train"),
  ];
  assertEquals(bestGroup(groups), { group: 2, metric: "BA", among: [1, 2, 3], byValidation: true });
  const evaluation = { instance: "evaluate", confidence: 0.95, groups, best: bestGroup(groups) };
  assertEquals(mainGroup([evaluation as unknown as EvaluationData])?.group, groups[2]);
});

Deno.test("without validation scores the headline is the first group, not the best on test sets", () => {
  const groups = [group("rate=1", { BA: score(0.5) }), group("rate=2", { BA: score(0.9) })];
  assertEquals(bestGroup(groups), { group: 0, metric: "BA", among: [0, 1], byValidation: false });
});

Deno.test("of errors the smallest is the best; without a metric there is none", () => {
  const errors = [
    group("a=1", { MAE: score(3) }, { MAE: 4 }),
    group("a=2", { MAE: score(4) }, { MAE: 3 }),
  ];
  assertEquals(bestGroup(errors), { group: 1, metric: "MAE", among: [0, 1], byValidation: true });
  assertEquals(bestGroup([group("", {})]), null);
  assertEquals(bestGroup([]), null);
  assertEquals(mainGroup([]), undefined);
});

Deno.test("a result has its interval where there is one", () => {
  const metric = { value: 0.9251, lower: 0.8, upper: 0.96, undefinedResamples: 0 };
  assertEquals(intervalText(metric), "0.925 [0.800, 0.960]");
  assertEquals(intervalText({ ...metric, lower: null, upper: null }), "0.925");
  assertEquals(intervalText({ ...metric, value: null, upper: null }), "∞");
});
