/**
 * Makes the shader of one branch that of several side by side: the last axis of the grid runs through the
 * branches, and each reads and writes its own part of the buffers (`../join_branches.ts`).
 */
import { PART_ALIGNMENT } from "../parts.ts";
import { readBinding, splitDeclarations } from "./declarations.ts";
import { sizeOf } from "./sizes.ts";
import {
  inside,
  is,
  isGroup,
  isMember,
  isWord,
  lineOf,
  parse,
  print,
  split,
  syntaxError,
  type Token,
  type Tree,
} from "./tokens.ts";

/** Of the uniforms that say where the parts are: behind all bindings and their texels. */
export const BRANCHES_BINDING = 63;
/** Name of that binding. */
export const BRANCHES = "branches";

/** Bytes of a binding's elements, of which a part begins at a whole number. */
export function elementBytes(name: string, module: readonly Tree[], binding: string): number {
  const declarations = splitDeclarations(module);
  const declaration = declarations.find((one) => one.keyword === "var" && one.name === binding)!;
  const { access, type } = readBinding(declaration)!;
  if (access === "uniform") return PART_ALIGNMENT;
  const element = /^array<(.+)>$/.exec(type)?.[1];
  const bytes = element && sizeOf(element, declarations)?.size;
  if (!bytes) throw syntaxError(name, lineOf(declaration.trees[0]), `${type} is never in parts`);
  return bytes;
}

/**
 * Makes the lower text of the upper one, for parts of `x` and `params`:
 * ```wgsl
 * @group(0) @binding(0) var<storage, read_write> x: array<f32>;
 * @group(0) @binding(1) var<uniform> params: Params;
 * @compute @workgroup_size(8) fn f(@builtin(workgroup_id) group: vec3u) {
 *   x[group.z] = params.first;
 * }
 *
 * struct Branches { depth: u32, x_step: u32, x_length: u32, params_step: u32, params_length: u32 }
 * @group(0) @binding(63) var<uniform> branches: Branches;
 * var<private> branch: u32;
 * struct params_part { @size(256) part: Params }
 * @group(0) @binding(0) var<storage, read_write> x: array<f32>;
 * @group(0) @binding(1) var<storage, read> params: array<params_part>;
 * @compute @workgroup_size(8) fn f(@builtin(workgroup_id) all_group: vec3u) {
 *   branch = all_group.z / branches.depth;
 *   let group = vec3u(all_group.xy, all_group.z % branches.depth);
 *   x[branch * branches.x_step + (group.z)] = params[branch * branches.params_step].part.first;
 * }
 * ```
 *
 * @param parts names of the bindings of which each branch has its own part
 * @throws {DeviceError} a use of such a buffer other than of its elements and its length
 */
export function bindParts(name: string, module: readonly Tree[], parts: readonly string[]): Tree[] {
  const declarations = splitDeclarations(module);
  const uniforms = new Set(
    declarations.map(readBinding)
      .flatMap((binding) => binding?.access === "uniform" ? binding.name : [])
      .filter((binding) => parts.includes(binding)),
  );
  const shifted = (trees: readonly Tree[]) =>
    shiftIndices(name, trees, { parts: new Set(parts), uniforms });
  const declared = declarations.flatMap((declaration): readonly Tree[] => {
    const { trees, keyword } = declaration;
    if (keyword === "fn") return inBody(withBranch(name, trees), shifted);
    const binding = readBinding(declaration);
    if (!binding || !uniforms.has(binding.name)) return trees;
    return parse(
      name,
      `
struct ${binding.name}_part { @size(${PART_ALIGNMENT}) part: ${binding.type} }
@group(${binding.group}) @binding(${binding.binding})
var<storage, read> ${binding.name}: array<${binding.name}_part>;`,
    );
  });
  const fields = parts.map((part) => `${part}_step: u32, ${part}_length: u32`);
  const head = `struct Branches { depth: u32, ${fields.join(", ")} }
@group(0) @binding(${BRANCHES_BINDING}) var<uniform> ${BRANCHES}: Branches;
var<private> branch: u32;
`;
  return [...parse(name, head), ...declared];
}

