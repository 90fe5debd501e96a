/** The groups of predictions that several runs evaluated, with the metrics of each run and fold. */
import type {
  ComparedGroup,
  ComparedMetric,
  EvaluatedGroupData,
  EvaluationData,
  FoldData,
} from "../data.ts";

/** Without the pairs. */
export type CommonGroup = Omit<ComparedGroup, "pairs">;

/**
 * @param runs what each run evaluated; groups of the first run that another run has too
 * @param areChosen whether each run has one group, whatever its evaluation and axes are called
 */
export function comparedGroups(
  runs: readonly (readonly EvaluationData[])[],
  areChosen = false,
): CommonGroup[] {
  const [first, ...others] = runs.map((run) => groupsByKey(run, areChosen));
  return [...first].flatMap(([key, { instance, group }]) => {
    if (!others.some((groups) => groups.has(key))) return [];
    const { axes, dataGroup, selectionMetric, level, summary } = group;
    const each = [group, ...others.map((groups) => groups.get(key)?.group)];
    const folds = [...new Set(each.flatMap((group) => group?.folds.map(({ fold }) => fold) ?? []))];
    const metrics = Object.keys(summary).map((metric) => ({
      metric,
      runs: each.map((group) => describe(group, metric)),
    }));
    return [{ instance, axes, dataGroup, selectionMetric, level, folds, metrics }];
  });
}

/** The evaluation and the group that a common group is in each run. */
export function groupsByKey(
  evaluations: readonly EvaluationData[],
  areChosen: boolean,
): Map<string, { instance: string; group: EvaluatedGroupData }> {
  return new Map(
    evaluations.flatMap(({ instance, groups }) =>
      groups.map((group) =>
        [groupKey({ instance, ...group }, areChosen), { instance, group }] as const
      )
    ),
  );
}

export function groupKey(
  { instance, axes, dataGroup, selectionMetric, level }: Pick<
    CommonGroup,
    "instance" | "axes" | "dataGroup" | "selectionMetric" | "level"
  >,
  areChosen: boolean,
): string {
  const place = areChosen ? [] : [instance, axes];
  return JSON.stringify([...place, dataGroup, selectionMetric, level]);
}

function describe(group: EvaluatedGroupData | undefined, metric: string): ComparedMetric | null {
  const summary = group?.summary[metric];
  if (!group || !summary) return null;
  const valueOf = ({ metrics }: FoldData) => metrics[metric]?.value ?? null;
  return {
    ...summary,
    pooled: group.pooled.metrics[metric],
    folds: Object.fromEntries(group.folds.map((fold) => [fold.fold, valueOf(fold)])),
  };
}
