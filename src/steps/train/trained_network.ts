/** One network of a training: its history, its best weights and early stopping. */
import { isBetter, smallerIsBetter } from "../../evaluation/selection.ts";
import type { Network } from "../../nn/network.ts";
import type { NetworkState } from "../../nn/state_dict.ts";
import type { Blob } from "../../workflow/step.ts";
import { itemsOf } from "../model/element_data.ts";
import type { TrainingParams } from "./parameters.ts";
import type { TrainingContext, TrainingData } from "./training_data.ts";

/** One evaluation, a row of `training.tsv`. */
export interface EvaluationRow {
  epoch: number;
  /** Index in the epoch of the batch after which it was made. */
  iteration: number;
  /** Metrics by name; of the training set none with `training_curve = "validation"`. */
  train: Readonly<Record<string, number>>;
  valid: Readonly<Record<string, number>>;
}

export interface Best {
  epoch: number;
  value: number;
  /** Stored weights, under PyTorch's names. */
  weights: Blob;
  /** Outputs for every item from {@link firstEvaluated} on; see `encodeOutputs`. */
  outputs: Blob;
}

/** Everything but tensors that a checkpoint holds of a network; plain JSON under these names. */
export interface TrainingHistory {
  /** Epochs that are trained to their end. */
  epochs: number;
  rows: EvaluationRow[];
  /** Loss of every batch, an array an epoch, with `log_iterations`. */
  iterations: number[][];
  /** By selection metric. */
  best: Record<string, Best>;
  /** Weights after each epoch, with `save_all_models`. */
  all: Blob[];
  /** Best value of the stopping metric, epochs in a row without a better one, and whether these were too many. */
  stopping: { best: number | null; worse: number; stopped: boolean };
}

export interface TrainedNetwork {
  /** Index of its element with `multi_network`, else 0. */
  readonly index: number;
  readonly network: Network;
  /** Computes or reads the initial weights; those of all networks may not fit the memory. */
  initialState(): Promise<NetworkState>;
  readonly history: TrainingHistory;
}

/** The first sample that evaluations cover: of the training set, or of the validation set. */
export function firstEvaluated({ params }: TrainingContext, { training }: TrainingData): number {
  return params.training_curve === "validation" ? training : 0;
}

/** Items of each network from sample `first` on: training samples come before validation samples. */
export function itemsOfNetworks(
  { params }: TrainingContext,
  { samples, images }: TrainingData,
  networks: readonly TrainedNetwork[],
  first = 0,
): Uint32Array<ArrayBuffer>[] {
  return networks.map(({ index }) =>
    itemsOf(
      first,
      samples.length - first,
      images.elements.length,
      params.multi_network ? index : undefined,
    )
  );
}

export function newHistory(): TrainingHistory {
  return {
    epochs: 0,
    rows: [],
    iterations: [],
    best: {},
    all: [],
    stopping: { best: null, worse: 0, stopped: false },
  };
}

/** Metrics for which the newest row is the best so far: strictly, so that ties keep the earlier. */
export function improvedMetrics(history: TrainingHistory, metrics: readonly string[]): string[] {
  const { valid } = history.rows[history.rows.length - 1];
  return metrics.filter((metric) => isBetter(metric, valid[metric], history.best[metric]?.value));
}

/**
 * ClinicaDL's early stopping, by any metric: a loss is better below best x (1 - tolerance), a metric of
 * which more is better above best + tolerance |best|; `patience` epochs in a row without a better one
 * stop the training. Patience 0 never does. NaN is never better.
 */
export function updateStopping(
  { stopping }: Pick<TrainingHistory, "stopping">,
  valid: EvaluationRow["valid"],
  { stopping_metric = "loss", patience, tolerance }: Pick<
    TrainingParams,
    "stopping_metric" | "patience" | "tolerance"
  >,
): void {
  if (patience === 0) return;
  const value = valid[stopping_metric];
  const { best } = stopping;
  const isFirst = best === null && !Number.isNaN(value);
  const smaller = smallerIsBetter(stopping_metric);
  const isRaised = best !== null && (best < 0) === smaller;
  const bound = best === null ? NaN : best * (isRaised ? 1 + tolerance : 1 - tolerance);
  if (isFirst || (smaller ? value < bound : value > bound)) {
    stopping.best = value;
    stopping.worse = 0;
  } else {
    stopping.worse++;
    stopping.stopped = stopping.worse >= patience;
  }
}
