/** Pruners: whether a trial goes on after some epochs. */
import type { PrunerSpec, Stages } from "../workflow/search.ts";

/** Losses of another trial after each stage that it reached; smaller is better. */
export interface JudgedTrial {
  losses: readonly number[];
  /** Whether it reached the last stage. */
  completed: boolean;
}

/** The median pruner lets every trial pass until so many have been completed, as Optuna's does. */
const MEDIAN_STARTUP_TRIALS = 5;

/** Epochs after which a trial is judged, ascending; the last is its end. */
export function stagesOf({ min, max, eta }: Stages): number[] {
  const epochs: number[] = [];
  for (let stage = min; stage < max; stage *= eta) epochs.push(stage);
  return [...epochs, max];
}

/**
 * Whether a trial with this loss after a stage goes on to the next one.
 *
 * `asha` (Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020) lets the
 * best of every `eta` trials go on, in the order of trials: a trial is compared with those before it, and
 * later ones don't change what was decided. `median` (Golovin et al., "Google Vizier", KDD 2017)
 * stops a trial that is worse than the median of those completed.
 *
 * @param earlier the trials that it may know
 */
export function goesOn(
  pruner: PrunerSpec,
  stage: number,
  loss: number,
  earlier: readonly JudgedTrial[],
): boolean {
  if (pruner.kind === "none") return true;
  if (pruner.kind === "median") {
    const completed = earlier.filter((trial) => trial.completed);
    if (completed.length < MEDIAN_STARTUP_TRIALS) return true;
    return loss <= median(completed.map(({ losses }) => losses[stage]));
  }
  const rivals = earlier.filter(({ losses }) => losses.length > stage);
  const places = Math.max(1, Math.floor((rivals.length + 1) / pruner.stages.eta));
  // Of equals the earlier one is ahead.
  return rivals.filter(({ losses }) => losses[stage] <= loss).length < places;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : 0.5 * (sorted[middle - 1] + sorted[middle]);
}
