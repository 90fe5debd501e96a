/**
 * The parameters of a user's step on their way out of its worker.
 *
 * They cross as JSON Schema and become zod schemas again, a field at a time, so that the reader
 * treats them like any other step's. What JSON Schema can't express, such as a refinement, is checked
 * by the original schema before the step runs.
 */
import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import type { Json } from "../../workflow/step.ts";

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** @throws {Error} when JSON Schema can't express a field, such as a transform */
export function encodeParameters(params: z.ZodObject): JsonSchema {
  return z.toJSONSchema(params, { io: "input" });
}

export function decodeParameters(schema: JsonSchema): z.ZodObject {
  const required = new Set(schema.required ?? []);
  const shape: Record<string, z.ZodType> = {};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (typeof property === "boolean") continue;
    const { default: initial, description, ...rest } = property;
    let field = decodeField(rest);
    if (initial !== undefined) field = field.default(initial as Json);
    else if (!required.has(name)) field = field.optional();
    shape[name] = description === undefined ? field : field.describe(description);
  }
  return z.strictObject(shape);
}

function decodeField(schema: JsonSchema): z.ZodType {
  if (schema.type === "string" && schema.format === "path") return pathParameter();
  if (schema.type === "array" && isPath(schema.items)) return z.array(pathParameter());
  return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
}

function isPath(items: JsonSchema["items"]): boolean {
  return typeof items === "object" && !Array.isArray(items) &&
    (items as JsonSchema).format === "path";
}
