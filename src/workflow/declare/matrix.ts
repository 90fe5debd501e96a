/** Axes of a step's matrix and the points that remain of their product. */
import type { Located, StepTable } from "../parse/document.ts";
import type { AxisValue, Place } from "../graph.ts";
import { isTable, type Table } from "../parse/load.ts";
import type { Problems } from "../problems.ts";
import { axisText, namePattern } from "../reference.ts";
import type { Json } from "../step.ts";
import { didYouMean } from "../suggest.ts";
import { type Axes, parseTemplate, type Scope } from "./template.ts";

/** Beyond this a slip such as `range = 10000000` is likelier than a wish. */
export const maximumInstances = 1_000_000;

export interface Matrix {
  /** Sorted by name, so that the order of lines in the file is of no consequence. */
  axes: readonly string[];
  /** The last axis varies fastest. Steps with the same matrix have the same array of points. */
  points: readonly Axes[];
  /** Texts of the values that an axis has. */
  values: ReadonlyMap<string, ReadonlySet<string>>;
}

const single: Matrix = { axes: [], points: [Object.freeze({})], values: new Map() };

/** Points times entries of `exclude` that are compared. */
const mostComparisons = 5_000_000;
/** Steps that take their matrix from each other in a row. */
const longestChain = 100;

/**
 * Every step's matrix; a matrix with a problem is reported and counts as absent.
 *
 * @throws {ReadingStopped} when all of them together have too many points
 */
export function expandMatrices(
  steps: ReadonlyMap<string, StepTable>,
  scope: Scope,
  problems: Problems,
): Map<string, Matrix> {
  const done = new Map<string, Matrix>();
  let total = 0;
  const count = (points: number, step: StepTable) => {
    total += points;
    if (total <= maximumInstances) return;
    problems.stop(
      `the matrices have more than the ${maximumInstances} instances that are allowed`,
      step.keys.get("matrix")?.place ?? step.place,
    );
  };
  // Before any is made: a million points take a second.
  for (const step of steps.values()) count(writtenPoints(step.keys.get("matrix")?.value), step);
  total = 0;

  function expand(step: StepTable, chain: readonly string[]): Matrix {
    const known = done.get(step.name);
    if (known) return known;
    const matrix = modify(step, base(step, chain), scope, problems);
    done.set(step.name, matrix);
    count(matrix.points.length, step);
    return matrix;
  }

  function base(step: StepTable, chain: readonly string[]): Matrix {
    const located = step.keys.get("matrix");
    if (located === undefined) return single;
    if (typeof located.value !== "string") {
      return product(step.name, located, scope, problems);
    }
    const other = steps.get(located.value);
    if (other === undefined) {
      problems.add(
        `matrix names the step "${located.value}", which is not there`,
        located.place,
        didYouMean(located.value, steps.keys()),
      );
      return single;
    }
    const path = [...chain, step.name];
    if (path.length > longestChain) {
      problems.stop(`more than ${longestChain} matrices are taken from each other`, located.place);
    }
    if (path.includes(other.name)) {
      const circle = [...path.slice(path.indexOf(other.name)), other.name].join(" -> ");
      problems.add(`matrices taken from each other: ${circle}`, located.place);
      return single;
    }
    return expand(other, path);
  }

  for (const step of steps.values()) expand(step, []);
  return done;
}

/** Points of a matrix as far as its axes are written out; a larger one is reported by itself. */
function writtenPoints(matrix: Json | undefined): number {
  if (!isTable(matrix)) return 0;
  let points = 1;
  for (const axis of Object.values(matrix)) {
    const length = Array.isArray(axis) ? axis.length : isTable(axis) ? Number(axis.range) : 1;
    if (length > 0) points *= length;
  }
  return points > maximumInstances ? 0 : points;
}

function product(step: string, located: Located, scope: Scope, problems: Problems): Matrix {
  const { value, place } = located;
  if (!isTable(value)) {
    problems.add('matrix must be a table of axes or the name of a step, "train"', place);
    return single;
  }
  const lists: [string, readonly AxisValue[]][] = [];
  let size = 1;
  for (const axis of Object.keys(value).sort()) {
    const at = place && inside(place, axis);
    if (!namePattern.test(axis)) {
      problems.add(
        `"${axis}" can't be the name of an axis`,
        at && { ...at, part: "key" },
        "use letters, digits, _ and -, with a letter first",
      );
      continue;
    }
    const list = axisValues(axis, value[axis], at, scope, problems) ?? [];
    if (list.length === 0) continue;
    lists.push([axis, list]);
    size *= list.length;
  }
  if (size > maximumInstances) {
    problems.add(
      `the matrix of ${step} has ${size} points; at most ${maximumInstances} are allowed`,
      place,
    );
    return single;
  }
  let points: Record<string, AxisValue>[] = [{}];
  for (const [axis, list] of lists) {
    const longer: Record<string, AxisValue>[] = [];
    for (const point of points) {
      for (const each of list) longer.push({ ...point, [axis]: each });
    }
    points = longer;
  }
  return matrixOf(lists.map(([axis]) => axis), points);
}

function matrixOf(axes: readonly string[], points: readonly Axes[]): Matrix {
  if (axes.length === 0) return single;
  const values = new Map(axes.map((axis) => [axis, new Set<string>()]));
  for (const point of points) {
    for (const axis of axes) values.get(axis)?.add(axisText(point[axis]));
  }
  return { axes, points, values };
}

