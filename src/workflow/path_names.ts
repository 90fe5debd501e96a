/** Which parameters of a schema are paths. It does not load zod, which takes 25 ms. */
import type { z } from "zod";

/** Names of the parameters that are a path or a list of paths, in the schema's order. */
export function pathParametersOf({ shape }: z.ZodObject): readonly string[] {
  return Object.keys(shape).filter((name) => isPath(shape[name]));
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
