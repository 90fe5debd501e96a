/** Tables of an evaluation: a column a metric for people, a row a metric for programs. */
import type { EvaluatedGroup, Evaluation, Result } from "../../evaluation/evaluate.ts";
import { type Writable, writeTsv } from "../../formats/tsv.ts";

const GROUP_COLUMNS = ["data_group", "selection_metric", "level"] as const;

/** One row a fold, then `pooled`, `mean` and `sd` over folds; one column a metric. */
export function writeMetrics({ groups }: Evaluation): string {
  const axes = Object.keys(groups[0].axes);
  const metrics = Object.keys(groups[0].pooled.metrics);
  const rows = groups.flatMap((group) => {
    const row = (fold: string, participants: number | null, value: (name: string) => number) => [
      ...groupCells(group),
      fold,
      participants,
      ...metrics.map(value),
    ];
    return [
      ...resultsOf(group).map(([fold, { participants, metrics }]) =>
        row(fold, participants, (name) => metrics[name].value)
      ),
      row("mean", null, (name) => group.summary[name].mean),
      row("sd", null, (name) => group.summary[name].sd),
    ];
  });
  return writeTsv([...axes, ...GROUP_COLUMNS, "fold", "participants", ...metrics], rows);
}

/** One row a fold (or `pooled`) and metric. */
export function writeIntervals({ groups }: Evaluation): string {
  const columns = [
    ...Object.keys(groups[0].axes),
    ...GROUP_COLUMNS,
    "fold",
    "metric",
    "value",
    "lower",
    "upper",
    "standard_error",
    "undefined_resamples",
  ];
  const rows = groups.flatMap((group) =>
    resultsOf(group).flatMap(([fold, { metrics }]) =>
      Object.entries(metrics).map(([name, metric]): Writable[] => [
        ...groupCells(group),
        fold,
        name,
        metric.value,
        metric.lower,
        metric.upper,
        metric.standard_error,
        metric.undefined_resamples,
      ])
    )
  );
  return writeTsv(columns, rows);
}

function groupCells(group: EvaluatedGroup): Writable[] {
  return [...Object.values(group.axes), ...GROUP_COLUMNS.map((column) => group[column])];
}

function resultsOf({ folds, pooled }: EvaluatedGroup): [string, Result][] {
  return [...folds.map(({ fold, result }): [string, Result] => [fold, result]), ["pooled", pooled]];
}