/** `[a, b]` or `{ range = n }`; undefined when it is neither, which is reported. */
function axisValues(
  axis: string,
  written: Json,
  place: Place | undefined,
  scope: Scope,
  problems: Problems,
): readonly AxisValue[] | undefined {
  const template = parseTemplate(written, { params: scope.params }, place, problems);
  if (template.faulty) return undefined;
  const value = template.evaluate({});
  if (isTable(value)) {
    const { range, ...others } = value;
    if (
      typeof range === "number" && Number.isInteger(range) && range >= 1 &&
      Object.keys(others).length === 0
    ) {
      const length = Math.min(range, maximumInstances + 1);
      return Array.from({ length }, (_, index) => index);
    }
    problems.add(
      `the axis ${axis} must be a list or { range = n } with a whole number n of at least 1`,
      place,
    );
    return undefined;
  }
  if (!Array.isArray(value) || value.length === 0) {
    problems.add(`the axis ${axis} must be a list with at least one value`, place);
    return undefined;
  }
  const seen = new Set<string>();
  value.forEach((item, index) => {
    const at = place && inside(place, index);
    if (!isAxisValue(item)) {
      problems.add(
        `a value of the axis ${axis} must be a number, true, false, or a text that is not empty and ` +
          'has none of the characters , = [ ] " * $',
        at,
      );
    } else if (seen.has(axisText(item))) {
      problems.add(`the axis ${axis} has the value ${axisText(item)} twice`, at);
    } else {
      seen.add(axisText(item));
    }
  });
  return seen.size === value.length ? value.filter(isAxisValue) : undefined;
}

function isAxisValue(value: Json): value is AxisValue {
  if (typeof value === "string") {
    // deno-lint-ignore no-control-regex
    return value.trim() === value && value !== "" && !/[,=[\]"*$\u0000-\u001f\u007f]/.test(value);
  }
  return typeof value === "number" || typeof value === "boolean";
}

/** Takes out `exclude`, then adds `include`. */
function modify(step: StepTable, matrix: Matrix, scope: Scope, problems: Problems): Matrix {
  const excluded = step.keys.get("exclude");
  const included = step.keys.get("include");
  if (excluded === undefined && included === undefined) return matrix;
  let { axes, points } = matrix;
  let compared = 0;

  for (const [entry, place] of pointList("exclude", excluded, scope, problems)) {
    const names = Object.keys(entry);
    const unknown = names.find((axis) => !axes.includes(axis));
    if (unknown !== undefined || names.length === 0) {
      problems.add(
        unknown === undefined
          ? "exclude needs at least one axis"
          : `${step.name} has no matrix axis "${unknown}"`,
        place,
        unknown === undefined ? undefined : didYouMean(unknown, axes),
      );
      continue;
    }
    compared += points.length;
    if (compared > mostComparisons) {
      problems.stop(`exclude of ${step.name} has too many entries for its matrix`, place);
    }
    const left = points.filter((point) => names.some((axis) => point[axis] !== entry[axis]));
    if (left.length === points.length) {
      const text = names.map((axis) => `${axis}=${axisText(entry[axis])}`).join(",");
      const wrong = names.find((axis) => !matrix.values.get(axis)?.has(axisText(entry[axis])));
      problems.add(
        `the matrix of ${step.name} has no ${text} to exclude`,
        place,
        wrong === undefined
          ? undefined
          : didYouMean(axisText(entry[wrong]), matrix.values.get(wrong) ?? []),
      );
    }
    points = left;
  }
  if (points.length === 0) {
    problems.add(`exclude leaves nothing of the matrix of ${step.name}`, excluded?.place);
    return single;
  }

  const extra: Axes[] = [];
  for (const [entry, place] of pointList("include", included, scope, problems)) {
    const names = Object.keys(entry).sort();
    if (axes.length === 0) {
      axes = names;
      points = [];
    }
    if (names.length === 0 || names.join() !== axes.join()) {
      problems.add(
        `include must give every axis of ${step.name} and no other: ${axes.join(", ")}`,
        place,
      );
      continue;
    }
    extra.push(Object.fromEntries(axes.map((axis) => [axis, entry[axis]])));
  }
  const identity = (point: Axes) => axes.map((axis) => axisText(point[axis])).join("\n");
  const seen = new Set(extra.length === 0 ? [] : points.map(identity));
  for (const point of extra) {
    if (seen.has(identity(point))) {
      const text = axes.map((axis) => `${axis}=${axisText(point[axis])}`).join(",");
      problems.add(`the matrix of ${step.name} has ${text} already`, included?.place);
    }
    seen.add(identity(point));
  }
  return matrixOf(axes, [...points, ...extra]);
}

/** The tables of `exclude` or `include`, every value fit for an axis. */
function pointList(
  key: string,
  located: Located | undefined,
  scope: Scope,
  problems: Problems,
): [Record<string, AxisValue>, Place | undefined][] {
  if (located === undefined) return [];
  const { value: written, place } = located;
  const value = parseTemplate(written, { params: scope.params }, place, problems).evaluate({});
  if (!Array.isArray(value)) {
    problems.add(`${key} must be a list of tables such as [{ fold = 0 }]`, place);
    return [];
  }
  const found: [Record<string, AxisValue>, Place | undefined][] = [];
  value.forEach((entry: Json, index) => {
    const at = place && inside(place, index);
    if (isTable(entry) && isPoint(entry)) found.push([entry, at]);
    else problems.add(`${key} must be a list of tables such as [{ fold = 0 }]`, at);
  });
  return found;
}

function isPoint(entry: Table): entry is Record<string, AxisValue> {
  return Object.entries(entry).every(([axis, value]) =>
    namePattern.test(axis) && isAxisValue(value)
  );
}

function inside(place: Place, key: string | number): Place {
  return { file: place.file, keys: [...place.keys, key] };
}
