/** Instances and the tables that they read, as messages about a search name them. */
import type { Binding, Instance } from "../workflow/graph.ts";
import { outputPorts } from "../workflow/step.ts";

/** Instances by name. */
export type Known = ReadonlyMap<string, Instance>;

/** Artifacts that list sessions. */
export const TABLES: ReadonlySet<string> = new Set([
  "labels",
  "participants",
  "fold",
  "folds",
  "split",
]);

/** `split.test`, or the instance alone when it has one output. */
export function nameOf({ instance, output }: Binding, known: Known): string {
  const { kind, params, name } = known.get(instance)!;
  return Object.keys(outputPorts(kind, params)).length === 1 ? name : `${name}.${output}`;
}
