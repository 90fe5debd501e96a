/** Parameter values of a step at each point of its matrix, validated and traced to their origins. */
import { readProblem } from "../../disk/errors.ts";
import { DataError } from "../../errors.ts";
import type { OutputPorts } from "./output.ts";
import type { Declaration } from "../declare/declare.ts";
import type { Origin, Place } from "../graph.ts";
import type { ReadText } from "../parse/load.ts";
import { type ParamProblem, type Params, validateParams } from "./parameters.ts";
import { resolve } from "../paths.ts";
import type { Problems } from "../problems.ts";
import { axisText, instanceName } from "../reference.ts";
import type { Json, StepKind } from "../step.ts";
import { suggestParameter } from "../suggest.ts";
import type { Axes } from "../declare/template.ts";

export interface Surroundings {
  /** Paths are relative to it. */
  folder: string;
  readText: ReadText;
  problems: Problems;
}

const noParams: Params = Object.freeze({});

export interface PointValues {
  /** Empty when they have a problem, which is reported. */
  params: Params;
  origins: Readonly<Record<string, Origin>>;
}

/** Parameters by point: validated once for all points that agree on the axes they use. */
export class Values {
  readonly #byAxes = new Map<string, PointValues>();
  readonly #outputs = new Map<Params, OutputPorts>();
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
        let text: string;
        try {
          text = await around.readText(resolve(around.folder, path));
        } catch (error) {
          around.problems.add(`can't read ${path}: ${readProblem(error)}`, named.setting.place);
          continue;
        }
        try {
          presets.set(path, await kind.preset.parse(text, path));
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
          around.problems.add(error.message, named.setting.place);
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

  /** Undefined when the kind's outputs depend on parameters that have a problem. */
  outputs(params: Params): OutputPorts | undefined {
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
      if (
        fromFile && (name === preset?.parameter || setting.general && Object.hasOwn(fromFile, name))
      ) continue;
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
          suggestParameter(this.kind, name),
        );
        continue;
      }
      given[name] = value;
      origins[name] = { from: "step", place: file?.setting.place };
    }
    const result = validateParams(this.kind, given, this.around.folder);
    if ("problems" in result) {
      for (const problem of result.problems) this.#report(problem, origins, axes);
      return { params: noParams, origins };
    }
    for (const name of Object.keys(result.params)) {
      if (!Object.hasOwn(origins, name)) origins[name] = { from: "default" };
    }
    return { params: result.params, origins: Object.freeze(origins) };
  }

  #report(
    { path, key, message, suggestion }: ParamProblem,
    origins: Readonly<Record<string, Origin>>,
    axes: Axes,
  ): void {
    const { name, place, settings } = this.declaration;
    const [parameter, ...rest] = path;
    const template = settings.get(String(parameter))?.template;
    if (template?.faulty) return;
    const depends = path.length === 0 ? this.#axes : template?.axes ?? [];
    const point = Object.fromEntries(depends.map((axis) => [axis, axes[axis]]));
    const where = depends.length === 0 ? "" : ` (${instanceName(name, point)})`;
    const origin = Object.hasOwn(origins, String(parameter))
      ? origins[parameter]
      : { place, from: "" };
    const option = origin.place === undefined ? `--${origin.from} ` : "";
    const at: Place | undefined = origin.place &&
      { ...origin.place, keys: [...origin.place.keys, ...rest] };
    this.around.problems.add(
      option + message + where,
      at && key ? { ...at, part: "key" } : at,
      suggestion,
    );
  }
}
