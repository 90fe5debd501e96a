/** Resolves references between steps: which instances, which output, does the type fit. */
import type { Binding, Instance, Place } from "../graph.ts";
import type { Matrix } from "../declare/matrix.ts";
import type { Problems } from "../problems.ts";
import { axisText, knownAxisText, parseReference, type Reference } from "../reference.ts";
import type { InputPort, OutputPort } from "../step.ts";
import { didYouMean } from "../suggest.ts";
import type { Axes } from "../declare/template.ts";

export type Outputs = Readonly<Record<string, OutputPort>>;

/** A step whose instances exist already. */
export interface Producer {
  name: string;
  matrix: Matrix;
  instances: readonly Instance[];
  /** Undefined when they can't be known because the step is at fault. */
  outputs(instance: Instance): Outputs | undefined;
}

/** Who asks: a step's port, a step's `needs`, or a line of `[publish]`. */
export interface Consumer {
  /** For messages: `evaluate`, or `the path`. */
  name: string;
  axes: readonly string[];
  place: Place | undefined;
  /** Its name and declaration; without one any output fits. */
  port?: { name: string; port: InputPort };
  /** Publications say what to do about an axis in their own way. */
  freeAxis?: (producer: Producer, axis: string) => { message: string; suggestion?: string };
}

/** The producing instances of a reference, by the axes that both sides have. */
export interface Selection {
  producer: Producer;
  reference: Reference;
  /** Whether it is a list of instances that the consumer gets. */
  collects: boolean;
  /** Instances that one at `axes` refers to; undefined when there is none. */
  at(axes: Axes): readonly Instance[] | undefined;
  /** Axes that are bound by name, for messages. */
  bound: readonly string[];
}

/** Finds what a reference selects; undefined when it is at fault, which is reported. */
export function select(
  text: string,
  consumer: Consumer,
  producers: ReadonlyMap<string, Producer>,
  names: ReadonlySet<string>,
  problems: Problems,
  options: { output: boolean; collectFree?: boolean },
): Selection | undefined {
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
      `write "${step}" for the one at the same point, or "${step}[${axes[0]}=*]" to collect`,
    );
  }

  if (producer.instances.length === 0) return undefined; // Its kind is at fault.
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

/**
 * Turns selected instances into bindings and checks output and type; the result
 * for one output declaration is remembered, and so are the bindings.
 */
export class Binder {
  readonly #outputs = new Map<Outputs, string | undefined>();
  readonly #bindings = new Map<readonly Instance[], Binding | readonly Binding[] | undefined>();

  constructor(
    readonly selection: Selection,
    readonly consumer: Consumer,
    readonly problems: Problems,
  ) {}

  /** What an instance at `axes` is bound to; undefined when that fails, which is reported. */
  bind(axes: Axes, instance: () => string): Binding | readonly Binding[] | undefined {
    const group = this.selection.at(axes);
    if (group === undefined) {
      const point = this.selection.bound.map((axis) => `${axis}=${axisText(axes[axis])}`).join(",");
      this.problems.add(
        point === ""
          ? `no instance of ${this.selection.producer.name} is left`
          : `${instance()} refers to ${this.selection.producer.name}[${point}], which is not there`,
        this.consumer.place,
      );
      return undefined;
    }
    if (!this.#bindings.has(group)) this.#bindings.set(group, this.#bindGroup(group));
    return this.#bindings.get(group);
  }

  #bindGroup(group: readonly Instance[]): Binding | readonly Binding[] | undefined {
    const bindings: Binding[] = [];
    for (const instance of group) {
      const binding = this.bindInstance(instance);
      if (binding === undefined) return undefined;
      bindings.push(binding);
    }
    return this.selection.collects ? bindings : bindings[0];
  }

  bindInstance(instance: Instance): Binding | undefined {
    const outputs = this.selection.producer.outputs(instance);
    if (outputs === undefined) return undefined;
    if (!this.#outputs.has(outputs)) this.#outputs.set(outputs, this.#chooseOutput(outputs));
    const output = this.#outputs.get(outputs);
    if (output === undefined) return undefined;
    const { index } = this.selection.reference;
    return index === undefined
      ? { instance: instance.name, output }
      : { instance: instance.name, output, index };
  }

  /** The output, unless an index goes beyond a list whose length is known. */
  #inRange(outputs: Outputs, output: string): string | undefined {
    const { step, index } = this.selection.reference;
    const { length } = outputs[output];
    if (index === undefined || length === undefined || index < length) return output;
    this.problems.add(
      `${step}.${output} has ${length} elements, so there is no [${index}]`,
      this.consumer.place,
      `they are counted from 0: the last is [${length - 1}]`,
    );
    return undefined;
  }

  /** The named output, or the only one, or the only one whose type fits. */
  #chooseOutput(outputs: Outputs): string | undefined {
    const { reference: { step, output, index } } = this.selection;
    const { place, port } = this.consumer;
    const names = Object.keys(outputs);
    const typeOf = (name: string) => index === undefined ? outputs[name].type : outputs[name].list;
    const fits = (name: string) => {
      const type = typeOf(name);
      return type !== undefined && (port === undefined || port.port.types.includes(type));
    };
    const fitting = names.filter(fits);
    if (output !== undefined) {
      if (!Object.hasOwn(outputs, output)) {
        this.problems.add(`${step} has no output "${output}"`, place, didYouMean(output, names));
        return undefined;
      }
      if (fits(output)) return this.#inRange(outputs, output);
    } else {
      if (fitting.length === 1) return this.#inRange(outputs, fitting[0]);
      if (fitting.length > 1) {
        this.problems.add(
          `${step} has several outputs that fit: ${fitting.join(", ")}`,
          place,
          `write "${step}.${fitting[0]}"`,
        );
        return undefined;
      }
    }
    const named = output ?? (names.length === 1 ? names[0] : undefined);
    if (named === undefined) {
      this.problems.add(
        names.length === 0
          ? `${step} has no outputs`
          : `no output of ${step} fits in.${port?.name}, which takes ${
            port?.port.types.join(" or ")
          }`,
        place,
        names.length === 0
          ? undefined
          : `outputs: ${names.map((name) => `${name} (${outputs[name].type})`).join(", ")}`,
      );
      return undefined;
    }
    const { type, list } = outputs[named];
    if (index !== undefined && list === undefined) {
      this.problems.add(
        `${step}.${named} is not a list, so [${index}] can't be taken of it`,
        place,
      );
      return undefined;
    }
    const taken = index === undefined ? type : list;
    const elements = index === undefined && list !== undefined && port?.port.types.includes(list);
    this.problems.add(
      `${step}.${named} is of type ${taken}, but in.${port?.name} takes ${
        port?.port.types.join(" or ")
      }`,
      place,
      elements
        ? `pick an element: "${step}.${named}[0]"`
        : fitting.length > 0
        ? `did you mean "${step}.${fitting[0]}"?`
        : undefined,
    );
    return undefined;
  }
}
