/** Reads the declarations of a WGSL module: bindings, constants, entry points, `Params`. */

export type Access =
  | "read"
  | "read_write"
  | "uniform"
  | "texture_read"
  | "texture_write"
  | "texture";

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
  value: string;
}

export interface Declarations {
  bindings: BindingDeclaration[];
  constants: ConstantDeclaration[];
  /** Fields of `struct Params`, in order. */
  params: { name: string; type: string }[];
  /** Entry point -> names of the bindings that it uses, also through functions it calls. */
  entries: Map<string, Set<string>>;
}

/** The text with blanks in place of comments, so that positions and line numbers hold. */
export function withoutComments(source: string): string {
  const blank = (comment: string) => comment.replace(/[^\n]/g, " ");
  return source.replace(/\/\*[\s\S]*?\*\//g, blank).replace(/\/\/[^\n]*/g, blank);
}

/** Position of the bracket that closes the one at `open`. */
export function closing(text: string, open: number): number {
  const left = text[open];
  const right = left === "{" ? "}" : left === "(" ? ")" : "]";
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === left) depth++;
    else if (text[i] === right && --depth === 0) return i;
  }
  throw new SyntaxError(`WGSL: "${left}" at character ${open} is never closed`);
}

/**
 * Parses the module-scope declarations that kernels rely on. A local variable must not bear the name
 * of a binding: it would count as a use.
 */
export function readDeclarations(source: string): Declarations {
  const text = withoutComments(source);
  const bindings: BindingDeclaration[] = [];
  const variable =
    /@group\((\d+)\)\s*@binding\((\d+)\)\s*var\s*(?:<([^>]*)>)?\s*(\w+)\s*:\s*([^;]+);/g;
  for (const [, group, binding, space, name, type] of text.matchAll(variable)) {
    bindings.push({
      name,
      group: Number(group),
      binding: Number(binding),
      access: accessOf(space, type),
      type: type.trim(),
    });
  }
  const constants: ConstantDeclaration[] = [];
  for (
    const [, name, type, value] of text.matchAll(/^const\s+(\w+)\s*(?::\s*(\w+)\s*)?=\s*([^;]+);/gm)
  ) {
    constants.push({ name, type: type ?? "", value: value.trim() });
  }
  const struct = /struct\s+Params\s*\{([^}]*)\}/.exec(text)?.[1] ?? "";
  const params = [...struct.matchAll(/(\w+)\s*:\s*([\w<>]+)/g)].map(([, name, type]) => ({
    name,
    type,
  }));
  return { bindings, constants, params, entries: readEntries(text, bindings) };
}

function accessOf(space: string | undefined, type: string): Access {
  if (space === undefined || space.trim() === "") {
    if (!type.trim().startsWith("texture_storage")) return "texture";
    return /,\s*write\s*>/.test(type) ? "texture_write" : "texture_read";
  }
  const [kind, access] = space.split(",").map((part) => part.trim());
  if (kind === "uniform") return "uniform";
  return access === "read_write" ? "read_write" : "read";
}

/** The module without the functions that one entry point does not reach. */
export function withoutOtherEntries(source: string, entry: string): string {
  const functions = readFunctions(withoutComments(source));
  const reached = reachedFrom(entry, functions);
  let text = "";
  let at = 0;
  for (const [name, { start, end }] of functions) {
    text += source.slice(at, reached.has(name) ? end : start);
    at = end;
  }
  return text + source.slice(at);
}

interface FunctionText {
  isEntry: boolean;
  /** Where its attributes begin, and where its body has ended. */
  start: number;
  end: number;
  /** Words of its body that are no member names. */
  words: Set<string>;
}

/** Functions by name, in the order of the text. */
function readFunctions(text: string): Map<string, FunctionText> {
  const functions = new Map<string, FunctionText>();
  const header = /(@compute\s*@workgroup_size\s*\([^)]*\)\s*)?\bfn\s+(\w+)\s*\(/g;
  for (const match of text.matchAll(header)) {
    const parameters = closing(text, match.index + match[0].length - 1);
    const open = text.indexOf("{", parameters);
    const end = closing(text, open) + 1;
    const words = new Set(text.slice(open, end).match(/(?<![.\w])[A-Za-z_]\w*/g));
    const isEntry = match[1] !== undefined;
    functions.set(match[2], { isEntry, start: match.index, end, words });
  }
  return functions;
}

/** Names of a function and of all that it calls, through others too. */
function reachedFrom(name: string, functions: ReadonlyMap<string, FunctionText>): Set<string> {
  const reached = new Set([name]);
  for (const caller of reached) {
    const words = functions.get(caller)?.words ?? new Set();
    for (const callee of functions.keys()) if (words.has(callee)) reached.add(callee);
  }
  return reached;
}

function readEntries(text: string, bindings: BindingDeclaration[]): Map<string, Set<string>> {
  const functions = readFunctions(text);
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
