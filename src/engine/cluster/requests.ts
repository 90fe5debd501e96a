/** What a job asks its scheduler for, at first and after it got too little. */
import type { ClusterExecutor, Instance } from "../../workflow/graph.ts";
import { type Estimate, runPlace } from "../../workflow/step.ts";
import type { JobRequest } from "./job_scheduler.ts";

/** What an earlier run needed is asked for with so much to spare: data differ. */
const SPARE = 1.5;
/** Seconds that starting the program may take on a busy file system. */
const START_SECONDS = 300;
/** Processors of a step that can use many, where neither it nor the profile names a number. */
const USUAL_CPUS = 4;
/** Without `max_memory` and `max_time`, an instance gets at most so many times its first request. */
const MOST = 4;

/**
 * The step's `resources`; without them the profile's values, or more where an earlier run needed more.
 * What nothing names is left to the scheduler.
 */
export function firstRequest(
  instance: Instance,
  estimate: Estimate,
  profile: ClusterExecutor,
): JobRequest {
  const { kind, execution: { resources } } = instance;
  const isUnnamed = resources.cpu === (kind.cpu ?? 1);
  const memory = resources.memory ??
    largest(profile.memory, estimate.memoryBytes && estimate.memoryBytes * SPARE);
  const time = resources.time ??
    largest(profile.time, estimate.seconds && estimate.seconds * SPARE + START_SECONDS);
  return {
    cpu: isUnnamed ? profile.cpu ?? Math.min(resources.cpu, USUAL_CPUS) : resources.cpu,
    gpu: runPlace(instance) === "device" ? resources.gpu : 0,
    ...bounded("memory", memory, resources.memory ?? profile.max_memory),
    ...bounded("time", time, resources.time ?? profile.max_time),
  };
}

function largest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? a ?? b : Math.max(a, b);
}

function bounded<Name extends "memory" | "time">(
  name: Name,
  value: number | undefined,
  most = Infinity,
): { [N in Name]?: number } {
  if (value === undefined) return {};
  return { [name]: Math.min(value, most) } as { [N in Name]?: number };
}

/**
 * Twice as much as the last request, at most the profile's limit.
 *
 * @param first what the instance asked for at first
 * @returns undefined when it had the most already, or when nothing was asked for
 */
export function doubled(
  name: "memory" | "time",
  last: JobRequest,
  first: JobRequest,
  profile: ClusterExecutor,
): JobRequest | undefined {
  const had = last[name];
  if (had === undefined) return undefined;
  const most = profile[`max_${name}`] ?? MOST * first[name]!;
  const next = Math.min(2 * had, most);
  return next > had ? { ...last, [name]: next } : undefined;
}
