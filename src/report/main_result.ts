/** The one number that a run is known by. */
import { isBetter } from "../evaluation/selection.ts";
import type { BestGroup, EvaluatedGroupData, EvaluationData, FoldMetric } from "./data.ts";

/** In this order; of MAE less is better. */
const MAIN_METRICS = ["BA", "ROC_AUC", "MAE"];

/**
 * The groups among which the main result is chosen: on the level of images, where there are any, those
 * of the same data and selection metric as the first. They differ in their axes alone.
 */
export function contenders<
  Group extends Pick<EvaluatedGroupData, "level" | "dataGroup" | "selectionMetric">,
>(groups: readonly Group[]): Group[] {
  const first = groups.find(({ level }) => level === "image") ?? groups[0];
  return groups.filter(({ level, dataGroup, selectionMetric }) =>
    level === first.level && dataGroup === first.dataGroup &&
    selectionMetric === first.selectionMetric
  );
}

/**
 * Of the {@link contenders} the one with the best score on the validation sets of its models: their test
 * scores choose nothing. The first one where no validation score is known.
 */
export function bestGroup(groups: readonly EvaluatedGroupData[]): BestGroup | null {
  if (groups.length === 0) return null;
  const alike = contenders(groups);
  const metric = MAIN_METRICS.find((name) => (alike[0].summary[name]?.mean ?? null) !== null);
  if (metric === undefined) return null;
  let best: EvaluatedGroupData | undefined;
  let bestScore: number | undefined;
  for (const group of alike) {
    const score = group.validation?.[metric] ?? NaN;
    if (isBetter(metric, score, bestScore)) [best, bestScore] = [group, score];
  }
  return {
    group: groups.indexOf(best ?? alike[0]),
    metric,
    among: alike.map((group) => groups.indexOf(group)),
    byValidation: best !== undefined,
  };
}

/** The group and metric of a run's main result. */
export interface MainGroup {
  instance: string;
  metric: string;
  group: EvaluatedGroupData;
  /** Level of its intervals, such as 0.95. */
  confidence: number;
}

/** Of the last evaluation; undefined without one. */
export function mainGroup(evaluations: readonly EvaluationData[]): MainGroup | undefined {
  const last = evaluations.findLast(({ best }) => best !== null);
  if (!last?.best) return undefined;
  const { instance, confidence, groups, best } = last;
  return { instance, metric: best.metric, group: groups[best.group], confidence };
}

/** `0.925 [0.881, 0.960]` */
export function intervalText({ value, lower, upper }: FoldMetric): string {
  // Infinite numbers are null; with a lower bound they are no undefined ones.
  if (value === null) return lower === null ? "n/a" : "∞";
  if (lower === null) return value.toFixed(3);
  return `${value.toFixed(3)} [${lower.toFixed(3)}, ${upper === null ? "∞" : upper.toFixed(3)}]`;
}

/** `evaluate: BA 0.925, 95 % interval 0.881 to 0.960`; undefined without an evaluation. */
export function mainResultText(evaluations: readonly EvaluationData[]): string | undefined {
  const main = mainGroup(evaluations);
  if (main === undefined) return undefined;
  const { instance, metric, group, confidence } = main;
  const { value, lower, upper } = group.pooled.metrics[metric];
  const text = `${instance}: ${metric} ${value === null ? "n/a" : value.toFixed(3)}`;
  if (value === null || lower === null || upper === null) return text;
  const level = Math.round(100 * confidence);
  return `${text}, ${level} % interval ${lower.toFixed(3)} to ${upper.toFixed(3)}`;
}
