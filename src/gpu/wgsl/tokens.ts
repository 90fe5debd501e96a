/**
 * WGSL as trees of tokens: brackets and template lists are groups, comments belong to the token behind
 * them, and the comments that direct the specialiser are tokens of their own.
 *
 * `a[i] = array<f32, 2>(x, y);` is the word `a`, a group `[]` of one word, `=`, the word `array`, a
 * group `<>` of `f32`, `,` and `2`, a group `()` of three, and `;`.
 */
import { DeviceError } from "../../errors.ts";

export interface Token {
  /** A directive is one of the comments `// unroll`, `// registers`, `// texels`. */
  readonly kind: "word" | "number" | "operator" | "directive";
  readonly text: string;
  /** Blanks and comments in front of it. */
  readonly before: string;
  /** Line of the text, from 1. */
  readonly line: number;
}

export interface Group {
  readonly kind: "(" | "[" | "{" | "<";
  readonly open: Token;
  readonly trees: readonly Tree[];
  readonly close: Token;
}

export type Tree = Token | Group;

const closers = { "(": ")", "[": "]", "{": "}", "<": ">" } as const;

const DIRECTIVE = /\/\/ (?:unroll|registers|texels)(?=[ \t]*(?:\n|$))/y;
const WORD = /[A-Za-z_]\w*/y;
const NUMBER =
  /(?:0[xX][\da-fA-F]*\.?[\da-fA-F]*(?:[pP][-+]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)[iufh]?/y;
const OPERATOR = /<<=|>>=|->|\+\+|--|&&|\|\||<<|>>|[-+*/%&|^=!<>]=|[-+*/%&|^~=!<>()[\]{}.,;:@]/y;

/**
 * @param name of the kernel, for errors
 * @throws {DeviceError} a bracket or comment that is never closed, or a character that is not WGSL's;
 * names the kernel and the line
 */
export function parse(name: string, source: string): Tree[] {
  interface Frame {
    open?: Token;
    trees: Tree[];
    /** Places of the `<` that may begin a template list. */
    candidates: number[];
  }
  const frames: Frame[] = [{ trees: [], candidates: [] }];
  for (let token of readTokens(name, source)) {
    let frame = frames.at(-1)!;
    // WGSL's template list discovery: a `<` after a word begins a list if a `>` of the same bracket
    // comes before `;`, `:`, `{`, `&&`, `||` or an assignment.
    while (token.kind === "operator" && token.text[0] === ">" && frame.candidates.length > 0) {
      const at = frame.candidates.pop()!;
      const [open, ...trees] = frame.trees.splice(at) as [Token, ...Tree[]];
      frame.trees.push({ kind: "<", open, trees, close: { ...token, text: ">" } });
      token = { ...token, text: token.text.slice(1), before: "" };
    }
    if (token.text === "") continue;
    if (token.kind !== "operator") frame.trees.push(token);
    else if (token.text === "(" || token.text === "[" || token.text === "{") {
      if (token.text === "{") frame.candidates = [];
      frames.push({ open: token, trees: [], candidates: [] });
    } else if (token.text === ")" || token.text === "]" || token.text === "}") {
      const { open, trees } = frames.pop()!;
      if (!open) throw syntaxError(name, token.line, `"${token.text}" closes no bracket`);
      const kind = open.text as "(" | "[" | "{";
      if (closers[kind] !== token.text) throw neverClosed(name, open);
      frame = frames.at(-1)!;
      frame.trees.push({ kind, open, trees, close: token });
    } else {
      if (token.text === "<" && isWord(frame.trees.at(-1))) {
        frame.candidates.push(frame.trees.length);
      } else if (/^(?:[;:]|&&|\|\||[^=!<>]?=)$/.test(token.text)) frame.candidates = [];
      frame.trees.push(token);
    }
  }
  const { open, trees } = frames.at(-1)!;
  if (open) throw neverClosed(name, open);
  return trees;
}

function* readTokens(name: string, source: string): Generator<Token> {
  let at = 0;
  let line = 1;
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0] ?? "";
  };
  while (true) {
    const start = at;
    let directive = "";
    for (let blank = " "; blank !== ""; at += blank.length) {
      directive = match(DIRECTIVE);
      blank = directive ? "" : match(/\s+|\/\/[^\n]*/y) || blockComment(name, source, at, line);
      line += blank.split("\n").length - 1;
    }
    if (at === source.length) return;
    const before = source.slice(start, at);
    const word = directive ? "" : match(WORD);
    const number = directive || word ? "" : match(NUMBER);
    const text = directive || word || number || match(OPERATOR);
    if (text === "") throw syntaxError(name, line, `${JSON.stringify(source[at])} is not WGSL`);
    const kind = directive ? "directive" : word ? "word" : number ? "number" : "operator";
    yield { kind, text, before, line };
    at += text.length;
  }
}

/** The block comment at `at`, with those nested in it; empty where none begins. */
function blockComment(name: string, source: string, at: number, line: number): string {
  if (!source.startsWith("/*", at)) return "";
  let depth = 0;
  const mark = /\/\*|\*\//g;
  mark.lastIndex = at;
  for (let found = mark.exec(source); found !== null; found = mark.exec(source)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return source.slice(at, mark.lastIndex);
  }
  throw syntaxError(name, line, `"/*" is never closed`);
}

/** The text of trees, as it was parsed. */
export function print(trees: readonly Tree[]): string {
  const parts: string[] = [];
  const write = ({ before, text }: Token) => parts.push(before, text);
  const visit = (tree: Tree) => {
    if (!isGroup(tree)) return write(tree);
    write(tree.open);
    tree.trees.forEach(visit);
    write(tree.close);
  };
  trees.forEach(visit);
  return parts.join("");
}

export function isGroup(tree: Tree | undefined, kind?: Group["kind"]): tree is Group {
  return tree !== undefined && "trees" in tree && (kind === undefined || tree.kind === kind);
}

export function isWord(tree: Tree | undefined, text?: string): tree is Token {
  return tree?.kind === "word" && (text === undefined || tree.text === text);
}

/** Whether a tree is the operator or directive `text`. */
export function is(tree: Tree | undefined, text: string): tree is Token {
  return tree !== undefined && !isGroup(tree) && tree.kind !== "word" && tree.text === text;
}

/** Whether the word at `at` names a member, as `x` does in `a.x`. */
export function isMember(trees: readonly Tree[], at: number): boolean {
  return is(trees[at - 1], ".");
}

/** The tree with `pass` done to what is in its brackets. */
export function inside(tree: Tree, pass: (trees: readonly Tree[]) => Tree[]): Tree {
  return isGroup(tree) ? { ...tree, trees: pass(tree.trees) } : tree;
}

/** The parts between separators. */
export function split(trees: readonly Tree[], separator: "," | ";"): Tree[][] {
  const parts: Tree[][] = [[]];
  for (const tree of trees) {
    if (is(tree, separator)) parts.push([]);
    else parts.at(-1)!.push(tree);
  }
  return parts;
}

export function lineOf(tree: Tree): number {
  return isGroup(tree) ? tree.open.line : tree.line;
}

/** @param line of the kernel's file */
export function syntaxError(name: string, line: number, problem: string): DeviceError {
  return new DeviceError(`Kernel ${name}, line ${line}: ${problem}`, name, line);
}

function neverClosed(name: string, open: Token): DeviceError {
  return syntaxError(name, open.line, `"${open.text}" is never closed`);
}
