/** What the keys of a workflow file mean, from the schema and the declarations of steps. */
import { interpolation, type Schema, schemaFor, stepSchema } from "../workflow/describe/schema.ts";
import { fieldsOf, isSchema, typeOf } from "../workflow/describe/steps_text.ts";
import { toml } from "../workflow/describe/toml_text.ts";
import type { Json, StepKind } from "../workflow/step.ts";

export interface KeyHelp {
  name: string;
  /** Such as `integer from 2`. */
  type: string;
  /** `required`, `optional` or the default, where it is known. */
  value?: string;
  description: string;
  /** All values, when they are few. */
  values: readonly Json[];
  isTable: boolean;
}

/**
 * The keys that the table at an address can have; empty when any can be written.
 *
 * @param kind what the step that contains the table uses
 */
export function keysOf(table: readonly string[], kind: StepKind | undefined): KeyHelp[] {
  const properties = schemaAt(table, kind)?.properties;
  if (!isSchema(properties)) return [];
  return Object.keys(properties).map((name) => keyHelp([...table, name], kind)!);
}

export function keyHelp(keys: readonly string[], kind: StepKind | undefined): KeyHelp | undefined {
  const schema = schemaAt(keys, kind);
  if (schema === undefined) return undefined;
  const name = keys[keys.length - 1];
  const description = typeof schema.description === "string" ? schema.description : "";
  const help: KeyHelp = {
    name,
    description,
    type: typeOf(schema),
    value: schema.default === undefined ? undefined : toml(schema.default),
    values: valuesOf(schema),
    isTable: schema.type === "object",
  };
  if (keys[0] !== "steps" || keys.length !== 4 || kind === undefined) return help;
  if (keys[2] === "with") {
    const field = fieldsOf(kind).find((each) => each.name === name);
    return { ...help, ...field };
  }
  if (keys[2] !== "in") return help;
  const { types, optional } = kind.inputs[name];
  return { ...help, type: types.join(" or "), value: optional ? "optional" : "required" };
}

function schemaAt(keys: readonly string[], kind: StepKind | undefined): Schema | undefined {
  const inStep = keys[0] === "steps" && keys.length > 1;
  let schema: Schema | undefined = !inStep ? FILE : kind ? stepSchema(kind) : STEP;
  for (const key of inStep ? keys.slice(2) : keys) schema = schema && childSchema(schema, key);
  return schema;
}

function childSchema(
  { properties, additionalProperties, items }: Schema,
  key: string,
): Schema | undefined {
  const child = isSchema(properties) && Object.hasOwn(properties, key)
    ? properties[key]
    : additionalProperties ?? items;
  return isSchema(child) ? withoutInterpolation(child) : undefined;
}

const FILE = schemaFor([]);
/** Of a step without a kind. */
const STEP = childSchema(childSchema(FILE, "steps")!, "");

function withoutInterpolation({ anyOf, ...schema }: Schema): Schema {
  if (!Array.isArray(anyOf)) return schema;
  const others = anyOf.filter((branch) => branch !== interpolation);
  return others.length === 1 && isSchema(others[0])
    ? { ...others[0], ...schema }
    : { ...schema, anyOf: others };
}

function valuesOf({ enum: values, type, anyOf }: Schema): readonly Json[] {
  if (Array.isArray(values)) return values;
  if (type === "boolean") return [true, false];
  return Array.isArray(anyOf) ? anyOf.filter(isSchema).flatMap(valuesOf) : [];
}
