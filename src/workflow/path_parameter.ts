/**
 * Parameters that name a file or folder. The reader resolves them against the
 * workflow file's folder; the engine puts the content they name, never their
 * text, into a key.
 */
import { z } from "zod";
import type { StepKind } from "./step.ts";

/** A path, relative to the workflow file's folder. Wrap it in `z.array`, `.optional()` or `.default()`. */
export function pathParameter(): z.ZodString {
  return z.string().min(1).meta({ format: "path" });
}

const known = new WeakMap<z.ZodObject, readonly string[]>();

/** Names of the step kind's parameters that are a path or a list of paths. */
export function pathParametersOf(kind: StepKind): readonly string[] {
  let names = known.get(kind.params);
  if (names === undefined) {
    names = Object.keys(kind.params.shape).filter((name) => isPath(kind.params.shape[name]));
    known.set(kind.params, names);
  }
  return names;
}

function isPath(schema: z.core.$ZodType): boolean {
  if (schema instanceof z.ZodString) return schema.meta()?.format === "path";
  if (schema instanceof z.ZodArray) return isPath(schema.element);
  if (
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ||
    schema instanceof z.ZodNullable || schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  ) return isPath(schema.unwrap());
  return false;
}
