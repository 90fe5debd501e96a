/** Trials of a search and what became of them. */
import type { Assignment } from "./space.ts";

export interface Trial {
  /** From 0. */
  number: number;
  values: Assignment;
  state: "complete" | "pruned" | "failed";
  /** Of the metric; absent of a failed trial. */
  value?: number;
  /** The best value so far after each epoch, where it is known. */
  curve: readonly number[];
  /** Epochs that it was trained for, where a pruner sets them. */
  epochs?: number;
  /** Values after the stages that it reached. */
  stages: readonly number[];
  /** Why it failed. */
  reason?: string;
}

/** The metric as a loss: smaller is better. */
export function lossOf(goal: "minimize" | "maximize", value: number): number {
  return goal === "minimize" ? value : -value;
}

/** Completed trials, best first, then pruned ones, then failed ones; equals in their order. */
export function rankTrials(
  trials: readonly Trial[],
  goal: "minimize" | "maximize",
): Trial[] {
  const states = ["complete", "pruned", "failed"];
  return trials.toSorted((a, b) =>
    states.indexOf(a.state) - states.indexOf(b.state) ||
    lossOf(goal, a.value ?? 0) - lossOf(goal, b.value ?? 0) || a.number - b.number
  );
}

/** The best completed trial. */
export function bestTrial(
  trials: readonly Trial[],
  goal: "minimize" | "maximize",
): Trial | undefined {
  return rankTrials(trials, goal).find(({ state }) => state === "complete");
}
