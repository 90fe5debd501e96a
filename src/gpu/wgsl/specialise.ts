/**
 * Makes from a readable WGSL file the text that naga and the drivers want: constants set, marked loops
 * unrolled, marked arrays turned into named variables.
 *
 * A shader file stays valid WGSL that runs as it is. Five things in it direct the specialiser:
 * - a module constant (`const TILE = 16u;`) whose value a caller may replace;
 * - `if (NAME) { } else { }` or `if (!NAME) { }` on a boolean constant, `if (NAME == NAME) { }` or `!=`
 *   on integer ones: one branch stays, so a binding that only the other one used leaves the pipeline's
 *   layout; what follows a branch that stays and returns goes too;
 * - `// unroll` on the line before a `for` loop with constant bounds;
 * - `// registers` on the line before a function-scope array: after unrolling, every index into it
 *   must be constant, and each element becomes a variable of its own;
 * - `// texels` on the line before a storage buffer of `vec4f`: where a device reads texels faster,
 *   reads of it become reads of a texture. Of a `read_write` buffer they then give what it held
 *   before the dispatch, and `b[i] += v` has to be written out.
 */

import { DeviceError } from "../../errors.ts";
import { bindParts } from "./branch_parts.ts";
import { evaluate } from "./constant_expression.ts";
import { storeHalves } from "./half_buffers.ts";
import { splitRegisters } from "./registers.ts";
import { bindSpans, type Spans } from "./spans.ts";
import { readTexels } from "./texel_reads.ts";
import { unroll } from "./unroll.ts";
import { readConstant, splitDeclarations } from "./declarations.ts";
import { inside, is, isGroup, isWord, parse, type Tree } from "./tokens.ts";

/**
 * Values for module constants, by name. Numbers keep the literal suffix of the file's value; a string
 * names another constant of the module.
 */
export type Constants = Readonly<Record<string, number | boolean | string>>;

/** How the buffers of a dispatch are bound. */
export interface BufferForms {
  /** Whether those marked with `// texels` are read as textures. */
  texels?: boolean;
  /** Of those that are longer than a binding. */
  spans?: Spans;
  /** Names of the bindings of numbers that are stored as float16. */
  halves?: readonly string[];
  /** Names of the bindings of which each of several branches has its own part. */
  parts?: readonly string[];
}

/**
 * Specialises a parsed module. `name` is used in errors only.
 *
 * @throws {DeviceError} when a constant is not declared, a directive is not before what it is for, a
 * loop's bounds are not constant, or an index into registers is not constant
 */
export function specialise(
  name: string,
  module: readonly Tree[],
  constants: Constants = {},
  { texels, spans, halves, parts }: BufferForms = {},
): Tree[] {
  const set = setConstants(name, module, constants);
  const values = integerConstants(set);
  const pruned = prune(set, booleanConstants(set), values);
  const read = texels ? readTexels(name, pruned) : pruned;
  const bound = spans ? bindSpans(name, read, spans) : read;
  const stored = halves ? storeHalves(name, bound, halves) : bound;
  const joined = parts ? bindParts(name, stored, parts) : stored;
  const specialised = splitRegisters(name, unroll(name, joined, values), values);
  return halves ? [...parse(name, "enable f16;\n"), ...specialised] : specialised;
}

/**
 * Makes the lower text of the upper one, with 16 for `TILE`:
 * ```wgsl
 * const TILE: u32 = 8u;
 * const TILE: u32 = 16u;
 * ```
 */
