import { assert, assertEquals, assertThrows } from "@std/assert";
import { elementBytes } from "../../../src/gpu/wgsl/branch_parts.ts";
import { readDeclarations, withoutOtherEntries } from "../../../src/gpu/wgsl/declarations.ts";
import { DeviceError } from "../../../src/errors.ts";
import { specialise } from "../../../src/gpu/wgsl/specialise.ts";
import { parse, print } from "../../../src/gpu/wgsl/tokens.ts";
import { shaders } from "../../kernels/shaders.ts";

const inParts = (source: string, parts: readonly string[]) =>
  print(specialise("test", parse("test", source), {}, { parts }));

Deno.test("a shader of branches finds its branch by the last axis, and its part of each buffer", () => {
  const text = inParts(
    `
struct Params { first: u32 }
@group(0) @binding(0) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> shared_x: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;
fn value(at: u32) -> f32 { return x[at] * shared_x[u32(x[at + 1u])]; }
@compute @workgroup_size(8)
fn f(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = group.z * groups.x + lane;
  if (at < arrayLength(&y)) { y[at] = vec4f(value(at + params.first)); }
}`,
    ["params", "x", "y"],
  );
  const squashed = text.replace(/\s+/g, " ");
  for (
    const part of [
      "struct Branches { depth: u32, params_step: u32, params_length: u32, x_step: u32, x_length: u32, y_step: u32, y_length: u32 }",
      "@group(0) @binding(3) var<storage, read> params: array<params_part>;",
      "return x[branch * branches.x_step + (at)] * shared_x[u32(x[branch * branches.x_step + (at + 1u)])];",
      "fn f( @builtin(workgroup_id) all_group: vec3u, @builtin(num_workgroups) all_groups: vec3u, @builtin(local_invocation_index) lane: u32 ) {",
      "branch = all_group.z / branches.depth;",
      "let group = vec3u(all_group.xy, all_group.z % branches.depth);",
      "let groups = vec3u(all_groups.xy, branches.depth);",
      "if (at < branches.y_length) { y[branch * branches.y_step + (at)] = vec4f(value(at + params[branch * branches.params_step].part.first)); }",
    ]
  ) assertEquals(squashed.includes(part), true, `${part}\n${text}`);
});

Deno.test("an entry point that asks for no place in the grid gets one to find its branch", () => {
  const text = inParts(
    `
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(8) fn f(@builtin(local_invocation_index) lane: u32) { x[lane] = 0.0; }`,
    ["x"],
  );
  const squashed = text.replace(/\s+/g, " ");
  const signature =
    "fn f(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) all_groups: vec3u)";
  assertEquals(squashed.includes(signature), true, text);
  assertEquals(squashed.includes("branch = all_groups.z / branches.depth;"), true, text);
});

Deno.test("parts begin at whole elements, whose size follows from the type", () => {
  const module = parse(
    "test",
    `
struct Item { first: u32, range: vec2f, colour: vec3f }
@group(0) @binding(0) var<storage, read> items: array<Item>;
@group(0) @binding(1) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read> vectors: array<vec4f>;
@group(0) @binding(3) var<uniform> item: Item;
@group(0) @binding(4) var<storage, read> matrices: array<mat4x4f>;`,
  );
  const bytes = (binding: string) => elementBytes("test", module, binding);
  assertEquals(["items", "counts", "vectors", "item"].map(bytes), [32, 4, 16, 256]);
  assertThrows(() => bytes("matrices"), DeviceError, "line 7: array<mat4x4f> is never in parts");
});

Deno.test("a buffer in parts that is used as a whole is refused", () => {
  assertThrows(
    () =>
      inParts(
        `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
fn f() { let all = &x; }`,
        ["x"],
      ),
    DeviceError,
    "line 2: x is used as a whole",
  );
});

Deno.test("every kernel that networks run can be rewritten for branches", () => {
  // Software adapters alone run these, and branches of theirs stay apart.
  const apart = /^conv\/(naive|direct|winograd)|^registration\//;
  for (const [path, source] of shaders()) {
    if (apart.test(path)) continue;
    const module = parse(path, source);
    for (const entry of readDeclarations(module).entries.keys()) {
      const one = withoutOtherEntries(module, entry);
      const { entries, bindings } = readDeclarations(one);
      const used = entries.get(entry)!;
      const parts = bindings.map(({ name }) => name).filter((name) => used.has(name)).sort();
      assert(print(specialise(path, one, {}, { parts })).includes("branches.depth"), path);
    }
  }
});
