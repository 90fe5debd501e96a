/** What samplers share. */
import type { Assignment, SearchParameter } from "../space.ts";

/** What a sampler knows of an earlier trial. */
export interface Observation {
  values: Assignment;
  /** Smaller is better. Absent of a failed trial. */
  loss?: number;
  /** The epoch after which it was pruned, where `loss` is its best until then. */
  prunedAfter?: number;
}

/**
 * Values of trial `number`, counted from 0: a function of its arguments alone.
 *
 * @param earlier the trials that it may know, in order
 */
export type Sampler = (
  parameters: readonly SearchParameter[],
  seed: number,
  number: number,
  earlier: readonly Observation[],
) => Assignment;
