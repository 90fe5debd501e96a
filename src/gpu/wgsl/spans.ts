/**
 * Buffers that are longer than one binding may be: a shader gets them as several bindings, spans of equal
 * size, and its reads and writes choose between these.
 */
import { isAssigned } from "./texel_reads.ts";
import { readBinding, splitDeclarations } from "./declarations.ts";
import {
  inside,
  is,
  isGroup,
  isMember,
  isWord,
  lineOf,
  parse,
  syntaxError,
  type Token,
  type Tree,
} from "./tokens.ts";

/** How long buffers are bound. */
export interface Spans {
  /** Bytes of a span, a power of two. */
  readonly bytes: number;
  /** Buffer -> its number of spans. */
  readonly counts: ReadonlyMap<string, number>;
}

/** Bytes of a span on a device that binds `limit` bytes. */
export function spanBytes(limit: number): number {
  return 2 ** Math.floor(Math.log2(limit));
}

/** The buffer and the number of the span that a binding stands for. */
export function spanOf(binding: string): { buffer: string; span: number } {
  const [, buffer, span] = /^(.*)_span(\d+)$/.exec(binding) ?? [];
  return buffer === undefined ? { buffer: binding, span: 0 } : { buffer, span: Number(span) };
}

/** Bindings of span i are this much behind those of span i - 1: behind all others and their texels. */
const SPAN_STEP = 64;

/** Bytes of the elements that buffers have. */
const elementBytes: Readonly<Record<string, number>> = {
  f32: 4,
  u32: 4,
  i32: 4,
  vec2f: 8,
  vec2u: 8,
  vec4f: 16,
  vec4u: 16,
};

/**
 * Makes the lower text of the upper one, for two spans of 1 MiB:
 * ```wgsl
 * @group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
 * fn f(i: u32) { x[i] = 2.0 * x[i + 1u]; }
 *
 * @group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
 * @group(0) @binding(64) var<storage, read_write> x_span1: array<vec4f>;
 * fn load_x(at: u32) -> vec4f { ... }
 * fn store_x(at: u32, value: vec4f) { ... }
 * fn f(i: u32) { store_x(i, 2.0 * load_x(i + 1u)); }
 * ```
 *
 * @throws {DeviceError} a buffer of other elements, or an element that one statement reads and
 * writes
 */
export function bindSpans(name: string, module: readonly Tree[], spans: Spans): Tree[] {
  const counts = new Map<string, number>();
  const accessors: Tree[] = [];
  const declared = splitDeclarations(module).flatMap((declaration): readonly Tree[] => {
    const buffer = readBinding(declaration);
    const count = buffer && spans.counts.get(buffer.name);
    if (!buffer || !count || buffer.access === "texture_read") return declaration.trees;
    const element = /^array<(\w+)>$/.exec(buffer.type)?.[1] ?? "";
    const bytes = elementBytes[element];
    if (bytes === undefined) {
      throw syntaxError(name, lineOf(declaration.trees[0]), `${buffer.type} is never in spans`);
    }
    counts.set(buffer.name, count);
    const written = buffer.access === "read_write";
    const others = Array.from({ length: count - 1 }, (_, i) => `
@group(${buffer.group}) @binding(${buffer.binding + SPAN_STEP * (i + 1)})
var<storage, ${buffer.access}> ${buffer.name}_span${i + 1}: array<${element}>;`);
    const text = accessorsOf(buffer.name, element, count, spans.bytes / bytes, written);
    accessors.push(...parse(name, text));
    return [...declaration.trees, ...parse(name, others.join(""))];
  });
  if (counts.size === 0) return [...module];
  return [...callAccessors(name, declared, counts), ...accessors];
}

/** Functions that read and write element `at` in the span that holds it, and that add up lengths. */
function accessorsOf(
  buffer: string,
  element: string,
  count: number,
  length: number,
  written: boolean,
): string {
  const names = Array.from({ length: count }, (_, i) => i === 0 ? buffer : `${buffer}_span${i}`);
  const choose = (act: (place: string) => string) =>
    names.map((span, i) => `if (at / ${length}u == ${i}u) { ${act(`${span}[at % ${length}u]`)} }`)
      .join("\n  else ");
  const store = `
fn store_${buffer}(at: u32, value: ${element}) {
  ${choose((place) => `${place} = value;`)}
}`;
  return `
fn load_${buffer}(at: u32) -> ${element} {
  var value = ${element}();
  ${choose((place) => `value = ${place};`)}
  return value;
}
fn length_${buffer}() -> u32 {
  return ${names.map((span) => `arrayLength(&${span})`).join(" + ")};
}${written ? store : ""}`;
}

/** Turns `x[i]` into `load_x(i)`, `x[i] = v` into `store_x(i, v)`, `arrayLength(&x)` into a sum. */
function callAccessors(
  name: string,
  trees: readonly Tree[],
  counts: ReadonlyMap<string, number>,
): Tree[] {
  const within = (inner: readonly Tree[]) => callAccessors(name, inner, counts);
  const isBuffer = (tree: Tree | undefined): tree is Token => isWord(tree) && counts.has(tree.text);
  const called: Tree[] = [];
  for (let at = 0; at < trees.length; at++) {
    const tree = trees[at];
    const next = trees[at + 1];
    if (isWord(tree, "arrayLength") && isGroup(next, "(") && isBuffer(next.trees[1])) {
      called.push(...call({ ...next.trees[1], before: tree.before }, "length", []));
      at++;
    } else if (isBuffer(tree) && !isMember(trees, at) && isGroup(next, "[")) {
      const place = within(next.trees);
      if (!isAssigned(name, trees, at + 1)) {
        called.push(...call(tree, "load", place));
        at++;
      } else {
        const end = trees.findIndex((one, i) => i > at && is(one, ";"));
        const value = within(trees.slice(at + 3, end));
        called.push(...call(tree, "store", [...place, ...parse(name, ", "), ...value]));
        at = end - 1;
      }
    } else called.push(inside(tree, within));
  }
  return called;
}

/** `load_x(args)`. */
function call(buffer: Token, accessor: string, args: readonly Tree[]): Tree[] {
  const bracket = (text: string): Token => ({
    kind: "operator",
    text,
    before: "",
    line: buffer.line,
  });
  return [{ ...buffer, text: `${accessor}_${buffer.text}` }, {
    kind: "(",
    open: bracket("("),
    trees: args,
    close: bracket(")"),
  }];
}
