import { assertEquals } from "@std/assert";
import { readDeclarations, withoutOtherEntries } from "../../src/gpu/wgsl.ts";

const source = `
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
`;

Deno.test("a module for one entry point lacks the others and what only they call", () => {
  const a = withoutOtherEntries(source, "a");
  assertEquals([...a.matchAll(/^fn (\w+)/gm)].map(([, name]) => name), ["shared_by_both", "a"]);
  assertEquals(a.match(/@compute/g)?.length, 1);
  const b = withoutOtherEntries(source, "b");
  assertEquals([...b.matchAll(/^fn (\w+)/gm)].map(([, name]) => name), [
    "shared_by_both",
    "only_b",
    "b",
  ]);
  for (const [entry, text] of [["a", a], ["b", b]]) {
    const whole = readDeclarations(source);
    const part = readDeclarations(text);
    assertEquals(part.entries.get(entry), whole.entries.get(entry));
    assertEquals(part.bindings, whole.bindings);
  }
});
