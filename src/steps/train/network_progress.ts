/** One network of a training: its curve, its best weights, and when it stops. */
import { isBetter } from "../../evaluation/selection.ts";
import type { Network } from "../../nn/network.ts";
import type { NetworkState } from "../../nn/state_dict.ts";
import type { Blob } from "../../workflow/step.ts";
import { itemsOf } from "../model/element_data.ts";
import type { TrainingContext, TrainingSetup } from "./setup.ts";

/** One evaluation, a row of `training.tsv`. */
export interface EvaluationRow {
  epoch: number;
  /** Index in the epoch of the batch after which it was made. */
  iteration: number;
  train: Readonly<Record<string, number>>;
  valid: Readonly<Record<string, number>>;
}

export interface Best {
  epoch: number;
  value: number;
  /** Stored weights, under PyTorch's names. */
  weights: Blob;
  /** What they say of every training item, then of every validation item; see `encodeOutputs`. */
  outputs: Blob;
}

/** What a checkpoint holds of a member beside its tensors; plain JSON. */
export interface MemberRecord {
  /** Whole epochs that are trained. */
  epochs: number;
  rows: EvaluationRow[];
  /** Loss of every batch, an array an epoch, when asked for. */
  iterations: number[][];
  best: Record<string, Best>;
  /** Weights after each epoch, when all are kept. */
  all: Blob[];
  stopping: { best: number | null; worse: number; stopped: boolean };
}

export interface Member {
  /** Index of its element with `multi_network`, else 0. */
  readonly index: number;
  readonly network: Network;
  /** Weights to begin with; made when asked for, since many networks would not fit the memory. */
  initial(): Promise<NetworkState>;
  readonly record: MemberRecord;
}

/** Items of each member: of the training samples, then of those that validate. */
export function itemsOfMembers(
  { params }: TrainingContext,
  { samples, images }: TrainingSetup,
  members: readonly Member[],
): Uint32Array<ArrayBuffer>[] {
  return members.map(({ index }) =>
    itemsOf(0, samples.length, images.elements.length, params.multi_network ? index : undefined)
  );
}

export function newRecord(): MemberRecord {
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
export function improved(record: MemberRecord, metrics: readonly string[]): string[] {
  const { valid } = record.rows[record.rows.length - 1];
  return metrics.filter((metric) => isBetter(metric, valid[metric], record.best[metric]?.value));
}

/**
 * ClinicaDL's early stopping: a loss is better below best x (1 - tolerance); `patience` epochs in a
 * row without a better one stop the training. Patience 0 never does.
 */
export function observeStopping(
  { stopping }: MemberRecord,
  loss: number,
  patience: number,
  tolerance: number,
): void {
  if (patience === 0) return;
  if (stopping.best === null || loss < stopping.best * (1 - tolerance)) {
    stopping.best = loss;
    stopping.worse = 0;
  } else {
    stopping.worse++;
    stopping.stopped = stopping.worse >= patience;
  }
}
