/** The value of a search's metric in the results of a trial. */
import { readEvaluation } from "../artifacts/evaluation.ts";
import { openArtifact } from "../engine/store/artifact.ts";
import type { OutputRef } from "../engine/store/record.ts";
import type { Store } from "../engine/store/store.ts";
import { DataError } from "../errors.ts";
import type { EvaluatedGroup, Evaluation } from "../evaluation/evaluate.ts";
import { isBetter } from "../evaluation/selection.ts";
import { columnIndices, readTsv } from "../formats/tsv.ts";
import type { Artifact } from "../workflow/step.ts";

export interface MetricValue {
  value: number;
  /** The best value so far after each epoch; empty of an evaluation. */
  curve: readonly number[];
}

/**
 * The mean of a metric over the results of a step's instances, such as folds.
 *
 * @throws {DataError} when a result has no such metric
 */
export async function readMetric(
  store: Store,
  refs: readonly OutputRef[],
  metric: string,
): Promise<MetricValue> {
  const curves: number[][] = [];
  for (const ref of refs) {
    const artifact = openArtifact(store, ref);
    if (ref.type === "model") curves.push(...await modelCurves(artifact, metric));
    else curves.push([await evaluatedValue(artifact, metric)]);
  }
  const curve = meanCurve(curves);
  return { value: curve[curve.length - 1], curve: refs[0]?.type === "model" ? curve : [] };
}

/** Of each network, its best value on the validation set after each epoch. */
async function modelCurves(model: Artifact, metric: string): Promise<number[][]> {
  const curves: number[][] = [];
  for (const { path } of model.files) {
    if (!/^(network-\d+\/)?training\.tsv$/.test(path)) continue;
    const table = readTsv(await model.read(path), path);
    const at = columnIndices(table, ["epoch", `${metric}_valid`], path);
    // The last row of an epoch is its end, where the best network is chosen.
    const byEpoch = new Map(
      table.rows.map((row) => [row[at.epoch], Number(row[at[`${metric}_valid`]] ?? NaN)]),
    );
    let best: number | undefined;
    curves.push([...byEpoch.values()].map((value) => {
      if (isBetter(metric, value, best)) best = value;
      return best ?? NaN;
    }));
  }
  if (curves.length === 0) throw new DataError("model", "it has no training.tsv");
  return curves;
}

/** The mean over folds, at the level of images where there are several levels. */
async function evaluatedValue(artifact: Artifact, metric: string): Promise<number> {
  const { summary } = topGroup(await readEvaluation(artifact), metric);
  return summary[metric].mean ?? NaN;
}

/**
 * The only result of an evaluation at the level of images where there are several levels; of several selection
 * metrics that of the metric itself.
 *
 * @throws {DataError} when there are other results, or it has no such metric
 */
export function topGroup({ groups }: Evaluation, metric: string): EvaluatedGroup {
  const images = groups.filter(({ level }) => level === "image");
  const highest = images.length > 0 ? images : groups;
  const chosen = highest.filter(({ selection_metric }) => selection_metric === metric);
  const top = chosen.length > 0 ? chosen : highest;
  if (top.length !== 1) {
    const names = top.map(({ axes, selection_metric, data_group }) =>
      [...Object.entries(axes).map((pair) => pair.join("=")), selection_metric, data_group].join(
        " ",
      )
    );
    throw new DataError(
      "the evaluation",
      `a search needs one result, and it has ${top.length}: ${names.join("; ")}`,
    );
  }
  const [group] = top;
  if (!Object.hasOwn(group.summary, metric)) {
    const known = Object.keys(group.summary).join(", ");
    throw new DataError("the evaluation", `it has no metric "${metric}"; known: ${known}`);
  }
  return group;
}

/** Curves that ended early keep their last value. */
function meanCurve(curves: readonly (readonly number[])[]): number[] {
  const length = Math.max(...curves.map((curve) => curve.length));
  return Array.from(
    { length },
    (_, epoch) =>
      curves.reduce((sum, curve) => sum + curve[Math.min(epoch, curve.length - 1)], 0) /
      curves.length,
  );
}
