/**
 * Parameters that no search may vary: those that decide who is in which set. Objectives on other people
 * can't be compared; the best of them would be the one whose validation set is the easiest.
 */
import type { Instance, Search } from "../workflow/graph.ts";
import { outputPorts } from "../workflow/step.ts";
import { type Known, nameOf, TABLES } from "./paths.ts";
import { isVaried } from "./space.ts";

export interface MovingSet {
  /** Of the space. */
  address: string;
  message: string;
}

/** The first parameter of the space that changes who or what the metric is computed of. */
export function findMovingSet(
  search: Search,
  objectives: readonly Instance[],
  known: Known,
): MovingSet | undefined {
  const deciders = findDeciders(objectives, known);
  for (const { address } of search.space.filter(isVaried)) {
    for (const { step, parameter } of search.reaches[address]) {
      const way = deciders.get(step);
      if (way === undefined) continue;
      const message = messageOf(search, way, parameter);
      if (message !== undefined) return { address, message };
    }
  }
}

function messageOf(search: Search, way: Way, parameter: string | undefined): string | undefined {
  const path = [...way.path];
  if (parameter === undefined) {
    return `a search must not vary what ${way.instance.step} reads: ${path.join(" -> ")}`;
  }
  path[0] = `${way.instance.step}.${parameter}`;
  if (way.isTable) {
    const through = way.path[0] === way.instance.name ? [] : [way.path[0]];
    const names = [path[0], ...through, ...way.path.slice(1)].join(" -> ");
    return `a search must not vary who is in which set: ${names}`;
  }
  const decides = way.isMeasured &&
    way.instance.kind.metricParameters?.(search.metric.name).includes(parameter);
  return decides
    ? `a search must not vary which participants or values its metric is computed from: ${
      path.join(" -> ")
    }`
    : undefined;
}

/** How the metric depends on a step. */
interface Way {
  instance: Instance;
  /** From the step to the metric. */
  path: readonly string[];
  /** Whether tables of sessions depend on the step. */
  isTable: boolean;
  /** Whether the metric is of its model, its predictions or its evaluation. */
  isMeasured: boolean;
}

/** Every step that the metric depends on, those first that tables depend on. */
function findDeciders(objectives: readonly Instance[], known: Known): Map<string, Way> {
  const found = new Map<string, Way>();
  const seen = new Set<string>();
  const visit = (way: Way): void => {
    const { instance, isTable, isMeasured } = way;
    const mark = `${isTable} ${isMeasured} ${instance.name}`;
    if (seen.has(mark)) return;
    seen.add(mark);
    const before = found.get(instance.step);
    if (before === undefined || rank(way) > rank(before)) found.set(instance.step, way);
    for (const [port, bound] of Object.entries(instance.inputs)) {
      for (const binding of [bound].flat()) {
        const producer = known.get(binding.instance)!;
        const { type } = outputPorts(producer.kind, producer.params)[binding.output];
        // What is read from outside decides whose images there are.
        const isData = TABLES.has(type) ||
          producer.kind.source === true && (type === "caps" || type === "images");
        visit({
          instance: producer,
          path: [nameOf(binding, known), ...way.path],
          isTable: isTable || isData,
          isMeasured: isMeasured && (port === "predictions" || port === "model"),
        });
      }
    }
  };
  for (const instance of objectives) {
    visit({ instance, path: [instance.name], isTable: false, isMeasured: true });
  }
  return found;
}

function rank({ isTable, isMeasured }: Way): number {
  return isTable ? 2 : isMeasured ? 1 : 0;
}
