import { assertEquals, assertThrows } from "@std/assert";
import { DeviceError } from "../../../src/errors.ts";
import { specialise } from "../../../src/gpu/wgsl/specialise.ts";
import { parse, print } from "../../../src/gpu/wgsl/tokens.ts";

const halved = (source: string) =>
  print(specialise("test", parse("test", source), {}, { halves: ["x", "y"] }));

Deno.test("buffers of float16 are read as float32 and written from it", () => {
  const text = halved(`
@group(0) @binding(3) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(4) var<storage, read> y: array<f32>;
@group(0) @binding(5) var<storage, read> z: array<f32>;
fn f(i: u32) {
  if (i < arrayLength(&x)) { x[i] = 2.0 * x[i + 1u] + vec4f(y[u32(y[i])]) + z[i]; }
  return;
}`);
  const squashed = text.replace(/\s+/g, " ");
  for (
    const part of [
      "enable f16;",
      "var<storage, read_write> x: array<vec4<f16>>;",
      "var<storage, read> y: array<f16>;",
      "var<storage, read> z: array<f32>;",
      "if (i < arrayLength(&x)) { x[i] = vec4<f16>(2.0 * vec4f(x[i + 1u]) + vec4f(f32(y[u32(f32(y[i]))])) + z[i]); }",
    ]
  ) assertEquals(squashed.includes(part), true, `${part}\n${text}`);
});

Deno.test("buffers of other elements, and one statement that reads and writes, are refused", () => {
  const declared = "@group(0) @binding(0) var<storage, read_write> x:";
  for (
    const [source, message] of [
      [`${declared} array<u32>;`, "array<u32> is never of float16"],
      [`${declared} array<f32>; fn f() { x[0] += 1.0; }`, "read and written in one statement"],
    ]
  ) assertThrows(() => halved(source), DeviceError, message);
});