/** A function with `pass` done to its body. */
function inBody(trees: readonly Tree[], pass: (trees: readonly Tree[]) => Tree[]): Tree[] {
  return trees.map((tree, at) => at === trees.length - 1 ? inside(tree, pass) : tree);
}

/** Has an entry point find its branch, and hides from it that there are others. */
function withBranch(name: string, trees: readonly Tree[]): readonly Tree[] {
  const isEntry = trees.some((tree, at) => isWord(tree, "compute") && is(trees[at - 1], "@"));
  const at = trees.findIndex((tree, i) => isGroup(tree, "(") && isWord(trees[i - 2], "fn"));
  const list = trees[at];
  if (!isEntry || !isGroup(list)) return trees;
  const own: string[] = [];
  let place: string | undefined;
  const parameters = split(list.trees, ",").filter(({ length }) => length > 0).map((parameter) => {
    const builtin = print(parameter.slice(2, 3)).replace(/[()\s]/g, "");
    const id = parameter[3] as Token;
    const all = `all_${id.text}`;
    if (builtin === "num_workgroups") {
      own.push(`let ${id.text} = vec3u(${all}.xy, ${BRANCHES}.depth);`);
    } else if (builtin === "workgroup_id" || builtin === "global_invocation_id") {
      own.push(`let ${id.text} = vec3u(${all}.xy, ${all}.z % ${BRANCHES}.depth);`);
      place ??= all;
    } else return print(parameter);
    return print([...parameter.slice(0, 3), { ...id, text: all }, ...parameter.slice(4)]);
  });
  if (place === undefined) {
    place = "all_groups";
    parameters.push(` @builtin(workgroup_id) ${place}: vec3u`);
  }
  const opening = `\n  branch = ${place}.z / ${BRANCHES}.depth;\n  ${own.join("\n  ")}`;
  const renamed: Tree = { ...list, trees: parse(name, parameters.join(",")) };
  const signature = trees.map((tree, i) => i === at ? renamed : tree);
  return inBody(signature, (body) => [...parse(name, opening), ...body]);
}

interface Parts {
  /** Names of the bindings of which each branch has its own part. */
  parts: ReadonlySet<string>;
  /** Those that are uniforms in the shader of one branch. */
  uniforms: ReadonlySet<string>;
}

/** Turns `x[i]` into an element of the branch's part, and `arrayLength(&x)` into the part's length. */
function shiftIndices(name: string, trees: readonly Tree[], within: Parts): Tree[] {
  const { parts, uniforms } = within;
  const shifted: Tree[] = [];
  for (let at = 0; at < trees.length; at++) {
    const tree = trees[at];
    const next = trees[at + 1];
    const measured = isWord(tree, "arrayLength") && isGroup(next, "(") ? next.trees[1] : undefined;
    if (isWord(tree) && isWord(measured) && parts.has(measured.text)) {
      shifted.push(...parse(name, `${tree.before}${BRANCHES}.${measured.text}_length`));
      at++;
    } else if (!isWord(tree) || !parts.has(tree.text) || isMember(trees, at)) {
      shifted.push(inside(tree, (inner) => shiftIndices(name, inner, within)));
    } else {
      const first = `branch * ${BRANCHES}.${tree.text}_step`;
      if (uniforms.has(tree.text)) {
        shifted.push(tree, ...parse(name, `[${first}].part`));
        continue;
      }
      if (!isGroup(next, "[")) {
        throw syntaxError(name, tree.line, `${tree.text} is used as a whole`);
      }
      const index = print(shiftIndices(name, next.trees, within));
      shifted.push(tree, ...parse(name, `[${first} + (${index})]`));
      at++;
    }
  }
  return shifted;
}
