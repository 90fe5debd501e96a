/** Resolves references between steps: which instances and which output, and whether the type fits. */
import type { Binding, Instance, Place } from "../graph.ts";
import type { Matrix } from "../declare/matrix.ts";
import type { Problems } from "../problems.ts";
import { axisText, knownAxisText, parseReference, type Reference } from "../reference.ts";
import { explainMismatch, type OutputPorts, resolveOutput, type TargetPort } from "./output.ts";
import { didYouMean } from "../suggest.ts";
import type { Axes } from "../declare/template.ts";

/** A step whose instances exist already. */
export interface Producer {
  name: string;
  matrix: Matrix;
  instances: readonly Instance[];
  /** Undefined when they can't be known because the step has a problem. */
  outputs(instance: Instance): OutputPorts | undefined;
}

/** What contains the reference: a step's port, a step's `needs`, or a line of `[publish]`. */
export interface Consumer {
  /** For messages: `evaluate`, or `the path`. */
  name: string;
  axes: readonly string[];
  place: Place | undefined;
  /** Without one any output fits. */
  port?: TargetPort;
  /** Replaces the message about an axis that the consumer lacks. */
  freeAxis?: (producer: Producer, axis: string) => { message: string; suggestion?: string };
}

/** The producing instances of a reference, by the axes that both sides have. */
export interface ResolvedReference {
  producer: Producer;
  reference: Reference;
  /** Whether the consumer receives a list of instances. */
  collects: boolean;
  /** Instances that an instance at `axes` refers to; undefined when there is none. */
  at(axes: Axes): readonly Instance[] | undefined;
  /** Axes that are bound by name, for messages. */
  bound: readonly string[];
}

/** Finds the instances that a reference selects; undefined when it has a problem, which is reported. */
export function resolveReference(
  text: string,
  consumer: Consumer,
  producers: ReadonlyMap<string, Producer>,
  names: ReadonlySet<string>,
  problems: Problems,
  options: { output: boolean; collectFree?: boolean },
): ResolvedReference | undefined {
  const { place } = consumer;
  const fail = (message: string, suggestion?: string) => {
    problems.add(message, place, suggestion);
    return undefined;
  };
  const reference = parseReference(text);
  if ("problem" in reference) return fail(reference.problem);
  const { step, all, collected, output, index } = reference;
  if (!names.has(step)) return fail(`there is no step "${step}"`, didYouMean(step, names));
  if (!options.output && (output !== undefined || index !== undefined)) {
    return fail(`"${text}": only a step can be needed, not an output`, `write "${step}"`);
  }
  const producer = producers.get(step);
  if (producer === undefined) return undefined; // Part of a circle, reported as such.
  const { axes, values } = producer.matrix;

  for (const axis of [...reference.fixed.keys(), ...collected]) {
    if (axes.includes(axis)) continue;
    return fail(
      axes.length === 0 ? `${step} has no matrix` : `${step} has no matrix axis "${axis}"`,
      didYouMean(axis, axes),
    );
  }
  const fixed: [string, string][] = [];
  for (const [axis, written] of reference.fixed) {
    const texts = values.get(axis) ?? new Set();
    const value = knownAxisText(written, (each) => texts.has(each));
    if (value === undefined) {
      return fail(`no instance of ${step} has ${axis}=${written}`, didYouMean(written, texts));
    }
    fixed.push([axis, value]);
  }
  if (all && axes.length === 0) {
    return fail(`${step} has no matrix, so [*] has nothing to collect`, `write "${step}"`);
  }
  const open = axes.filter((axis) => !reference.fixed.has(axis) && !collected.has(axis));
  const bound = open.filter((axis) => consumer.axes.includes(axis));
  const free = open.filter((axis) => !bound.includes(axis));
  if (free.length > 0 && !all && !options.collectFree) {
    const own = consumer.freeAxis?.(producer, free[0]);
    if (own) return fail(own.message, own.suggestion);
    const picked = [...values.get(free[0]) ?? []][0];
    const rest = text.slice(step.length);
    return fail(
      `${step} has the axis ${free[0]}, which ${consumer.name} lacks`,
      `write "${step}[*]${rest}" for all of it, or pick one: "${step}[${
        free[0]
      }=${picked}]${rest}"`,
    );
  }
  if (all && free.length === 0 && collected.size === 0) {
    return fail(
      `[*] collects nothing: ${consumer.name} has every axis of ${step}`,
      `write "${step}" for the instance at the same point, or "${step}[${axes[0]}=*]" to collect`,
    );
  }

  if (producer.instances.length === 0) return undefined; // Its kind has a problem, reported as such.
  const groups = groupsOf(producer, [...bound, ...fixed.map(([axis]) => axis)]);
  const picked = fixed.map(([, value]) => `${value}\n`).join("");
  return {
    producer,
    reference,
    collects: all || collected.size > 0 || free.length > 0,
    at: (axes) => groups.get(keyOf(bound, axes) + picked),
    bound,
  };
}

