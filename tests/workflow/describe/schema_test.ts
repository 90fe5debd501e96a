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
const branches = at(schema, "properties", "steps", "additionalProperties", "oneOf") as Json[];
const branchOf = (kind: string): Json => {
  const found = branches.find((branch) => {
    const uses = at(branch, "properties", "uses") as Table | undefined;
    const kinds = uses?.enum;
    return Array.isArray(kinds) && kinds[0] === kind;
  });
  assert(found !== undefined);
  return found;
};

Deno.test("the schema uses only what Taplo understands: draft 4, oneOf with an enum on uses", () => {
  assertEquals(schema.$schema, "http://json-schema.org/draft-04/schema#");
  walk(schema, (key, value) => {
    const unknown = [
      "const",
      "if",
      "then",
      "$defs",
      "$ref",
      "prefixItems",
      "unevaluatedProperties",
    ];
    assert(!unknown.includes(key), key);
    if (key.startsWith("exclusive")) assert(typeof value === "boolean", key);
  });
  assertEquals(branches.length, toyKinds.length + 2);
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

Deno.test("required inputs are required, unknown keys are refused", () => {
  const branch = branchOf("predict");
  assertEquals(at(branch, "properties", "in", "required"), ["model", "images", "participants"]);
  assertEquals(at(branch, "properties", "in", "additionalProperties"), false);
  assertEquals(at(branch, "additionalProperties"), false);
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
