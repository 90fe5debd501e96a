/** The one number that a run is known by. */
import type { BestGroup, EvaluatedGroupData, EvaluationData } from "./data.ts";

/** In this order; of MAE less is better. */
const MAIN_METRICS = ["BA", "ROC_AUC", "MAE"];

/**
 * Of the groups on the level of images, where there are any, those of the same data and selection
 * metric as the first: the one with the best mean.
 */
export function bestGroup(groups: readonly EvaluatedGroupData[]): BestGroup | null {
  const first = groups.find(({ level }) => level === "image") ?? groups[0];
  if (first === undefined) return null;
  const metric = MAIN_METRICS.find((name) => (first.summary[name]?.mean ?? null) !== null);
  if (metric === undefined) return null;
  const alike = groups.filter((group) =>
    group.level === first.level && group.dataGroup === first.dataGroup &&
    group.selectionMetric === first.selectionMetric
  );
  const score = (group: EvaluatedGroupData) => {
    const mean = group.summary[metric]?.mean ?? null;
    return mean === null ? -Infinity : metric === "MAE" ? -mean : mean;
  };
  const best = alike.reduce((best, group) => score(group) > score(best) ? group : best);
  return { group: groups.indexOf(best), metric, of: alike.length };
}

/** `BA 0.925 ± 0.087`, of the last evaluation; undefined without one. */
export function mainResultText(evaluations: readonly EvaluationData[]): string | undefined {
  const last = evaluations.findLast(({ best }) => best !== null);
  if (!last?.best) return undefined;
  const { metric, group } = last.best;
  const { mean, sd } = last.groups[group].summary[metric];
  const spread = sd === null ? "" : ` ± ${sd.toFixed(3)}`;
  return `${metric} ${mean?.toFixed(3)}${spread}`;
}