const groupings = new WeakMap<Producer, Map<string, ReadonlyMap<string, readonly Instance[]>>>();

/**
 * Instances by their values of some axes. Made once for each set of axes, so that references which
 * differ at each of 100,000 points stay linear.
 */
function groupsOf(
  producer: Producer,
  axes: readonly string[],
): ReadonlyMap<string, readonly Instance[]> {
  let known = groupings.get(producer);
  if (known === undefined) groupings.set(producer, known = new Map());
  const name = axes.join();
  const found = known.get(name);
  if (found) return found;
  const groups = new Map<string, Instance[]>();
  for (const instance of producer.instances) {
    const key = keyOf(axes, instance.axes);
    const group = groups.get(key);
    if (group) group.push(instance);
    else groups.set(key, [instance]);
  }
  known.set(name, groups);
  return groups;
}

function keyOf(axes: readonly string[], point: Axes): string {
  let key = "";
  for (const axis of axes) key += `${axisText(point[axis])}\n`;
  return key;
}

/** What a binding counts for in what a file expands to. */
export const bindingExtent = 16;

/**
 * Turns the instances of a reference into bindings and checks output and type. Both the output
 * chosen for a declaration and the bindings of a group of instances are computed once.
 */
export class Binder {
  readonly #outputs = new Map<OutputPorts, string | undefined>();
  readonly #bindings = new Map<readonly Instance[], Binding | readonly Binding[] | undefined>();

  constructor(
    readonly resolved: ResolvedReference,
    readonly consumer: Consumer,
    readonly problems: Problems,
  ) {}

  /** What an instance at `axes` is bound to; undefined when that fails, which is reported. */
  bind(axes: Axes, instance: () => string): Binding | readonly Binding[] | undefined {
    const group = this.resolved.at(axes);
    if (group === undefined) {
      const point = this.resolved.bound.map((axis) => `${axis}=${axisText(axes[axis])}`).join(",");
      this.problems.add(
        point === ""
          ? `no instance of ${this.resolved.producer.name} is left`
          : `${instance()} refers to ${this.resolved.producer.name}[${point}], which is not there`,
        this.consumer.place,
      );
      return undefined;
    }
    if (!this.#bindings.has(group)) this.#bindings.set(group, this.#bindGroup(group));
    return this.#bindings.get(group);
  }

  #bindGroup(group: readonly Instance[]): Binding | readonly Binding[] | undefined {
    const bindings: Binding[] = [];
    this.problems.countExpanded(bindingExtent * group.length, this.consumer.place);
    for (const instance of group) {
      const binding = this.bindInstance(instance);
      if (binding === undefined) return undefined;
      bindings.push(binding);
    }
    return this.resolved.collects ? bindings : bindings[0];
  }

  bindInstance(instance: Instance): Binding | undefined {
    const outputs = this.resolved.producer.outputs(instance);
    if (outputs === undefined) return undefined;
    if (!this.#outputs.has(outputs)) this.#outputs.set(outputs, this.#chooseOutput(outputs));
    const output = this.#outputs.get(outputs);
    if (output === undefined) return undefined;
    const { index } = this.resolved.reference;
    return index === undefined
      ? { instance: instance.name, output }
      : { instance: instance.name, output, index };
  }

  #chooseOutput(outputs: OutputPorts): string | undefined {
    const { resolved: { reference }, consumer: { place, port } } = this;
    const chosen = resolveOutput(outputs, reference, port);
    if (typeof chosen === "string") return chosen;
    const { message, suggestion } = explainMismatch(chosen, outputs, reference, port);
    this.problems.add(message, place, suggestion);
    return undefined;
  }
}
