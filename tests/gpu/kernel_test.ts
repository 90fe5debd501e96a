import { assertEquals, assertThrows } from "@std/assert";
import { defineKernel } from "../../src/gpu/kernel.ts";

const source = `
struct Params { rate: f32, step: u32 }
const COUNT: u32 = 4u;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>; // not z: array<f32>
@group(0) @binding(2) var<uniform> params: Params;
@group(0) @binding(3) var t: texture_storage_2d<rgba32float, read>;
fn scaled(i: u32) -> f32 { return x[i] * params.rate; }
@compute @workgroup_size(4) fn scale(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < COUNT) { y[id.x] = scaled(id.x); }
}
@compute @workgroup_size(4) fn load(@builtin(global_invocation_id) id: vec3u) {
  y[id.x] = textureLoad(t, id.xy).x;
}`;
const right = {
  name: "scale",
  source,
  constants: ["COUNT"],
  params: { rate: "f32", step: "u32" },
  entries: {
    scale: { x: "read", y: "read_write", params: "uniform" },
    load: { y: "read_write", t: "texture_read" },
  },
} as const;

Deno.test("defineKernel accepts a declaration that matches, also through called functions", () => {
  assertEquals(defineKernel(right).declarations.params.map((p) => p.name), ["rate", "step"]);
});

Deno.test("defineKernel names every difference between declaration and WGSL", () => {
  const refused = (change: Partial<Record<keyof typeof right, unknown>>, message: string) =>
    assertThrows(
      () => defineKernel({ ...right, ...change } as typeof right),
      TypeError,
      message,
    );
  refused({ constants: ["COUNTS"] }, "COUNTS is declared but not in the module");
  refused({ params: { rate: "f32" } }, "Params is {rate: f32, step: u32} in the module");
  refused({ entries: { scale: right.entries.scale } }, "entry point load is not declared");
  refused(
    { entries: { ...right.entries, scale: { x: "read", y: "read_write" } } },
    "scale uses params, which is not declared",
  );
  refused(
    { entries: { ...right.entries, load: { y: "read", t: "texture_read" } } },
    "y is read_write in the module, read declared",
  );
  refused({ entries: { ...right.entries, more: {} } }, "entry point more is not in the module");
});
