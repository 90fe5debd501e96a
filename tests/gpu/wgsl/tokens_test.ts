import { assertEquals, assertThrows } from "@std/assert";
import { DeviceError } from "../../../src/errors.ts";
import { isGroup, parse, print, type Tree } from "../../../src/gpu/wgsl/tokens.ts";
import { shaders } from "../../kernels/shaders.ts";

/** Tokens apart by blanks, but for the first and last of a group, which touch its brackets. */
const grouped = (trees: readonly Tree[]): string =>
  trees.map((tree) =>
    isGroup(tree) ? tree.open.text + grouped(tree.trees) + tree.close.text : tree.text
  ).join(" ");
const assertGroups = (source: string, expected: string) =>
  assertEquals(grouped(parse("test", source)), expected);

function assertRefused(source: string, message: string, line: number) {
  const error = assertThrows(() => parse("sums", source), DeviceError);
  assertEquals(error.message, `Kernel sums, line ${line}: ${message}`);
  assertEquals([error.kernel, error.line], ["sums", line]);
}

Deno.test("brackets are groups of the tokens between them", () => {
  assertGroups("a[i+1u]=f(x.y,-2.5e-3f);", "a [i + 1u] = f (x . y , - 2.5e-3f) ;");
});

Deno.test("brackets in comments close and open nothing", () => {
  assertGroups("f(a /* ) */, b // ) } (\n);", "f (a , b) ;");
});

Deno.test("block comments nest", () => {
  assertGroups("a /* 1 /* 2 */ // 3 */ + b /**/ /***/ c", "a + b c");
  assertRefused("a\n/* 1 /* 2 */ b", `"/*" is never closed`, 2);
});

Deno.test("a bracket without a partner is refused by kernel and line", () => {
  assertRefused("fn f() {\n  g(a[0);\n}", `"[" is never closed`, 2);
  assertRefused("fn f() {\n  if (x) {\n}\n", `"{" is never closed`, 1);
  assertRefused("fn f() {}\n// {\n}", `"}" closes no bracket`, 3);
  assertRefused("fn f() {\n  x = $;\n}", `"$" is not WGSL`, 2);
});

Deno.test("template lists are groups", () => {
  assertGroups("var a: array<vec4f, 4>;", "var a : array <vec4f , 4> ;");
  assertGroups("array<array<f32, N>>(x)", "array <array <f32 , N>> (x)");
  assertGroups("vec2<f32>(1.0) >> s", "vec2 <f32> (1.0) >> s");
  assertGroups("var a: vec2<f32>= b;", "var a : vec2 <f32> = b ;");
});

Deno.test("comparisons and shifts are no template lists", () => {
  assertGroups("a < b;", "a < b ;");
  assertGroups("(a < b) == (c > d)", "(a < b) == (c > d)");
  assertGroups("a < b && c > d", "a < b && c > d");
  assertGroups("a < b || c >= d", "a < b || c >= d");
  assertGroups("a << 2u >> b", "a << 2u >> b");
  assertGroups("i < n; x = y > z", "i < n ; x = y > z");
});

Deno.test("of comments only directives stay, and only where they fill the comment", () => {
  assertGroups(
    "// unroll\nfor // unroll all\n// registers  \n// sum // texels\n",
    "// unroll for // registers",
  );
});

Deno.test("printed trees are the text that was parsed", () => {
  for (const [name, source] of shaders()) {
    assertEquals(print(parse(name, source)), source.trimEnd());
  }
});
