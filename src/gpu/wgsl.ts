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

/** The text without comments; line breaks stay, so line numbers hold. */
export function withoutComments(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/\/\/[^\n]*/g, "");
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

function readEntries(text: string, bindings: BindingDeclaration[]): Map<string, Set<string>> {
  const bodies = new Map<string, Set<string>>();
  const entryNames: string[] = [];
  const header = /(@compute\s*@workgroup_size\s*\([^)]*\)\s*)?\bfn\s+(\w+)\s*\(/g;
  for (const match of text.matchAll(header)) {
    const parameters = closing(text, match.index + match[0].length - 1);
    const open = text.indexOf("{", parameters);
    const body = text.slice(open, closing(text, open));
    bodies.set(match[2], new Set(body.match(/(?<![.\w])[A-Za-z_]\w*/g)));
    if (match[1]) entryNames.push(match[2]);
  }
  const entries = new Map<string, Set<string>>();
  for (const entry of entryNames) {
    const used = new Set<string>();
    const reached = new Set<string>([entry]);
    for (const name of reached) {
      const words = bodies.get(name) ?? new Set();
      for (const callee of bodies.keys()) if (words.has(callee)) reached.add(callee);
      for (const binding of bindings) if (words.has(binding.name)) used.add(binding.name);
    }
    entries.set(entry, used);
  }
  return entries;
}
