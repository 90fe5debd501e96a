import { assertEquals } from "@std/assert";
import { readDeclarations, withoutOtherEntries } from "../../../src/gpu/wgsl/declarations.ts";
import { parse, print } from "../../../src/gpu/wgsl/tokens.ts";

const module = parse(
  "test",
  `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
// fn comment() is no function; neither does calling only_b() here count.
fn shared_by_both(v: f32) -> f32 { return v + 1.0; }
fn only_b(v: f32) -> f32 { return shared_by_both(v) * 2.0; }

// a: the first
@compute @workgroup_size(8)
fn a(@builtin(global_invocation_id) id: vec3u) { y[id.x] = shared_by_both(x[id.x]); }

@compute @workgroup_size(8)
fn b(@builtin(global_invocation_id) id: vec3u) { y[id.x] = only_b(f32(id.x)); }
`,
);

Deno.test("a module for one entry point lacks the others and what only they call", () => {
  const a = print(withoutOtherEntries(module, "a"));
  assertEquals([...a.matchAll(/^fn (\w+)/gm)].map(([, name]) => name), ["shared_by_both", "a"]);
  assertEquals(a.match(/@compute/g)?.length, 1);
  const b = print(withoutOtherEntries(module, "b"));
  assertEquals([...b.matchAll(/^fn (\w+)/gm)].map(([, name]) => name), [
    "shared_by_both",
    "only_b",
    "b",
  ]);
  for (const [entry, text] of [["a", a], ["b", b]]) {
    const all = readDeclarations(module);
    const part = readDeclarations(parse(entry, text));
    assertEquals(part.entries.get(entry), all.entries.get(entry));
    assertEquals(part.bindings, all.bindings);
  }
});

Deno.test("declarations are read past comments, attributes and inferred types", () => {
  const { bindings, constants, params } = readDeclarations(parse(
    "test",
    `const A /* of ; */ = 2u;
// texels
@group(0) @binding(3) var<storage, read_write> y: array<vec2<f32>>;
@group(0) @binding(4) var image: texture_storage_2d<rgba32float, read>;
struct Params { @align(16) a: u32, /* b: u32, */ c: vec2<f32>, }
@group(0) @binding(5) var<uniform> params: Params;
`,
  ));
  assertEquals(constants.map(({ name, type, value }) => [name, type, print(value)]), [
    ["A", "", " 2u"],
  ]);
  assertEquals(params, [{ name: "a", type: "u32" }, { name: "c", type: "vec2<f32>" }]);
  assertEquals(bindings, [
    { name: "y", group: 0, binding: 3, access: "read_write", type: "array<vec2<f32>>" },
    {
      name: "image",
      group: 0,
      binding: 4,
      access: "texture_read",
      type: "texture_storage_2d<rgba32float, read>",
    },
    { name: "params", group: 0, binding: 5, access: "uniform", type: "Params" },
  ]);
});