function setConstants(name: string, module: readonly Tree[], constants: Constants): Tree[] {
  const declarations = splitDeclarations(module);
  const declared = new Set(declarations.flatMap((one) => readConstant(one)?.name ?? []));
  for (const [constant, value] of Object.entries(constants)) {
    const missing = [constant, value].find((one) => typeof one === "string" && !declared.has(one));
    if (missing !== undefined) {
      throw new DeviceError(`Kernel ${name} declares no constant ${missing}`, name);
    }
  }
  return declarations.flatMap((declaration): readonly Tree[] => {
    const constant = readConstant(declaration);
    const value = constant && constants[constant.name];
    if (!constant || value === undefined) return declaration.trees;
    const [literal] = constant.value;
    const suffix = typeof value === "number" && literal.kind === "number"
      ? /^\d+([iu])$/.exec(literal.text)?.[1] ?? ""
      : "";
    const before = declaration.trees.slice(0, -1 - constant.value.length);
    return [...before, ...parse(name, ` ${value}${suffix};`)];
  });
}

function booleanConstants(module: readonly Tree[]): Map<string, boolean> {
  const flags = new Map<string, boolean>();
  for (const declaration of splitDeclarations(module)) {
    const [value, ...rest] = readConstant(declaration)?.value ?? [];
    if (rest.length > 0) continue;
    if (isWord(value, "true") || isWord(value, "false")) {
      flags.set(declaration.name, value.text === "true");
    }
  }
  return flags;
}

function integerConstants(module: readonly Tree[]): Map<string, number> {
  const values = new Map<string, number>();
  for (const declaration of splitDeclarations(module)) {
    const value = evaluate(readConstant(declaration)?.value ?? [], values);
    if (value !== undefined) values.set(declaration.name, value);
  }
  return values;
}

/**
 * Makes the lower text of the upper one, with `FAST` true and `RULE` 1, as `SGD`:
 * ```wgsl
 * if (FAST) { a(); } else { b(); }  if (RULE != SGD) { c(); } else if (n > 0u) { d(); }
 * { a(); }                          if (n > 0u) { d(); }
 * ```
 */
function prune(
  trees: readonly Tree[],
  flags: ReadonlyMap<string, boolean>,
  values: ReadonlyMap<string, number>,
): Tree[] {
  const kept: Tree[] = [];
  for (let at = 0; at < trees.length;) {
    const holds = isWord(trees[at], "if")
      ? evaluateCondition(trees[at + 1], flags, values)
      : undefined;
    if (holds === undefined) {
      kept.push(inside(trees[at++], (inner) => prune(inner, flags, values)));
      continue;
    }
    const end = endOfIf(trees, at);
    const branch = prune(holds ? [trees[at + 2]] : trees.slice(at + 4, end), flags, values);
    const isElse = isWord(kept.at(-1), "else");
    if (branch.length === 0 && isElse) kept.pop();
    kept.push(...branch);
    // Compilers warn of statements that nothing reaches.
    if (!isElse && branch.length === 1 && returns(branch[0])) break;
    at = end;
  }
  return kept;
}

/** Whether a block always ends its function. */
function returns(block: Tree): boolean {
  return isGroup(block, "{") && block.trees.some((tree) => isWord(tree, "return"));
}

/** Value of a condition that decides between branches here; undefined of any other. */
function evaluateCondition(
  condition: Tree | undefined,
  flags: ReadonlyMap<string, boolean>,
  values: ReadonlyMap<string, number>,
): boolean | undefined {
  if (!isGroup(condition, "(")) return undefined;
  const [first, second, third, ...rest] = condition.trees;
  if (rest.length > 0) return undefined;
  if (is(first, "!") && isWord(second) && !third) {
    const flag = flags.get(second.text);
    return flag === undefined ? undefined : !flag;
  }
  if (!isWord(first)) return undefined;
  if (!second) return flags.get(first.text);
  const [left, right] = [
    values.get(first.text),
    isWord(third) ? values.get(third.text) : undefined,
  ];
  if (left === undefined || right === undefined) return undefined;
  if (is(second, "==")) return left === right;
  return is(second, "!=") ? left !== right : undefined;
}

/** Where the `if` at `at` ends, with all its `else`. */
function endOfIf(trees: readonly Tree[], at: number): number {
  const end = at + 3;
  if (!isWord(trees[end], "else")) return end;
  return isWord(trees[end + 1], "if") ? endOfIf(trees, end + 1) : end + 2;
}
