import { assertEquals, assertThrows } from "@std/assert";
import { DeviceError } from "../../../src/errors.ts";
import { type Constants, specialise as specialiseTrees } from "../../../src/gpu/wgsl/specialise.ts";
import { parse, print } from "../../../src/gpu/wgsl/tokens.ts";

const specialise = (name: string, source: string, constants: Constants = {}, texels = false) =>
  print(specialiseTrees(name, parse(name, source), constants, { texels }));
const squash = (text: string) => text.replace(/\s+/g, " ").trim();
const body = (source: string, constants: Constants) =>
  squash(specialise("test", source, constants)).replace(/.*?fn/, "fn");

Deno.test("specialise sets constants, keeping their type, and leaves the others", () => {
  const source = `const A: u32 = 1u;\nconst B: f32 = 0.5;\nconst C = 7u;`;
  assertEquals(
    specialise("test", source, { A: 12, B: 2 }),
    `const A: u32 = 12u;\nconst B: f32 = 2;\nconst C = 7u;`,
  );
});

Deno.test("specialise refuses a constant that the kernel does not declare", () => {
  assertThrows(() => specialise("test", "const A = 1u;", { B: 1 }), DeviceError, "no constant B");
});

Deno.test("specialise writes nested loops out, with bounds from constants", () => {
  const source = `const N: u32 = 8u;
    fn f() {
      // unroll
      for (var i = 0u; i < N / 2u; i++) {
        // unroll
        for (var j = 0u; j < 4u; j += 2u) { s += a[i][j]; }
      }
    }`;
  assertEquals(
    body(source, { N: 4 }),
    "fn f() { { { s += a[0u][0u]; } { s += a[0u][2u]; } } { { s += a[1u][0u]; } { s += a[1u][2u]; } } }",
  );
});

Deno.test("specialise turns marked arrays into named variables", () => {
  const source = `const N = 2u;
    fn f() {
      // registers
      var a: array<vec4f, N>;
      // unroll
      for (var i = 0u; i < N; i++) { a[i] = b[i]; }
    }`;
  assertEquals(
    body(source, {}),
    "fn f() { var a_0: vec4f; var a_1: vec4f; { a_0 = b[0u]; } { a_1 = b[1u]; } }",
  );
});

Deno.test("specialise keeps registers of one name apart by their scope", () => {
  const source = `fn f() {
      // registers
      var a: array<f32, 1>;
      a[0] = 1.0;
    }
    fn g() {
      // registers
      var a: array<array<f32, 1>, 2>;
      a[1][0] = 2.0;
    }`;
  assertEquals(
    body(source, {}),
    "fn f() { var a_0: f32; a_0 = 1.0; } fn g() { var a_0_0: f32; var a_1_0: f32; a_1_0 = 2.0; }",
  );
});

Deno.test("specialise keeps one branch of an if on a boolean constant", () => {
  const source = `const ON: bool = true;
    fn f() { if (ON) { x(); } else if (y) { z(); } else { w(); } if (!ON) { v(); } u(); }`;
  assertEquals(body(source, { ON: true }), "fn f() { { x(); } u(); }");
  assertEquals(
    body(source, { ON: false }),
    "fn f() { if (y) { z(); } else { w(); } { v(); } u(); }",
  );
});

Deno.test("specialise keeps one branch of an if on two integer constants", () => {
  const source = `const SGD: u32 = 0u; const ADAM: u32 = 1u; const RULE: u32 = SGD;
    fn f() { if (RULE == SGD) { a(); } else if (RULE == ADAM) { b(); } if (RULE != ADAM) { c(); }
      if (RULE == rule) { d(); } if (RULE == 1u) { e(); } }`;
  const kept = "if (RULE == rule) { d(); } if (RULE == 1u) { e(); } }";
  assertEquals(body(source, {}), `fn f() { { a(); } { c(); } ${kept}`);
  assertEquals(body(source, { RULE: "ADAM" }), `fn f() { { b(); } ${kept}`);
  assertThrows(() => body(source, { RULE: "ADAMW" }), DeviceError, "declares no constant ADAMW");
});

