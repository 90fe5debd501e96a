import { assertEquals, assertThrows } from "@std/assert";
import { DeviceError } from "../../../src/errors.ts";
import { specialise } from "../../../src/gpu/wgsl/specialise.ts";
import { parse, print } from "../../../src/gpu/wgsl/tokens.ts";

const spanned = (source: string) => {
  const spans = { bytes: 2 ** 20, counts: new Map([["x", 2], ["y", 2]]) };
  return print(specialise("test", parse("test", source), {}, { spans }));
};

Deno.test("reads and writes of a buffer in spans choose the span by the index", () => {
  const text = spanned(`
@group(0) @binding(3) var<storage, read_write> x: array<vec4f>;
@group(0) @binding(4) var<storage, read> z: array<f32>;
fn f(i: u32) { if (i < arrayLength(&x)) { x[i] = 2.0 * x[i + 1u] + z[i]; } }`);
  const squashed = text.replace(/\s+/g, " ");
  for (
    const part of [
      "@group(0) @binding(67) var<storage, read_write> x_span1: array<vec4f>;",
      "if (i < length_x()) { store_x(i, 2.0 * load_x(i + 1u) + z[i]); }",
      "if (at / 65536u == 1u) { value = x_span1[at % 65536u]; }",
      "return arrayLength(&x) + arrayLength(&x_span1);",
    ]
  ) assertEquals(squashed.includes(part), true, `${part}\n${text}`);
});

Deno.test("a buffer that is only read gets no writer, and one of f32 has four times the elements", () => {
  const text = spanned(`
@group(0) @binding(0) var<storage, read> y: array<f32>;
fn f(i: u32) -> f32 { return y[u32(y[i])]; }`);
  assertEquals(text.includes("store_y"), false);
  assertEquals(text.includes("load_y(u32(load_y(i)))"), true, text);
  assertEquals(text.includes("at / 262144u == 1u"), true, text);
});

Deno.test("spans of other elements, and one statement that reads and writes, are refused", () => {
  const declared = "@group(0) @binding(0) var<storage, read_write> x:";
  for (
    const [source, message] of [
      [`${declared} array<mat4x4f>;`, "array<mat4x4f> is never in spans"],
      [`${declared} array<f32>; fn f() { x[0] += 1.0; }`, "read and written in one statement"],
    ]
  ) assertThrows(() => spanned(source), DeviceError, message);
});
