import { assert, assertEquals } from "@std/assert";
import { parameterSchema, schemaFor } from "../../../src/workflow/describe/schema.ts";
import type { Json } from "../../../src/workflow/step.ts";
import { toyKinds } from "../toy_kinds.ts";

function walk(value: Json, visit: (key: string, value: Json) => void): void {
  if (value === null || typeof value !== "object") return;
  for (const [key, item] of Object.entries(value)) {
    visit(key, item);
    walk(item, visit);
  }
}

type Table = { readonly [key: string]: Json };

function at(value: Json, ...path: (string | number)[]): Json {
  let found = value;
  for (const key of path) found = (found as Table)[key];
  return found;
}

const schema = schemaFor(toyKinds);
const step = at(schema, "properties", "steps", "additionalProperties");
const conditions = at(step, "allOf") as Json[];
/** What a step of the kind may contain besides the keys of every step. */
const branchOf = (kind: string): Json => {
  const found = conditions.find((condition) =>
    (at(condition, "if", "properties", "uses", "enum") as Json[]).includes(kind)
  );
  assert(found !== undefined);
  return at(found, "then");
};

Deno.test("the schema uses what Taplo understands of draft 7, and no alternatives of steps", () => {
  assertEquals(schema.$schema, "http://json-schema.org/draft-07/schema#");
  walk(schema, (key, value) => {
    const unknown = ["const", "oneOf", "$defs", "$ref", "prefixItems", "unevaluatedProperties"];
    assert(!unknown.includes(key), key);
    if (key.startsWith("exclusive")) assert(typeof value === "number", key);
  });
  assertEquals(conditions.length, toyKinds.length);
});

Deno.test("an included file may lack steps, version and uses", () => {
  assertEquals(schema.required, undefined);
  assertEquals(at(step, "required"), undefined);
});

Deno.test("every parameter has its description, default and limits, or an interpolation", () => {
  assertEquals(at(branchOf("split.kfold"), "properties", "with", "properties", "n_splits"), {
    description: "Number of folds.",
    default: 5,
    anyOf: [
      { type: "integer", minimum: 2, maximum: 1000 },
      {
        type: "string",
        pattern: "\\$\\{",
        description: "A value from [params] or from the matrix.",
      },
    ],
  });
  for (const { kind, params } of toyKinds) {
    const written = at(branchOf(kind), "properties", "with", "properties") as Table;
    assertEquals(Object.keys(written), Object.keys(params.shape));
    for (const field of Object.values(written)) {
      assert(typeof (field as Table).description === "string");
    }
  }
});

Deno.test("unknown keys of a step, its inputs and its parameters are refused", () => {
  assertEquals(at(step, "additionalProperties"), false);
  const branch = branchOf("predict");
  assertEquals(at(branch, "properties", "in", "additionalProperties"), false);
  assertEquals(at(branch, "properties", "with", "additionalProperties"), false);
});

Deno.test("the limits of safe integers are not shown as limits", () => {
  const [generate] = toyKinds;
  assertEquals(parameterSchema(generate.params.shape.seed), {
    default: 0,
    description: "Seed of the random numbers.",
    type: "integer",
    minimum: 0,
  });
});