Deno.test("specialise leaves no else without a branch", () => {
  const source = "const ON: bool = false;\nfn f() { if (y) { z(); } else if (ON) { x(); } u(); }";
  assertEquals(body(source, {}), "fn f() { if (y) { z(); } u(); }");
});

Deno.test("specialise drops what follows a branch that stays and returns", () => {
  const source = `const ON: bool = true;
    fn f() { if (ON) { return 1; } return 2; }
    fn g() { if (y) { if (ON) { return; } a(); } else if (ON) { return; } b(); }
    fn h() { if (y) { return; } else if (!ON) { c(); } d(); if (!ON) { } else if (y) { return; } e(); }`;
  assertEquals(
    body(source, {}),
    "fn f() { { return 1; } } " +
      "fn g() { if (y) { { return; } } else { return; } b(); } " +
      "fn h() { if (y) { return; } d(); if (y) { return; } e(); }",
  );
});

Deno.test("specialise refuses to unroll a loop whose bound is not constant", () => {
  const source = "fn f(n: u32) {\n// unroll\nfor (var i = 0u; i < n; i++) { g(i); } }";
  const error = assertThrows(() => specialise("test", source), DeviceError, "not constant");
  assertEquals([error.kernel, error.line], ["test", 3]);
});

Deno.test("specialise unrolls a body with a bracket in a comment to its end", () => {
  const source = `fn f() {
      // unroll
      for (var i = 0u; i < 2u; i++) {
        // Only 1) is left.
        a(i); // }
        b(i); /* /* } */ ) */
      }
    }`;
  const text = body(source, {}).replaceAll(/\/\/ (Only 1\) is left\.|\}) |\/\*.*?\) \*\/ /g, "");
  assertEquals(text, "fn f() { { a(0u); b(0u); } { a(1u); b(1u); } }");
});

Deno.test("specialise refuses a directive that is not before what it is for", () => {
  const refused = (source: string, message: string) => {
    const error = assertThrows(() => specialise("test", source, {}, true), DeviceError, message);
    assertEquals(error.line, 2);
  };
  refused("fn f() {\n// unroll\nx(); }", `"// unroll" is for a loop`);
  refused("fn f() {\n// registers\nlet x = 1u; }", `"// registers" is for`);
  refused("fn f() {\n// registers\nvar x: array<f32, 2> = y; }", `"// registers" is for`);
  refused("\n// texels\n@group(0) @binding(0) var<uniform> x: vec4f;", `"// texels" is for`);
});

Deno.test("specialise keeps the registers of a scope from those of one inside", () => {
  const source = `fn f() {
      // registers
      var a: array<f32, 2>;
      for (;;) {
        // registers
        var a: array<array<f32, 1>, 1>;
        a[0][0] = 1.0;
      }
      a[1] = p.a[2];
    }`;
  assertEquals(
    body(source, {}),
    "fn f() { var a_0: f32; var a_1: f32; for (;;) { var a_0_0: f32; a_0_0 = 1.0; } " +
      "a_1 = p.a[2]; }",
  );
});

Deno.test("specialise turns reads of marked buffers into reads of texels", () => {
  const source = `// texels
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
// texels
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
fn f(i: u32) { y[i] = x[i + 1u] * y[i]; }`;
  assertEquals(specialise("test", source), source);
  assertEquals(
    squash(specialise("test", source, {}, true)),
    squash(`@group(0) @binding(0) var x: texture_storage_2d<rgba32float, read>;
fn read_x(at: u32) -> vec4f { return textureLoad(x, vec2u(at & 2047u, (at >> 11u) + 1u)); }
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(33) var y_texels: texture_storage_2d<rgba32float, read>;
fn read_y(at: u32) -> vec4f { return textureLoad(y_texels, vec2u(at & 2047u, (at >> 11u) + 1u)); }
fn f(i: u32) { y[i] = read_x(i + 1u) * read_y(i); }`),
  );
});

Deno.test("specialise refuses to read and write a buffer of texels in one statement", () => {
  const source = `// texels
@group(0) @binding(0) var<storage, read_write> y: array<vec4f>;
fn f() { y[0] += vec4f(1.0); }`;
  assertThrows(() => specialise("test", source, {}, true), DeviceError, "in one statement");
});
