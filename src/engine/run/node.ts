/** The instances of a run, and what becomes of them. */
import { type Blob, isQuick, runPlace } from "../../workflow/step.ts";
import type { Instance } from "../../workflow/graph.ts";
import type { Counts, Outcome } from "../plan/events.ts";
import type { OutputRefs } from "../plan/keying.ts";
import type { Plan } from "../plan/plan.ts";
import { isPending, type PlannedInstance } from "../plan/planned_instance.ts";
import type { Reason } from "../plan/reason.ts";
import type { Demand } from "./pools.ts";
import { producersOf } from "../plan/select.ts";
import type { Task } from "../task/task.ts";

/**
 * An instance during a run. Its state follows from three fields:
 *
 * | state | `outcome` | `waiting` | `recomputeFor` |
 * |---|---|---|---|
 * | waits for its producers | none | > 0 | |
 * | queued, running, or waiting for a lease | none | 0 | |
 * | finished | set | 0 | |
 * | finished before, and runs again | none | 0 | set |
 */
export interface Node {
  planned: PlannedInstance;
  /** Position in the workflow, which decides between equals. */
  order: number;
  demand: Demand;
  /** See {@link isQuick}. */
  quick: boolean;
  /** Estimated seconds of the longest path from here to the end. */
  priority: number;
  /** Producers that must finish first. */
  waiting: number;
  consumers: Node[];
  outcome?: Outcome;
  key?: string;
  outputs?: OutputRefs;
  /** Where its record was copied from, such as the address of a shared cache. */
  from?: string;
  /** ISO 8601, UTC. */
  started?: string;
  finished?: string;
  seconds?: number;
  message?: string;
  logPath?: string;
  /** Why it was executed; the plan's reasons until then. */
  reasons?: readonly Reason[];
  /** Consumers that found its outputs missing or corrupt, and wait until it has run again. */
  recomputeFor?: Node[];
  /** Of the last execution, for what a failure keeps. */
  failure?: { task: Task; stored: Blob[] };
  /** Times that it had its inputs computed again. */
  recomputes: number;
}

/** A node for each planned instance by name, linked to its consumers. */
export function buildNodes(
  plan: Plan,
  demandOf: (instance: Instance) => Demand,
): Map<string, Node> {
  const nodes = new Map<string, Node>();
  for (const [order, planned] of plan.instances.entries()) {
    nodes.set(planned.instance.name, {
      planned,
      order,
      demand: demandOf(planned.instance),
      quick: isQuick(planned.instance),
      priority: 0,
      waiting: 0,
      consumers: [],
      recomputes: 0,
    });
  }
  for (const node of nodes.values()) {
    for (const name of producersOf(node.planned.instance)) {
      nodes.get(name)!.consumers.push(node);
      node.waiting++;
    }
  }
  for (const node of [...nodes.values()].reverse()) {
    const own = isPending(node.planned) ? node.planned.estimate.seconds ?? 1 : 0;
    const after = node.consumers.reduce((most, next) => Math.max(most, next.priority), 0);
    node.priority = own + after;
  }
  return nodes;
}

export function countOutcomes(nodes: ReadonlyMap<string, Node>): Counts {
  const counts: Counts = { cached: 0, done: 0, failed: 0, skipped: 0 };
  for (const { outcome } of nodes.values()) {
    if (outcome === "cached" || outcome === "done" || outcome === "failed") counts[outcome]++;
    else if (outcome === "skipped" || outcome === "interrupted") counts.skipped++;
  }
  return counts;
}

/**
 * Keys of what is done, by instance.
 *
 * @param earlier keys of the last run, which stay for instances that this run is not about
 */
export function keysOf(
  nodes: ReadonlyMap<string, Node>,
  earlier: Readonly<Record<string, string>>,
): Record<string, string> {
  const keys: Record<string, string> = {};
  for (const [name, { key, outputs, outcome }] of nodes) {
    if (key !== undefined && outputs) keys[name] = key;
    else if (outcome === "unwanted" && Object.hasOwn(earlier, name)) keys[name] = earlier[name];
  }
  return keys;
}

export function whySkipped(node: Node, nodes: ReadonlyMap<string, Node>): string {
  for (const name of producersOf(node.planned.instance)) {
    const { outcome } = nodes.get(name)!;
    if (outcome === "failed" || outcome === "skipped" || outcome === "interrupted") {
      return `${name} ${outcome}`;
    }
  }
  return "the run stopped";
}

/** Whether it will run on a thread of its own that has no device. */
export function wantsThread({ outcome, planned: { instance } }: Node): boolean {
  return outcome === undefined && runPlace(instance) === "worker";
}
