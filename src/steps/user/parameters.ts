/**
 * The parameters of a user's step on their way out of its worker.
 *
 * They cross as JSON Schema and become zod schemas again, a field at a time, so that the reader
 * treats them like any other step's. Only keywords that are cheap to check are kept: a pattern may
 * take for ever, and what JSON Schema can't express, such as a refinement, never arrives. The original
 * schema checks all of it in the worker before the step runs.
 */
import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import type { Json } from "../../workflow/step.ts";

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** Of a `z.object`, from a worker that may have made it up. */
export type ParameterJsonSchema = JsonSchema;

const MAX_DEPTH = 16;
const MAX_PARTS = 2000;
const TYPES = ["string", "number", "integer", "boolean", "object", "array", "null"];
/** Keywords whose value is a number of at least 0. */
const SIZES = ["minLength", "maxLength", "minItems", "maxItems"];
const LIMITS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
const ALTERNATIVES = ["anyOf", "oneOf", "allOf"];

/** @throws {Error} when JSON Schema can't express a field, such as a transform */
export function encodeParameters(params: z.ZodObject): ParameterJsonSchema {
  return z.toJSONSchema(params, { io: "input" });
}

/** @throws {TypeError} on a schema that is not of parameters, or too large */
export function decodeParameters(schema: ParameterJsonSchema): z.ZodObject {
  const budget = { parts: MAX_PARTS };
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const shape: Record<string, z.ZodType> = {};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (!/^[A-Za-z]\w{0,63}$/.test(name)) {
      throw new TypeError("a parameter's name must be at most 64 letters, digits and _");
    }
    if (!isObject(property)) continue;
    const { default: initial, description } = property;
    let field = decodeField(property, budget);
    // Only a workflow names the files that a step may read.
    const isIgnored = isPathSchema(property) && namesPath(initial);
    if (initial !== undefined && !isIgnored) field = field.default(copyJson(initial, budget));
    else if (!required.has(name) && !isIgnored) field = field.optional();
    const hint = isIgnored ? "name the file: the step's own default does not count" : undefined;
    const known = typeof description === "string" ? description : undefined;
    if (known ?? hint) field = field.describe([known, hint].filter(Boolean).join("; "));
    shape[name] = field;
  }
  return z.strictObject(shape);
}

interface Budget {
  parts: number;
}

function decodeField(schema: JsonSchema, budget: Budget): z.ZodType {
  if (isPath(schema)) return pathParameter();
  if (schema.type === "array" && isPath(schema.items)) return z.array(pathParameter());
  return z.fromJSONSchema(simplify(schema, budget, 0) as Parameters<typeof z.fromJSONSchema>[0]);
}

/** The same schema with only the keywords that are known and cheap to check. */
function simplify(value: unknown, budget: Budget, depth: number): JsonSchema {
  spend(budget, depth);
  if (!isObject(value)) return {};
  const simple: Record<string, unknown> = {};
  const inner = (part: unknown) => simplify(part, budget, depth + 1);
  if (TYPES.includes(value.type as string)) simple.type = value.type;
  if (Array.isArray(value.enum)) simple.enum = copyJson(value.enum, budget, depth);
  if ("const" in value) simple.const = copyJson(value.const, budget, depth);
  if ("default" in value && depth > 0) simple.default = copyJson(value.default, budget, depth);
  for (const name of [...SIZES, ...LIMITS]) {
    const limit = value[name];
    if (Number.isFinite(limit) && (LIMITS.includes(name) || limit as number >= 0)) {
      simple[name] = limit;
    }
  }
  if (isObject(value.items)) simple.items = inner(value.items);
  if (Array.isArray(value.prefixItems)) simple.prefixItems = value.prefixItems.map(inner);
  for (const name of ALTERNATIVES) {
    const parts = value[name];
    if (Array.isArray(parts)) simple[name] = parts.map(inner);
  }
  if (isObject(value.properties)) {
    simple.properties = Object.fromEntries(
      Object.entries(value.properties).map(([name, part]) => [name, inner(part)]),
    );
    if (Array.isArray(value.required)) simple.required = value.required.map(String);
  }
  const { additionalProperties: others } = value;
  if (typeof others === "boolean") simple.additionalProperties = others;
  else if (isObject(others)) simple.additionalProperties = inner(others);
  return simple as JsonSchema;
}

/** A copy of a JSON value. @throws {TypeError} when it is none */
function copyJson(value: unknown, budget: Budget, depth = 0): Json {
  spend(budget, depth);
  if (Array.isArray(value)) return value.map((item) => copyJson(item, budget, depth + 1));
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, copyJson(item, budget, depth + 1)]),
    );
  }
  const isScalar = value === null || typeof value === "boolean" || typeof value === "string" ||
    Number.isFinite(value);
  if (!isScalar) throw new TypeError("a value in the schema of the parameters is no JSON");
  return value as Json;
}

function spend(budget: Budget, depth: number): void {
  if (--budget.parts < 0 || depth > MAX_DEPTH) {
    throw new TypeError("the schema of the parameters is too large");
  }
}

function isPathSchema(schema: JsonSchema): boolean {
  return isPath(schema) || schema.type === "array" && isPath(schema.items);
}

function isPath(schema: unknown): boolean {
  return isObject(schema) && schema.type === "string" && schema.format === "path";
}

function namesPath(initial: unknown): boolean {
  return typeof initial === "string" || Array.isArray(initial) && initial.length > 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
