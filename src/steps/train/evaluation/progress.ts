/** What displays, logs and live curves show of a training. */
import type { EvaluationRow } from "../trained_network.ts";
import type { TrainingContext } from "../training_data.ts";

export interface EvaluatedGroup {
  /** Indices of the networks. */
  group: readonly number[];
  /** The newest row of each network. */
  rows: readonly EvaluationRow[];
  /** Part of the training that is done. */
  fraction: number;
  /** Part of the epoch that is done. */
  part: number;
  imagesPerSecond: number;
}

/** Reports an evaluation: one event with the means over a group's networks, and a line of the log. */
export function reportEvaluation(
  context: TrainingContext,
  { group, rows, fraction, part, imagesPerSecond }: EvaluatedGroup,
): void {
  const { params } = context;
  const { epoch } = rows[0];
  const metrics: Record<string, number> = {
    epoch: epoch + part,
    images_per_second: imagesPerSecond,
  };
  for (const set of ["train", "valid"] as const) {
    for (const name of ["loss", "BA", "MAE"].filter((name) => name in rows[0][set])) {
      metrics[`${name}_${set}`] = mean(rows.map((row) => row[set][name]));
    }
  }
  const validation = metrics.loss_valid.toFixed(4);
  const loss = "loss_train" in metrics
    ? `loss ${metrics.loss_train.toFixed(4)}, validation ${validation}`
    : `validation loss ${validation}`;
  const networks = params.multi_network ? `networks ${group[0]} to ${group.at(-1)}, ` : "";
  const batch = part < 1 ? `, batch ${rows[0].iteration + 1}` : "";
  const message = `${networks}epoch ${epoch + 1}/${params.epochs}${batch}: ${loss}`;
  context.progress({ fraction, message, metrics });
  context.log(message);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
