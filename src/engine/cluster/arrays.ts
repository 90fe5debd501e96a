/** Which instances are submitted together, and what each array waits for. */
import type { Instance } from "../../workflow/graph.ts";
import { isQuick } from "../../workflow/step.ts";
import { isPending } from "../plan/planned_instance.ts";
import type { Plan } from "../plan/plan.ts";
import { producersOf } from "../plan/select.ts";
import type { Dependency, JobPlace, JobRequest } from "./job_scheduler.ts";
import { instancesOfJob } from "./together.ts";

/** An instance that is about to be submitted. */
export interface Candidate {
  instance: Instance;
  /** In the frozen plan. */
  position: number;
  /** Among the instances of its step. */
  order: number;
  request: JobRequest;
  /** What it is expected to take, where that is known. */
  seconds?: number;
  /** Instances whose jobs must end first. */
  after: readonly string[];
}

export interface CandidateArray {
  request: JobRequest;
  /** Those with one index are computed by one job, one after the other. */
  tasks: readonly { candidate: Candidate; index: number }[];
  after: readonly ArrayDependency[];
}

export type ArrayDependency =
  /** Number of an array of the same submission. */
  | { on: "array"; array: number; kind: "all" | "same-index" }
  | { on: "job"; place: JobPlace };

/**
 * One array a step, or several where the request or what is waited for differs or the array is too long.
 * An instance has the index of its place in the step's matrix, so that arrays of equal axes can wait for
 * each other index by index; where instances are short, neighbours share an index.
 *
 * @param candidates in the workflow's order
 * @param placeOf jobs of earlier submissions that are not over
 * @param size jobs of an array at most
 */
export function planArrays(
  candidates: readonly Candidate[],
  placeOf: (instance: string) => JobPlace | undefined,
  size: number,
): CandidateArray[] {
  const arrays: (CandidateArray & { tasks: { candidate: Candidate; index: number }[] })[] = [];
  const placed = new Map<string, { array: number; index: number; step: string }>();
  for (const ofStep of Map.groupBy(candidates, ({ instance }) => instance.step).values()) {
    const together = togetherOf(ofStep);
    const numberOf = ({ order }: Candidate) => Math.floor(order / together);
    const indexOf = (candidate: Candidate) => numberOf(candidate) % size;
    // A step waits index by index for another if each of its instances needs just that one there.
    const pairs = new Map<string, boolean>();
    for (const candidate of ofStep) {
      const found = candidate.after.flatMap((name) => placed.get(name) ?? []);
      for (const [step, partners] of Map.groupBy(found, ({ step }) => step)) {
        const isPair = partners.length === 1 && partners[0].index === indexOf(candidate);
        pairs.set(step, isPair && pairs.get(step) !== false);
      }
    }
    const groups = new Map<string, number>();
    for (const candidate of ofStep) {
      const after = dependenciesOf(candidate, placed, pairs, placeOf);
      const chunk = Math.floor(numberOf(candidate) / size);
      const key = JSON.stringify([chunk, candidate.request, after]);
      let number = groups.get(key);
      if (number === undefined) {
        number = arrays.length;
        groups.set(key, number);
        arrays.push({ request: candidate.request, tasks: [], after });
      }
      arrays[number].tasks.push({ candidate, index: indexOf(candidate) });
    }
    for (const number of groups.values()) {
      for (const { candidate, index } of arrays[number].tasks) {
        const { name, step } = candidate.instance;
        placed.set(name, { array: number, index, step });
      }
    }
  }
  return arrays;
}

function togetherOf(ofStep: readonly Candidate[]): number {
  const isKnown = ofStep.every(({ seconds }) => seconds !== undefined);
  return instancesOfJob(
    ofStep.length,
    isKnown ? Math.max(...ofStep.map(({ seconds }) => seconds!)) : undefined,
    Math.min(...ofStep.map(({ request }) => request.time ?? Infinity)),
  );
}

function dependenciesOf(
  { after }: Candidate,
  placed: ReadonlyMap<string, { array: number; step: string }>,
  pairs: ReadonlyMap<string, boolean>,
  placeOf: (instance: string) => JobPlace | undefined,
): ArrayDependency[] {
  const found = new Map<string, ArrayDependency>();
  for (const name of after) {
    const own = placed.get(name);
    const place = own ? undefined : placeOf(name);
    if (own) {
      const kind = pairs.get(own.step) ? "same-index" : "all";
      found.set(`array ${own.array}`, { on: "array", array: own.array, kind });
    } else if (place) found.set(`job ${place.job} ${place.index}`, { on: "job", place });
  }
  return [...found.values()];
}

/** What the scheduler is asked to wait for, once it has named the arrays. */
export function nameDependencies(
  after: readonly ArrayDependency[],
  jobs: readonly (string | undefined)[],
): Dependency[] {
  const named: Dependency[] = [];
  const elements = new Map<string, number[]>();
  for (const dependency of after) {
    if (dependency.on === "array") {
      named.push({ kind: dependency.kind, job: jobs[dependency.array]! });
      continue;
    }
    const { job, index } = dependency.place;
    const indices = elements.get(job) ?? [];
    elements.set(job, indices);
    indices.push(index);
  }
  for (const [job, indices] of elements) named.push({ kind: "all", job, indices });
  return named;
}

/**
 * Instances with jobs that must end before an instance can run; cheap steps between them run in whatever
 * job needs them.
 */
export function jobsBefore(instance: Instance, plan: Plan): string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  const visit = (current: Instance): void => {
    for (const name of producersOf(current)) {
      const planned = plan.byName.get(name)!;
      if (seen.has(name) || !isPending(planned)) continue;
      seen.add(name);
      if (isQuick(planned.instance)) visit(planned.instance);
      else found.add(name);
    }
  };
  visit(instance);
  return [...found];
}
