/** Turns declared steps into instances: one for each point of the matrix, bound to each other. */
import {
  Binder,
  bindingExtent,
  type Consumer,
  type Producer,
  resolveReference,
} from "./binding.ts";
import type { Declaration } from "../declare/declare.ts";
import type { Binding, Instance, Step } from "../graph.ts";
import type { Problems } from "../problems.ts";
import { instanceName } from "../reference.ts";
import type { Json, StepKind } from "../step.ts";
import type { Axes } from "../declare/template.ts";
import { type Surroundings, Values } from "./values.ts";

/** A step with its instances; without a kind, and then without any, when `uses` has a problem. */
export interface ExpandedStep extends Producer, Omit<Step, "kind"> {
  kind?: StepKind;
}

/** Steps in a topological order become steps with instances. */
export async function expandSteps(
  ordered: readonly Declaration[],
  names: ReadonlySet<string>,
  around: Surroundings,
): Promise<Map<string, ExpandedStep>> {
  const expanded = new Map<string, ExpandedStep>();
  for (const declaration of ordered) {
    const step = await expandStep(declaration, expanded, names, around);
    expanded.set(declaration.name, step);
  }
  return expanded;
}

const noNeeds: readonly string[] = Object.freeze([]);

async function expandStep(
  declaration: Declaration,
  producers: ReadonlyMap<string, Producer>,
  names: ReadonlySet<string>,
  around: Surroundings,
): Promise<ExpandedStep> {
  const { name, kind, matrix, execution, place, description } = declaration;
  const values = kind && await Values.prepare(declaration, kind, around);
  const bindInputs = inputBinder(declaration, producers, names, around.problems);
  const needed = needsFinder(declaration, producers, names, around.problems);
  const instances: Instance[] = [];
  for (const axes of matrix.points) {
    // References are checked in a step whose kind has a problem, too.
    const references = { inputs: bindInputs(axes), needs: needed(axes) };
    if (kind === undefined || values === undefined) continue;
    const { params, origins } = values.at(axes);
    const facts = { name: instanceName(name, axes), step: name, axes, kind, params, origins };
    instances.push({ ...facts, ...references, execution });
  }
  return {
    name,
    kind,
    description,
    axes: matrix.axes,
    place,
    matrix,
    instances,
    outputs: (instance) => values?.outputs(instance.params),
  };
}

type Inputs = Instance["inputs"];

/** For each point the bindings of all ports; references are resolved once for each text. */
function inputBinder(
  declaration: Declaration,
  producers: ReadonlyMap<string, Producer>,
  names: ReadonlySet<string>,
  problems: Problems,
): (axes: Axes) => Inputs {
  const { kind, matrix, name } = declaration;
  const ports = [...declaration.inputs].flatMap(([port, { located, template }]) => {
    if (template.faulty || kind && !Object.hasOwn(kind.inputs, port)) return [];
    const consumer: Consumer = {
      name,
      axes: matrix.axes,
      place: located.place,
      port: kind && { name: port, port: kind.inputs[port] },
    };
    return [{ port, consumer, template, binders: new Map<Json, Binder | undefined>() }];
  });
  return (axes) => {
    const inputs: Record<string, Binding | readonly Binding[]> = {};
    for (const { port, consumer, template, binders } of ports) {
      const text = template.evaluate(axes);
      if (!binders.has(text)) {
        binders.set(text, binderFor(String(text), consumer, producers, names, problems));
      }
      const binding = binders.get(text)?.bind(axes, () => instanceName(name, axes));
      if (binding !== undefined) inputs[port] = binding;
    }
    return inputs;
  };
}

function binderFor(
  text: string,
  consumer: Consumer,
  producers: ReadonlyMap<string, Producer>,
  names: ReadonlySet<string>,
  problems: Problems,
): Binder | undefined {
  const resolved = resolveReference(text, consumer, producers, names, problems, { output: true });
  if (resolved === undefined) return undefined;
  const { port } = consumer;
  if (resolved.collects && port && !port.port.many) {
    problems.add(
      `in.${port.name} takes one artifact, but "${text}" collects several`,
      consumer.place,
    );
    return undefined;
  }
  return new Binder(resolved, consumer, problems);
}

/** For each point the names of the instances that must be done first. */
function needsFinder(
  declaration: Declaration,
  producers: ReadonlyMap<string, Producer>,
  names: ReadonlySet<string>,
  problems: Problems,
): (axes: Axes) => readonly string[] {
  const { name, matrix, needs } = declaration;
  if (needs.length === 0) return () => noNeeds;
  const lists = new Map<readonly Instance[], readonly string[]>();
  const namesOf = (group: readonly Instance[]) => {
    let list = lists.get(group);
    if (list === undefined) lists.set(group, list = group.map((instance) => instance.name));
    return list;
  };
  const finders = needs.filter(({ template }) => !template.faulty).map(({ place, template }) => {
    const consumer: Consumer = { name, axes: matrix.axes, place };
    const references = new Map<Json, ReturnType<typeof resolveReference>>();
    return (axes: Axes): readonly string[] => {
      const text = template.evaluate(axes);
      if (!references.has(text)) {
        const options = { output: false, collectFree: true };
        const found = resolveReference(String(text), consumer, producers, names, problems, options);
        references.set(text, found);
      }
      const group = references.get(text)?.at(axes);
      return group === undefined ? noNeeds : namesOf(group);
    };
  });
  if (finders.length === 1) return finders[0];
  return (axes) => {
    const found = finders.flatMap((find) => find(axes));
    problems.countExpanded(bindingExtent * found.length, declaration.place);
    return [...new Set(found)];
  };
}
