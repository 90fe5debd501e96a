import { assertEquals } from "@std/assert";
import type { EvaluatedGroupData, EvaluationData } from "../../src/report/data.ts";
import { bestGroup, mainResultText } from "../../src/report/main_result.ts";

function group(
  axes: string,
  summary: EvaluatedGroupData["summary"],
  level = "image",
  dataGroup = "test",
): EvaluatedGroupData {
  const pooled = {} as EvaluatedGroupData["pooled"];
  const rest = { point: {}, folds: [], pooled, bands: [], selectionMetric: "BA" };
  return { axes, dataGroup, level, summary, ...rest };
}

const score = (mean: number | null, sd: number | null = null) => ({ mean, sd });

Deno.test("the best group of a sweep is found among those that differ in their axes alone", () => {
  const groups = [
    group("rate=1", { BA: score(0.99) }, "slice"),
    group("rate=1", { BA: score(0.5) }),
    group("rate=2", { BA: score(0.8, 0.05) }),
    group("rate=3", { BA: score(null) }),
    group("rate=1", { BA: score(0.9) }, "image", "train"),
  ];
  assertEquals(bestGroup(groups), { group: 2, metric: "BA", of: 3 });
  const evaluation = { groups, best: bestGroup(groups) } as EvaluationData;
  assertEquals(mainResultText([evaluation]), "BA 0.800 ± 0.050");
});

Deno.test("of errors the smallest is the best; without a metric there is none", () => {
  const errors = [group("a=1", { MAE: score(4) }), group("a=2", { MAE: score(3) })];
  assertEquals(bestGroup(errors), { group: 1, metric: "MAE", of: 2 });
  assertEquals(bestGroup([group("", {})]), null);
  assertEquals(bestGroup([]), null);
  assertEquals(mainResultText([]), undefined);
});
