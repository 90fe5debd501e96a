/** A comparison of runs as `gyrus compare` prints it. */
import type { Writable } from "../../formats/tsv.ts";
import type {
  ComparedGroup,
  ComparedMetric,
  ComparisonData,
  PairData,
  PairedMetric,
} from "../../report/data.ts";
import { countText, tableText } from "../quantity.ts";

/** Metrics of the tables; JSON has all. */
const SHOWN = /^(accuracy|BA|ROC_AUC|sensitivity|specificity|MAE|RMSE|R2_score)(-\d+)?$/;

export function comparisonLines(comparison: ComparisonData, width: number): string[] {
  const { runs, params, changes, groups } = comparison;
  const letters = runs.map(({ letter }) => letter);
  const lines = tableText(
    runs.map(({ letter, id, workflow }) => [letter, id, workflow]),
    [],
    width,
  );
  if (params.length > 0) {
    const rows = params.map(({ name, values }) => [name, ...values.map((value) => value ?? "–")]);
    lines.push("", ...tableText([["parameter", ...letters], ...rows], [], width));
  }
  for (const [index, { added, removed }] of changes.entries()) {
    if (removed.length > 0) lines.push("", `only in A, not in ${letters[index + 1]}: ${removed}`);
    if (added.length > 0) lines.push("", `only in ${letters[index + 1]}, not in A: ${added}`);
  }
  for (const group of groups) {
    lines.push("", groupText(group), ...tableText(metricRows(group, letters), [], width));
    for (const pair of group.pairs) {
      if (pair.refused !== null) continue;
      const people = countText(pair.participants, "participant");
      lines.push("", `${letters[pair.run]} − A on ${people}, one prediction each`);
      lines.push(...tableText(pairRows(pair, letters[pair.run]), [], width));
    }
  }
  if (groups.length === 0) lines.push("", "no evaluation is in the first run and in another one");
  return lines;
}

function groupText({ instance, axes, dataGroup, level, selectionMetric }: ComparedGroup): string {
  const parts = [axes, dataGroup, `${level} level`, `selected by ${selectionMetric}`];
  return `${instance} (${parts.filter((part) => part !== "").join(", ")})`;
}

/** The mean over splits, then each split. */
function metricRows({ metrics, folds }: ComparedGroup, letters: readonly string[]): string[][] {
  const several = folds.length > 1;
  const rows = metrics.filter(({ metric }) => SHOWN.test(metric)).flatMap(({ metric, runs }) => [
    [metric, ...several ? ["mean ± sd"] : [], ...runs.map(meanText)],
    ...several
      ? folds.map((fold) => [metric, fold, ...runs.map((run) => scoreText(run?.folds[fold]))])
      : [],
  ]);
  return [["metric", ...several ? ["split"] : [], ...letters], ...rows];
}

function meanText(metric: ComparedMetric | null): string {
  if (metric === null) return "–";
  const { mean, sd, pooled } = metric;
  if (sd !== null) return `${scoreText(mean)} ± ${scoreText(sd)}`;
  return pooled.lower === null
    ? scoreText(mean)
    : `${scoreText(mean)} ${boundsText(pooled.lower, pooled.upper)}`;
}

/** One row a metric and test. */
function pairRows({ metrics }: PairData, letter: string): string[][] {
  const rows = metrics.flatMap((metric) => {
    const scores = [
      metric.metric,
      scoreText(metric.first),
      scoreText(metric.second),
      differenceText(metric),
    ];
    const [first, ...rest] = metric.tests.map(({ test, p, adjusted }) => [
      test,
      probabilityText(p),
      probabilityText(adjusted),
    ]);
    return [[...scores, ...first ?? []], ...rest.map((test) => ["", "", "", "", ...test])];
  });
  return [["metric", "A", letter, "difference", "test", "p", "p (Holm)"], ...rows];
}

function differenceText({ difference, lower, upper }: PairedMetric): string {
  if (difference === null) return "–";
  const text = difference > 0 ? `+${scoreText(difference)}` : scoreText(difference);
  return lower === null ? text : `${text} ${boundsText(lower, upper)}`;
}

function boundsText(lower: number, upper: number | null): string {
  return `[${scoreText(lower)}, ${upper === null ? "∞" : scoreText(upper)}]`;
}

function scoreText(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toFixed(3);
}

function probabilityText(p: number | null): string {
  if (p === null) return "–";
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

/** A head, then one row a group, pair of runs, metric and test. */
export function differenceRows({ runs, groups }: ComparisonData): Writable[][] {
  const head = [
    "instance",
    "axes",
    "data_group",
    "selection_metric",
    "first_run",
    "second_run",
    "participants",
    "metric",
    "first",
    "second",
    "difference",
    "lower",
    "upper",
    "test",
    "statistic",
    "p",
    "p_holm",
  ];
  const rows = groups.flatMap(({ instance, axes, dataGroup, selectionMetric, pairs }) =>
    pairs.flatMap(({ run, participants, metrics }) =>
      metrics.flatMap(({ metric, first, second, difference, lower, upper, tests }) => {
        const found = tests.length > 0 ? tests : [NO_TEST];
        return found.map(({ test, statistic, p, adjusted }): Writable[] => [
          instance,
          axes,
          dataGroup,
          selectionMetric,
          runs[0].id,
          runs[run].id,
          participants,
          metric,
          first,
          second,
          difference,
          lower,
          upper,
          test,
          statistic,
          p,
          adjusted,
        ]);
      })
    )
  );
  return [head, ...rows];
}

const NO_TEST = { test: null, statistic: null, p: null, adjusted: null };

/** A head, then one row a group, metric, run and split; `mean`, `sd` and `pooled` are of all splits. */
export function foldRows({ runs, groups }: ComparisonData): Writable[][] {
  const head = [
    ...["instance", "axes", "data_group", "selection_metric", "level"],
    ...["metric", "run", "split", "value", "lower", "upper"],
  ];
  const rows = groups.flatMap(({ instance, axes, dataGroup, selectionMetric, level, metrics }) =>
    metrics.flatMap(({ metric, runs: ofRuns }) =>
      ofRuns.flatMap((found, index): Writable[][] => {
        if (found === null) return [];
        const { folds, mean, sd, pooled } = found;
        const place = [instance, axes, dataGroup, selectionMetric, level, metric, runs[index].id];
        return [
          ...Object.entries(folds).map(([fold, value]) => [...place, fold, value, null, null]),
          [...place, "mean", mean, null, null],
          [...place, "sd", sd, null, null],
          [...place, "pooled", pooled.value, pooled.lower, pooled.upper],
        ];
      })
    )
  );
  return [head, ...rows];
}
