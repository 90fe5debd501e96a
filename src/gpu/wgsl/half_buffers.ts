/** Buffers of numbers that are stored as float16: a shader computes with float32 all the same. */
import { spanOf } from "./spans.ts";
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
  print,
  syntaxError,
  type Token,
  type Tree,
} from "./tokens.ts";

/** Element of a buffer -> how it is stored. */
const stored: Readonly<Record<string, string>> = {
  f32: "f16",
  vec2f: "vec2<f16>",
  vec4f: "vec4<f16>",
};

/**
 * Makes the lower text of the upper one:
 * ```wgsl
 * @group(0) @binding(0) var<storage, read_write> x: array<vec4f>;
 * fn f(i: u32) { x[i] = 2.0 * x[i + 1u]; }
 *
 * @group(0) @binding(0) var<storage, read_write> x: array<vec4<f16>>;
 * fn f(i: u32) { x[i] = vec4<f16>(2.0 * vec4f(x[i + 1u])); }
 * ```
 *
 * @param halves names of these buffers
 * @throws {DeviceError} a buffer of other elements, or an element that one statement reads and
 * writes
 */
export function storeHalves(
  name: string,
  module: readonly Tree[],
  halves: readonly string[],
): Tree[] {
  const elements = new Map<string, string>();
  const declared = splitDeclarations(module).map((declaration): readonly Tree[] => {
    const buffer = readBinding(declaration);
    if (!buffer || !halves.includes(spanOf(buffer.name).buffer)) return declaration.trees;
    const element = /^array<(\w+)>$/.exec(buffer.type)?.[1] ?? "";
    const { access } = buffer;
    if (!stored[element] || (access !== "read" && access !== "read_write")) {
      throw syntaxError(name, lineOf(declaration.trees[0]), `${buffer.type} is never of float16`);
    }
    elements.set(buffer.name, element);
    return parse(
      name,
      `
@group(${buffer.group}) @binding(${buffer.binding})
var<storage, ${access}> ${buffer.name}: array<${stored[element]}>;`,
    );
  });
  return splitDeclarations(declared.flat()).flatMap(({ trees, keyword }) =>
    keyword === "fn" ? convert(name, trees, elements) : trees
  );
}

/** Turns `x[i]` into `vec4f(x[i])` and `x[i] = v` into `x[i] = vec4<f16>(v)`. */
function convert(
  name: string,
  trees: readonly Tree[],
  elements: ReadonlyMap<string, string>,
): Tree[] {
  const within = (inner: readonly Tree[]) => convert(name, inner, elements);
  const converted: Tree[] = [];
  for (let at = 0; at < trees.length; at++) {
    const tree = trees[at];
    const index = trees[at + 1];
    const element = isWord(tree) && !isMember(trees, at) ? elements.get(tree.text) : undefined;
    if (!isWord(tree) || element === undefined || !isGroup(index, "[")) {
      converted.push(inside(tree, within));
      continue;
    }
    const place: Tree[] = [tree, inside(index, within)];
    if (!isAssigned(name, trees, at + 1)) {
      converted.push(...call(name, tree, element, place));
      at++;
      continue;
    }
    const end = trees.findIndex((one, i) => i > at && is(one, ";"));
    const value = within(trees.slice(at + 3, end));
    converted.push(...place, trees[at + 2], ...call(name, tree, ` ${stored[element]}`, value));
    at = end - 1;
  }
  return converted;
}

/** `callee(args)`, in place of `token`. */
function call(name: string, { before }: Token, callee: string, args: readonly Tree[]): Tree[] {
  return parse(name, `${before}${callee}(${print(args).trim()})`);
}
