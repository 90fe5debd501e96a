/** How many short instances of a step one job computes: a job that takes seconds costs more than it does. */

/** What the instances of a job may take together, from their estimates; seconds. */
const JOB_SECONDS = 120;
/** Jobs that a step has at least, so that many nodes still have work. */
const LEAST_JOBS = 64;
/** Estimates are no shorter than this; seconds. */
const SHORTEST = 0.1;

/**
 * @param count instances of the step that are submitted
 * @param seconds the longest estimate among them; undefined when one has none
 * @param time what a job may take; seconds
 */
export function instancesOfJob(
  count: number,
  seconds: number | undefined,
  time = Infinity,
): number {
  if (seconds === undefined) return 1;
  // Data differ, and the program has to start: a quarter of the limit is used.
  const fitting = Math.min(JOB_SECONDS, time / 4) / Math.max(SHORTEST, seconds);
  return Math.max(1, Math.min(Math.floor(fitting), Math.ceil(count / LEAST_JOBS)));
}
