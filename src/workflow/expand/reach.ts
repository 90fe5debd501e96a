/** Which steps a value of `[params]` reaches. */
import type { Document, StepTable } from "../parse/document.ts";
import { isTable } from "../parse/load.ts";
import type { Reached } from "../search.ts";
import type { Json } from "../step.ts";

/**
 * Parameters of steps that a value of `[params]` becomes part of, by way of other values of `[params]` too;
 * a step without a parameter where the value decides what the step reads or which points it has.
 */
export function reachOf(name: string, { params, steps, defaults }: Document): Reached[] {
  const names = new Set([name]);
  let known = 0;
  while (known < names.size) {
    known = names.size;
    for (const [other, { value }] of params) if (mentions(value, names)) names.add(other);
  }
  const found: Reached[] = [];
  for (const step of steps.values()) {
    if (isShaped(step, steps, names)) found.push({ step: step.name });
    for (const parameter of new Set([...step.settings.keys(), ...defaults.keys()])) {
      const settings = [
        ...step.settings.get(parameter) ?? [],
        ...defaults.get(parameter) ?? [],
      ];
      if (settings.some(({ value }) => mentions(value, names))) {
        found.push({ step: step.name, parameter });
      }
    }
  }
  return found;
}

/** Whether the inputs or the matrix of a step, which may be another's, depend on the values. */
function isShaped(
  { inputs, keys }: StepTable,
  steps: Document["steps"],
  names: ReadonlySet<string>,
): boolean {
  if ([...inputs.values(), ...keys.values()].some(({ value }) => mentions(value, names))) {
    return true;
  }
  // Matrices that refer to each other in a circle are an error, which is reported elsewhere.
  const seen = new Set<StepTable>();
  let other = matrixOf(keys, steps);
  while (other !== undefined && !seen.has(other)) {
    seen.add(other);
    if ([...other.keys.values()].some(({ value }) => mentions(value, names))) return true;
    other = matrixOf(other.keys, steps);
  }
  return false;
}

/** The step whose points a step has. */
function matrixOf(keys: StepTable["keys"], steps: Document["steps"]): StepTable | undefined {
  const matrix = keys.get("matrix")?.value;
  return typeof matrix === "string" ? steps.get(matrix) : undefined;
}

function mentions(value: Json, names: ReadonlySet<string>): boolean {
  if (typeof value === "string") {
    return [...value.matchAll(/\$\{\s*params\.([^{}]*)\}/g)].some(([, name]) =>
      names.has(name.trim())
    );
  }
  if (Array.isArray(value)) return value.some((item) => mentions(item, names));
  return isTable(value) && Object.values(value).some((item) => mentions(item, names));
}
