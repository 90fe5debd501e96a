/** Puts steps in a topological order and reports circles. */
import type { Declaration } from "./declare.ts";
import type { Place } from "../graph.ts";
import type { Problems } from "../problems.ts";
import { parseReference } from "../reference.ts";
import type { Template } from "./template.ts";

/** All steps, each after those that it refers to. Circles are reported as chains and broken anywhere. */
export function orderSteps(
  declarations: ReadonlyMap<string, Declaration>,
  problems: Problems,
): Declaration[] {
  const ordered: Declaration[] = [];
  const state = new Map<string, "open" | "done">();
  const sources = new Map<string, Map<string, Place | undefined>>();
  for (const declaration of declarations.values()) {
    sources.set(declaration.name, sourcesOf(declaration));
  }

  // Depth-first with a stack of its own: a chain of 100,000 steps is no reason to overflow.
  for (const start of declarations.keys()) {
    if (state.has(start)) continue;
    const path = [{ name: start, rest: entriesOf(start) }];
    state.set(start, "open");
    while (path.length > 0) {
      const top = path[path.length - 1];
      const next = top.rest.shift();
      if (next === undefined) {
        path.pop();
        state.set(top.name, "done");
        const declaration = declarations.get(top.name);
        if (declaration) ordered.push(declaration);
        continue;
      }
      const [name, place] = next;
      const known = state.get(name);
      if (known === "open") {
        const from = path.findIndex((each) => each.name === name);
        const chain = [...path.slice(from).map((each) => each.name), name].reverse();
        problems.add(`steps wait for each other: ${chain.join(" -> ")}`, place);
      } else if (known === undefined && declarations.has(name)) {
        state.set(name, "open");
        path.push({ name, rest: entriesOf(name) });
      }
    }
  }
  return ordered;

  function entriesOf(name: string): [string, Place | undefined][] {
    return [...sources.get(name) ?? []];
  }
}

/** The steps that a step refers to, each with the place of the reference. */
function sourcesOf({ inputs, needs, matrix }: Declaration): Map<string, Place | undefined> {
  const found = new Map<string, Place | undefined>();
  const note = (template: Template, place: Place | undefined) => {
    if (template.faulty) return;
    const points = template.axes.length === 0 ? matrix.points.slice(0, 1) : matrix.points;
    for (const text of new Set(points.map((point) => template.evaluate(point)))) {
      const reference = parseReference(String(text));
      if (!("problem" in reference) && !found.has(reference.step)) found.set(reference.step, place);
    }
  };
  for (const { located, template } of inputs.values()) note(template, located.place);
  for (const { place, template } of needs) note(template, place);
  return found;
}
