/** Reads the declarations of a WGSL module: bindings, constants, entry points, `Params`. */
import { is, isGroup, isMember, isWord, split, type Tree } from "./tokens.ts";

export type Access = "read" | "read_write" | "uniform" | "texture_read";

export interface BindingDeclaration {
  name: string;
  group: number;
  binding: number;
  access: Access;
  type: string;
}

export interface ConstantDeclaration {
  name: string;
  /** Empty when the module leaves it to be inferred. */
  type: string;
  /** The expression after `=`. */
  value: readonly Tree[];
}

export interface Declarations {
  bindings: BindingDeclaration[];
  constants: ConstantDeclaration[];
  /** Fields of `struct Params`, in order. */
  params: { name: string; type: string }[];
  /** Entry point -> names of the bindings that it uses, also through functions it calls. */
  entries: Map<string, Set<string>>;
}

/** A declaration at module scope, with its directive and attributes in front and its `;` or body. */
export interface Declaration {
  readonly trees: readonly Tree[];
  /** `fn`, `const`, `var`, `struct`, ... */
  readonly keyword: string;
  readonly name: string;
  /** Place of the keyword among the trees. */
  readonly at: number;
}

/** The declarations of a module, in order. */
export function splitDeclarations(module: readonly Tree[]): Declaration[] {
  const declarations: Declaration[] = [];
  let start = 0;
  for (const [i, tree] of module.entries()) {
    if (!is(tree, ";") && !isGroup(tree, "{") && i < module.length - 1) continue;
    const trees = module.slice(start, i + 1);
    start = i + 1;
    const at = trees.findIndex((part, j) => isWord(part) && !is(trees[j - 1], "@"));
    const [keyword, name] = trees.slice(Math.max(at, 0)).filter((part) => isWord(part));
    declarations.push({ trees, keyword: keyword?.text ?? "", name: name?.text ?? "", at });
  }
  return declarations;
}

/**
 * Reads the module-scope declarations that kernels rely on. A local variable must not bear the name
 * of a binding: it would count as a use.
 */
export function readDeclarations(module: readonly Tree[]): Declarations {
  const declarations = splitDeclarations(module);
  const bindings = declarations.flatMap((declaration) => readBinding(declaration) ?? []);
  const constants = declarations.flatMap((declaration) => readConstant(declaration) ?? []);
  const params = declarations
    .filter(({ keyword, name }) => keyword === "struct" && name === "Params")
    .flatMap(({ trees }) =>
      trees.flatMap((tree) => isGroup(tree, "{") ? fieldsOf(tree.trees) : [])
    );
  return { bindings, constants, params, entries: readEntries(declarations, bindings) };
}

/** `@group(0) @binding(1) var<storage, read> x: array<f32>;` */
export function readBinding({ trees, keyword, name, at }: Declaration) {
  if (keyword !== "var") return undefined;
  const group = attribute(trees, "group");
  const binding = attribute(trees, "binding");
  if (group === undefined || binding === undefined) return undefined;
  const list = trees[at + 1];
  const space = isGroup(list, "<") ? split(list.trees, ",").map(textOf) : [];
  const type = textOf(trees.slice(trees.findIndex((tree) => is(tree, ":")) + 1, -1));
  return { name, group, binding, access: accessOf(space), type };
}

/** `const TILE: u32 = 16u;` */
export function readConstant({ trees, keyword, name }: Declaration) {
  const equals = trees.findIndex((tree) => is(tree, "="));
  if (keyword !== "const" || equals < 0) return undefined;
  const colon = trees.findIndex((tree) => is(tree, ":"));
  const type = colon < 0 ? "" : textOf(trees.slice(colon + 1, equals));
  return { name, type, value: trees.slice(equals + 1, -1) };
}

function fieldsOf(trees: readonly Tree[]): { name: string; type: string }[] {
  return split(trees, ",").filter((field) => field.length > 0).map((field) => {
    const colon = field.findIndex((tree) => is(tree, ":"));
    return { name: textOf(field.slice(colon - 1, colon)), type: textOf(field.slice(colon + 1)) };
  });
}

/** The number in `@name(number)`. */
function attribute(trees: readonly Tree[], name: string): number | undefined {
  const at = trees.findIndex((tree, i) => isWord(tree, name) && is(trees[i - 1], "@"));
  const value = trees[at + 1];
  return at < 0 || !isGroup(value, "(") ? undefined : Number(textOf(value.trees));
}

/** @param space the words in `var<...>`; none for textures */
function accessOf([kind, access]: readonly string[]): Access {
  if (kind === undefined) return "texture_read";
  if (kind === "uniform") return "uniform";
  return access === "read_write" ? "read_write" : "read";
}

/** The text of trees without the comments in front. */
function textOf(trees: readonly Tree[]): string {
  return trees.map((tree) => {
    if (!isGroup(tree)) return tree.text === "," ? ", " : tree.text;
    return tree.open.text + textOf(tree.trees) + tree.close.text;
  }).join("");
}

/** The module without the functions that one entry point does not reach. */
export function withoutOtherEntries(module: readonly Tree[], entry: string): Tree[] {
  const declarations = splitDeclarations(module);
  const reached = reachedFrom(entry, readFunctions(declarations));
  return declarations
    .filter(({ keyword, name }) => keyword !== "fn" || reached.has(name))
    .flatMap(({ trees }) => trees);
}

interface FunctionUses {
  isEntry: boolean;
  /** Words of its body that are no member names. */
  words: Set<string>;
}

/** Functions by name, in the order of the text. */
function readFunctions(declarations: readonly Declaration[]): Map<string, FunctionUses> {
  const functions = new Map<string, FunctionUses>();
  for (const { trees, keyword, name } of declarations) {
    if (keyword !== "fn") continue;
    const isEntry = trees.some((tree, i) => isWord(tree, "compute") && is(trees[i - 1], "@"));
    functions.set(name, { isEntry, words: wordsOf(trees.slice(-1)) });
  }
  return functions;
}

function wordsOf(trees: readonly Tree[], words = new Set<string>()): Set<string> {
  for (const [i, tree] of trees.entries()) {
    if (isGroup(tree)) wordsOf(tree.trees, words);
    else if (isWord(tree) && !isMember(trees, i)) words.add(tree.text);
  }
  return words;
}

/** Names of a function and of all that it calls, through others too. */
function reachedFrom(name: string, functions: ReadonlyMap<string, FunctionUses>): Set<string> {
  const reached = new Set([name]);
  for (const caller of reached) {
    const words = functions.get(caller)?.words ?? new Set();
    for (const callee of functions.keys()) if (words.has(callee)) reached.add(callee);
  }
  return reached;
}

function readEntries(
  declarations: readonly Declaration[],
  bindings: readonly BindingDeclaration[],
): Map<string, Set<string>> {
  const functions = readFunctions(declarations);
  const entries = new Map<string, Set<string>>();
  for (const [entry, { isEntry }] of functions) {
    if (!isEntry) continue;
    const used = new Set<string>();
    for (const name of reachedFrom(entry, functions)) {
      const { words } = functions.get(name)!;
      for (const binding of bindings) if (words.has(binding.name)) used.add(binding.name);
    }
    entries.set(entry, used);
  }
  return entries;
}
