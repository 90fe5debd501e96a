/** `--set` and `--sweep`: values that the command line puts over those of the file. */
import type { Document, Setting, StepTable } from "./document.ts";
import { append } from "./document.ts";
import { isTable } from "./load.ts";
import type { Problems } from "../problems.ts";
import { namePattern } from "../reference.ts";
import type { Json } from "../step.ts";
import { didYouMean } from "../suggest.ts";
import { parseToml } from "./toml.ts";

/** One `--set ADDRESS=VALUE` or `--sweep ADDRESS=V1,V2`. */
export interface Override {
  option: "--set" | "--sweep";
  /** `params`, or the name of a step. */
  table: string;
  name: string;
  /** For a sweep the list of values. */
  value: Json;
}

/** Reads the options' arguments; those that are no address with a value are reported. */
export function parseOverrides(
  set: readonly string[],
  sweep: readonly string[],
  problems: Problems,
): Override[] {
  const found: Override[] = [];
  const read = (option: Override["option"], argument: string, value: (text: string) => Json) => {
    const match = /^([^.=\s]+)\.([^.=\s]+)=(.*)$/s.exec(argument);
    if (!match) {
      problems.add(
        `${option} ${argument}: no address with a value`,
        undefined,
        option === "--set"
          ? "write --set params.NAME=VALUE or --set STEP.PARAMETER=VALUE"
          : "write --sweep STEP.PARAMETER=VALUE,VALUE",
      );
      return;
    }
    const [, table, name, text] = match;
    found.push({ option, table, name, value: value(text) });
  };
  for (const argument of set) read("--set", argument, parseValue);
  for (const argument of sweep) read("--sweep", argument, parseList);
  return found;
}

/** A TOML value; anything else is a text, so that quotes can be left out. */
function parseValue(text: string): Json {
  return tomlValue(text) ?? text;
}

/** `1e-3,1e-4`, `[1, 2]`, `resnet18,vgg11`. */
function parseList(text: string): readonly Json[] {
  const written = tomlValue(text);
  if (Array.isArray(written)) return written;
  const list = tomlValue(`[${text}]`);
  if (Array.isArray(list)) return list;
  return text.split(",").map((part) => parseValue(part.trim()));
}

function tomlValue(text: string): Json | undefined {
  try {
    const table: Record<string, unknown> = parseToml(`value = ${text}`);
    const { value, ...others } = table;
    return Object.keys(others).length === 0 && isPlain(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isPlain(value: unknown): value is Json {
  if (typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isPlain);
  return value !== null && typeof value === "object" && !(value instanceof Date) &&
    Object.values(value).every(isPlain);
}

/**
 * Puts the overrides over the document. Whether a step declares the parameter is
 * found later, with the parameters of the file.
 *
 * @returns names of the axes that sweeps have added
 */
export function applyOverrides(
  document: Document,
  overrides: readonly Override[],
  problems: Problems,
): Set<string> {
  const swept = new Set<string>();
  const set = new Set<string>();
  for (const { option, table, name, value } of overrides) {
    const address = `${table}.${name}`;
    if (set.has(address)) {
      problems.add(`${option} ${address}: the command line gives it twice`);
      continue;
    }
    set.add(address);
    const from = option === "--set" ? "set" : "sweep";
    const setting: Setting = { value, from, layer: Infinity, general: false };
    if (table === "params") {
      if (option === "--sweep") {
        problems.add(
          `--sweep ${address}: a sweep is over a parameter of a step`,
          undefined,
          "write --sweep STEP.PARAMETER=VALUE,VALUE",
        );
      } else if (!document.params.has(name)) {
        const suggestion = didYouMean(name, document.params.keys());
        problems.add(`--set ${address}: [params] has no "${name}"`, undefined, suggestion);
      } else {
        document.params.set(name, setting);
      }
      continue;
    }
    const step = document.steps.get(table);
    if (step === undefined) {
      const suggestion = didYouMean(table, ["params", ...document.steps.keys()]);
      problems.add(`${option} ${address}: there is no step "${table}"`, undefined, suggestion);
    } else if (option === "--set") {
      append(step.settings, name, setting);
    } else if (addAxis(step, name, value, problems)) {
      swept.add(name);
      append(step.settings, name, { ...setting, value: `\${matrix.${name}}` });
    }
  }
  return swept;
}

function addAxis(step: StepTable, axis: string, values: Json, problems: Problems): boolean {
  const address = `${step.name}.${axis}`;
  const matrix = step.keys.get("matrix");
  if (typeof matrix?.value === "string") {
    problems.add(
      `--sweep ${address}: ${step.name} takes its matrix from ${matrix.value}`,
      undefined,
      `sweep a parameter of ${matrix.value}, or give ${step.name} axes of its own`,
    );
    return false;
  }
  if (!namePattern.test(axis)) {
    problems.add(`--sweep ${address}: "${axis}" can't be the name of an axis`);
    return false;
  }
  const table = isTable(matrix?.value) ? matrix.value : {};
  step.keys.set("matrix", { value: { ...table, [axis]: values }, place: matrix?.place });
  return true;
}
