/**
 * `${params.x}` and `${matrix.x}`, the only interpolations there are. A string
 * that is nothing but one interpolation has the value's type.
 */
import type { AxisValue, Place } from "../graph.ts";
import type { Problems } from "../problems.ts";
import type { Json } from "../step.ts";
import { didYouMean } from "../suggest.ts";

export type Axes = Readonly<Record<string, AxisValue>>;

/** A value that may depend on a point of the matrix. */
export interface Template {
  /** The axes it names; a constant names none. */
  axes: readonly string[];
  /** It names something that isn't there, which is reported; its values mean nothing. */
  faulty: boolean;
  evaluate(axes: Axes): Json;
}

export interface Scope {
  /** Values of `[params]`; undefined for a value that has a problem, which is reported already. */
  params: ReadonlyMap<string, Json | undefined>;
  /** Axes that may be named; absent where the matrix can't be used. */
  axes?: readonly string[];
  /** For messages: `train`. */
  step?: string;
}

const wholeInterpolation = /^\$\{([^{}]*)\}$/;

/** The name x when the value is nothing but `${params.x}`. */
export function wholeParam(value: Json): string | undefined {
  if (typeof value !== "string") return undefined;
  const inner = wholeInterpolation.exec(value)?.[1].trim();
  return inner?.startsWith("params.") ? inner.slice("params.".length) : undefined;
}

/** Prepares a value for evaluation at every point; problems are reported at `place`. */
export function parseTemplate(
  value: Json,
  scope: Scope,
  place: Place | undefined,
  problems: Problems,
): Template {
  const at: Compilation = { scope, place, problems, axes: new Set(), uses: 0, faulty: false };
  const evaluate = compileValue(value, at);
  return { axes: [...at.axes].sort(), faulty: at.faulty, evaluate };
}

/** Characters and items of one value, and tables and lists inside each other. */
const largestValue = 2 ** 20;
/** Values up to this size don't count: a workflow of a million instances has as many of them. */
const smallValue = 256;
const deepestValue = 64;

interface Extent {
  size: number;
  depth: number;
}

/** Extents of lists and tables: one that is shared many times is measured once. */
const extents = new WeakMap<object, Extent>();

function extentOf(value: Json): Extent {
  if (value === null || typeof value !== "object") {
    return { size: typeof value === "string" ? value.length + 1 : 1, depth: 0 };
  }
  let extent = extents.get(value);
  if (extent === undefined) {
    extent = { size: 1, depth: 0 };
    for (const [key, item] of Object.entries(value)) {
      const inner = extentOf(item);
      extent.size += inner.size + (Array.isArray(value) ? 0 : key.length);
      extent.depth = Math.max(extent.depth, 1 + inner.depth);
    }
    extents.set(value, extent);
  }
  return extent;
}

interface Compilation {
  scope: Scope;
  place: Place | undefined;
  problems: Problems;
  /** Collected on the way. */
  axes: Set<string>;
  /** How often an axis was named; what names none is evaluated once. */
  uses: number;
  faulty: boolean;
}

function fail(at: Compilation, message: string, suggestion?: string): () => Json {
  at.faulty = true;
  at.problems.add(message, at.place, suggestion);
  return constant("");
}

/** The value, if it is not too large. Values that refer to values grow with each line of a file. */
function limited(value: Json, at: Compilation): Json {
  const { size, depth } = extentOf(value);
  if (size > smallValue) at.problems.countExpanded(size, at.place);
  if (size > largestValue) {
    return fail(at, `the value expands to more than ${largestValue} characters and items`)();
  }
  if (depth > deepestValue) {
    return fail(at, `the value is nested deeper than ${deepestValue} levels`)();
  }
  return value;
}

function compileValue(value: Json, at: Compilation): (axes: Axes) => Json {
  if (typeof value === "string") return compileString(value, at);
  if (value === null || typeof value !== "object") return () => value;
  const before = at.uses;
  if (Array.isArray(value)) {
    const items = value.map((item) => compileValue(item, at));
    const make = (axes: Axes): Json => limited(items.map((item) => item(axes)), at);
    return at.uses === before ? constant(make({})) : make;
  }
  const fields = Object.entries(value).map(([key, item]) => [key, compileValue(item, at)] as const);
  const make = (axes: Axes): Json =>
    limited(Object.fromEntries(fields.map(([key, item]) => [key, item(axes)])), at);
  return at.uses === before ? constant(make({})) : make;
}

const constant = (value: Json) => () => value;

function compileString(text: string, at: Compilation): (axes: Axes) => Json {
  if (!text.includes("${")) return constant(text);
  const whole = wholeInterpolation.exec(text);
  if (whole) return compileName(whole[1], at);
  const parts: ((axes: Axes) => Json)[] = [];
  let end = 0;
  let literal = "";
  const before = at.uses;
  for (const match of text.matchAll(/\$\{([^{}]*)\}/g)) {
    const between = text.slice(end, match.index);
    literal += between + " ";
    parts.push(constant(between), compileName(match[1], at));
    end = match.index + match[0].length;
  }
  const rest = text.slice(end);
  if ((literal + rest).includes("${")) return fail(at, '"${" is not closed by "}"');
  parts.push(constant(rest));
  const make = (axes: Axes): Json => {
    let joined = "";
    for (const part of parts) {
      const piece = part(axes);
      if (piece !== null && typeof piece === "object") {
        fail(at, "a list or table can't be part of a string");
      }
      joined += String(piece);
    }
    return limited(joined, at);
  };
  return at.uses === before ? constant(make({})) : make;
}

function compileName(inner: string, at: Compilation): (axes: Axes) => Json {
  const { scope } = at;
  const name = inner.trim();
  const dot = name.indexOf(".");
  const [kind, key] = [name.slice(0, dot), name.slice(dot + 1)];
  if (kind === "params") {
    if (!scope.params.has(key)) {
      return fail(at, `[params] has no "${key}"`, didYouMean(key, scope.params.keys()));
    }
    const value = scope.params.get(key);
    if (value === undefined) at.faulty = true;
    return constant(limited(value ?? "", at));
  }
  if (kind === "matrix") {
    if (scope.axes === undefined) {
      return fail(at, `\${matrix.${key}} can't be used here`, "use it under with or in");
    }
    if (!scope.axes.includes(key)) {
      const message = `${scope.step ?? "this step"} has no matrix axis "${key}"`;
      return fail(at, message, didYouMean(key, scope.axes));
    }
    at.axes.add(key);
    at.uses++;
    return (axes) => axes[key];
  }
  return fail(at, `\${${inner}} means nothing`, "write ${params.NAME} or ${matrix.AXIS}");
}
