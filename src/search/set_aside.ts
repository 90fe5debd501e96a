/** Participants who are set aside for a last test: no search may learn of them, in whatever set. */
import type { Binding, Instance } from "../workflow/graph.ts";
import { outputPorts } from "../workflow/step.ts";
import { type Known, nameOf, TABLES } from "./paths.ts";

/** How participants who are set aside come to be part of an instance. */
export interface SetAsideReading {
  /** From the table that has them to the instance. */
  path: readonly string[];
  /** The output that sets them aside, where the table that is read has others too. */
  within?: string;
}

/**
 * The first way from participants who are set aside to the instance: from the output that sets them aside, or
 * from a table that a step takes them from.
 *
 * @param nested accept a step that sets others aside at each point of its matrix: each is estimated by itself
 */
export function findSetAside(
  instance: Instance,
  known: Known,
  nested: boolean,
): SetAsideReading | undefined {
  const takers = findTakers(known);
  return firstWay(instance, known, (binding, reader): Partial<SetAsideReading> | undefined => {
    if (isSetAside(binding, known)) return {};
    const taker = takers.get(tableOf(binding))?.find(({ instance: other }) =>
      other !== reader && !(nested && other.step === reader.step)
    );
    return taker &&
      { within: nameOf({ instance: taker.instance.name, output: taker.output }, known) };
  });
}

/**
 * The first way from a table of sessions to the instance that does not lead through a step's outputs for
 * training.
 */
export function findOtherTable(
  instance: Instance,
  known: Known,
  source: Instance,
): readonly string[] | undefined {
  const isTable = (binding: Binding) => {
    const producer = known.get(binding.instance)!;
    return TABLES.has(outputPorts(producer.kind, producer.params)[binding.output].type);
  };
  const way = firstWay(
    instance,
    known,
    // Every other way up ends at a step that makes a table from none.
    (binding) =>
      isTable(binding) &&
        !Object.values(known.get(binding.instance)!.inputs).flat().some(isTable)
        ? {}
        : undefined,
    (binding) => binding.instance === source.name && !isSetAside(binding, known),
  );
  return way?.path;
}

export function isSetAside({ instance, output }: Binding, known: Known): boolean {
  const { kind, params } = known.get(instance)!;
  return outputPorts(kind, params)[output]?.setAside === true;
}

/** Depth first from the instance upwards. */
function firstWay<Found extends object>(
  instance: Instance,
  known: Known,
  find: (binding: Binding, reader: Instance) => Found | undefined,
  stop: (binding: Binding) => boolean = () => false,
): Found & { path: readonly string[] } | undefined {
  const seen = new Set<Instance>();
  const search = (
    reader: Instance,
    path: readonly string[],
  ): Found & { path: readonly string[] } | undefined => {
    if (seen.has(reader)) return undefined;
    seen.add(reader);
    for (const binding of Object.values(reader.inputs).flat()) {
      if (stop(binding)) continue;
      const way = [nameOf(binding, known), ...path];
      const found = find(binding, reader);
      if (found) return { ...found, path: way };
      const above = search(known.get(binding.instance)!, way);
      if (above) return above;
    }
  };
  return search(instance, [instance.name]);
}

interface Taker {
  instance: Instance;
  /** Its output with those set aside. */
  output: string;
}

/** Steps that set participants of a table aside, by the table. */
function findTakers(known: Known): Map<string, Taker[]> {
  const takers = new Map<string, Taker[]>();
  for (const instance of known.values()) {
    const ports = Object.entries(outputPorts(instance.kind, instance.params));
    const [output] = ports.find(([, { setAside }]) => setAside) ?? [];
    if (output === undefined) continue;
    for (const binding of Object.values(instance.inputs).flat()) {
      const table = tableOf(binding);
      takers.set(table, [...takers.get(table) ?? [], { instance, output }]);
    }
  }
  return takers;
}

/** All elements of a list count as one: folds have each other's participants. */
function tableOf({ instance, output }: Binding): string {
  return `${instance} ${output}`;
}
