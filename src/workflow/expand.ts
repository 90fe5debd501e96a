/** Turns declared steps into instances: one for each point of the matrix, bound to each other. */
import { DataError } from "../errors.ts";
import { resolve } from "node:path";
import { Binder, type Consumer, type Outputs, type Producer, select } from "./binding.ts";
import type { Declaration } from "./declare.ts";
import type { Binding, Instance, Origin, Place, Step } from "./graph.ts";
import type { ReadText } from "./load.ts";
import { type Fault, type Params, validateParams } from "./parameters.ts";
import type { Problems } from "./problems.ts";
import { axisText, instanceName } from "./reference.ts";
import type { Json, StepKind } from "./step.ts";
import { didYouMean } from "./suggest.ts";
import type { Axes } from "./template.ts";

export interface Surroundings {
  /** Paths are relative to it. */
  folder: string;
  readText: ReadText;
  problems: Problems;
}

/** A step with its instances; without a kind, and then without any, when `uses` is at fault. */
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

const noParams: Params = Object.freeze({});
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
  if (kind !== undefined) {
    for (const axes of matrix.points) {
      const own = values?.at(axes);
      instances.push({
        name: instanceName(name, axes),
        step: name,
        axes,
        kind,
        params: own?.params ?? noParams,
        origins: own?.origins ?? {},
        inputs: bindInputs(axes),
        needs: needed(axes),
        execution,
      });
    }
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

interface PointValues {
  /** Undefined when they are at fault. */
  params?: Params;
  origins: Readonly<Record<string, Origin>>;
}

/** Parameters by point: validated once for all points that agree on the axes they use. */
class Values {
  readonly #byAxes = new Map<string, PointValues>();
  readonly #outputs = new Map<Params, Outputs>();
  readonly #axes: readonly string[];

  private constructor(
    readonly declaration: Declaration,
    readonly kind: StepKind,
    readonly around: Surroundings,
    /** Parameters that files name, by the file's path. */
    readonly presets: ReadonlyMap<string, Params>,
  ) {
    const used = [...declaration.settings.values()].flatMap(({ template }) => template.axes);
    this.#axes = [...new Set(used)].sort();
  }

  /** Reads the files of parameters that the step names, if its kind knows such. */
  static async prepare(
    declaration: Declaration,
    kind: StepKind,
    around: Surroundings,
  ): Promise<Values> {
    const presets = new Map<string, Params>();
    const named = kind.preset && declaration.settings.get(kind.preset.parameter);
    if (kind.preset && named) {
      const points = named.template.axes.length === 0
        ? declaration.matrix.points.slice(0, 1)
        : declaration.matrix.points;
      for (const point of points) {
        const path = named.template.evaluate(point);
        if (typeof path !== "string" || path === "" || presets.has(path)) continue;
        presets.set(path, {});
        try {
          const text = await around.readText(resolve(around.folder, path));
          presets.set(path, kind.preset.parse(text, path));
        } catch (error) {
          if (!(error instanceof Error)) throw error;
          const fault = error instanceof DataError ? error.message : `can't read ${path}`;
          around.problems.add(fault, named.setting.place);
        }
      }
    }
    return new Values(declaration, kind, around, presets);
  }

  at(axes: Axes): PointValues {
    let key = "";
    for (const axis of this.#axes) key += `${axisText(axes[axis])}\n`;
    let values = this.#byAxes.get(key);
    if (values === undefined) {
      values = this.#validate(axes);
      this.#byAxes.set(key, values);
    }
    return values;
  }

  /** Undefined for parameters that are at fault and whose kind needs them to tell its outputs. */
  outputs(params: Params): Outputs | undefined {
    const { outputs } = this.kind;
    if (typeof outputs !== "function") return outputs;
    if (params === noParams) return undefined;
    let found = this.#outputs.get(params);
    if (found === undefined) this.#outputs.set(params, found = outputs(params));
    return found;
  }

  #validate(axes: Axes): PointValues {
    const { settings } = this.declaration;
    const { preset } = this.kind;
    const given: Record<string, Json> = {};
    const origins: Record<string, Origin> = {};
    const file = preset && settings.get(preset.parameter);
    const path = file?.template.evaluate(axes);
    const fromFile = typeof path === "string" ? this.presets.get(path) : undefined;
    for (const [name, { setting, template }] of settings) {
      if (fromFile && (name === preset?.parameter || setting.general && name in fromFile)) continue;
      given[name] = template.evaluate(axes);
      origins[name] = setting.place
        ? { from: setting.from, place: setting.place }
        : { from: setting.from };
    }
    for (const [name, value] of Object.entries(fromFile ?? {})) {
      if (Object.hasOwn(given, name)) continue;
      if (!Object.hasOwn(this.kind.params.shape, name)) {
        this.around.problems.add(
          `${path} sets "${name}", which is no parameter of ${this.kind.kind}`,
          file?.setting.place,
          didYouMean(name, Object.keys(this.kind.params.shape)),
        );
        continue;
      }
      given[name] = value;
      origins[name] = { from: "step", place: file?.setting.place };
    }
    const result = validateParams(this.kind, given, this.around.folder);
    if ("faults" in result) {
      for (const fault of result.faults) this.#report(fault, axes);
      return { origins };
    }
    for (const name of Object.keys(result.params)) origins[name] ??= { from: "default" };
    return { params: result.params, origins: Object.freeze(origins) };
  }

  #report({ path, key, message, suggestion }: Fault, axes: Axes): void {
    const { name, place, settings } = this.declaration;
    const [parameter, ...rest] = path;
    const declared = settings.get(String(parameter));
    if (declared?.template.faulty) return;
    const setting = declared?.setting;
    const depends = path.length === 0 ? this.#axes : declared?.template.axes ?? [];
    const point = Object.fromEntries(depends.map((axis) => [axis, axes[axis]]));
    const where = depends.length === 0 ? "" : ` (${instanceName(name, point)})`;
    const option = setting && setting.place === undefined ? `--${setting.from} ` : "";
    const at: Place | undefined = setting === undefined
      ? place
      : setting.place && { ...setting.place, keys: [...setting.place.keys, ...rest] };
    this.around.problems.add(
      option + message + where,
      at && key ? { ...at, part: "key" } : at,
      suggestion,
    );
  }
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
    if (kind === undefined || !Object.hasOwn(kind.inputs, port) || template.faulty) return [];
    const consumer: Consumer = {
      name,
      axes: matrix.axes,
      place: located.place,
      port: { name: port, port: kind.inputs[port] },
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
  const selection = select(text, consumer, producers, names, problems, { output: true });
  if (selection === undefined) return undefined;
  const { port } = consumer;
  if (selection.collects && port && !port.port.many) {
    problems.add(
      `in.${port.name} takes one artifact, but "${text}" collects several`,
      consumer.place,
    );
    return undefined;
  }
  return new Binder(selection, consumer, problems);
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
    const selections = new Map<Json, ReturnType<typeof select>>();
    return (axes: Axes): readonly string[] => {
      const text = template.evaluate(axes);
      if (!selections.has(text)) {
        const options = { output: false, collectFree: true };
        const found = select(String(text), consumer, producers, names, problems, options);
        selections.set(text, found);
      }
      const group = selections.get(text)?.at(axes);
      return group === undefined ? noNeeds : namesOf(group);
    };
  });
  return finders.length === 1
    ? finders[0]
    : (axes) => [...new Set(finders.flatMap((find) => find(axes)))];
}
