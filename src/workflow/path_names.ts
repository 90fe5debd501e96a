/** Which parameters of a step kind are paths. */
import type { z } from "zod";
import type { StepKind } from "./step.ts";

const known = new WeakMap<StepKind, readonly string[]>();

/** Names of the step kind's parameters that are a path or a list of paths. */
export function pathParametersOf(kind: StepKind): readonly string[] {
  let names = known.get(kind);
  if (names === undefined) {
    names = Object.keys(kind.params.shape).filter((name) => isPath(kind.params.shape[name]));
    known.set(kind, names);
  }
  return names;
}

/** Says it of a step kind that has no schema at hand. */
export function setPathParameters(kind: StepKind, names: readonly string[]): void {
  known.set(kind, names);
}

function isPath(schema: z.core.$ZodType): boolean {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "string":
      return (schema as z.ZodString).meta()?.format === "path";
    case "array":
      return isPath(def.element);
    case "optional":
    case "default":
    case "nullable":
    case "prefault":
    case "readonly":
      return isPath(def.innerType);
    default:
      return false;
  }
}
