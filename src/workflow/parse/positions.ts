/**
 * Lines and columns of a workflow file, by address. Loaded only when a position must
 * be shown: values come from `@std/toml`, which has no positions.
 */
import { type AST, ParseError, parseTOML } from "toml-eslint-parser";
import type { Location } from "../../errors.ts";
import type { Place } from "../graph.ts";

interface Span {
  line: number;
  column: number;
  length: number;
}

interface Spans {
  key?: Span;
  value?: Span;
}

const address = (keys: readonly (string | number)[]) => JSON.stringify(keys);

/** Texts that are longer or have deeper tables get no positions: to find them would take seconds. */
const longestLocated = 2 ** 19;
const deepestLocated = 50;

function canLocate(text: string): boolean {
  if (text.length > longestLocated) return false;
  return text.split("\n").every((line) =>
    line.split(/["'#=]/, 1)[0].split(".").length <= deepestLocated
  );
}

/** Position of a place; of the nearest enclosing table when the place itself isn't written. */
export function locatePlace(sources: ReadonlyMap<string, string>, place: Place): Location {
  const text = sources.get(place.file) ?? "";
  const { entries, lines } = positionsOf(text);
  const at = (span: Span) => ({ file: place.file, ...span, excerpt: lines[span.line - 1] ?? "" });
  for (let depth = place.keys.length; depth > 0; depth--) {
    const entry = entries.get(address(place.keys.slice(0, depth)));
    if (entry === undefined) continue;
    const exact = depth === place.keys.length;
    const span = exact && place.part !== "key"
      ? entry.value ?? entry.key
      : entry.key ?? entry.value;
    if (span) return at(span);
  }
  return at({ line: 1, column: 1, length: 1 });
}

/** Plain words for messages of the parser. */
const plainer: Readonly<Record<string, string>> = {
  "Unspecified values are invalid": "a value is missing",
  "Must be a newline": "the line should end here",
  "Defining a key multiple times is invalid": "this key is defined already",
  "Expected equal (=) token": "an = is missing",
  "Expected comma (,) token": "a comma is missing",
  "Unterminated array": "a list is not closed",
  "Unterminated inline table": "a table is not closed",
  "Unterminated table-key": "a table's name is not closed",
  "Unterminated string constant": "a text is not closed",
  "Empty bare keys are not allowed": "a key is missing",
};

/** The first syntax problem of a text, if it has one. */
export function syntaxProblem(
  file: string,
  text: string,
): { message: string; location: Location } | undefined {
  if (!canLocate(text)) return undefined;
  try {
    parseTOML(text, { tomlVersion: "1.1" });
  } catch (error) {
    if (!(error instanceof ParseError)) return undefined;
    const before = text.slice(0, error.index);
    const trimmed = before.trimEnd();
    const valueMissing = trimmed.endsWith("=") && trimmed.length < before.length;
    // What is missing is missed at the next token, often a line further down.
    const missing = valueMissing ||
      /^(Unspecified|Unterminated|Expected|The key)/.test(error.message);
    const end = missing ? trimmed.length : before.length;
    const line = before.slice(0, end).split("\n").length;
    const column = end - text.lastIndexOf("\n", end - 1);
    const message = valueMissing
      ? "a value is missing"
      : /^\s*\[/.test(lineOf(text, line)) && error.message.startsWith("The key")
      ? "a table's name is not closed"
      : plainer[error.message] ?? error.message.charAt(0).toLowerCase() + error.message.slice(1);
    return { message, location: { file, line, column, excerpt: lineOf(text, line) } };
  }
}

/** The text of a line that counts from 1. */
export function lineOf(text: string, line: number): string {
  return text.split(/\r?\n/, line)[line - 1] ?? "";
}

interface TextPositions {
  /** Spans of every key and value by address. */
  entries: ReadonlyMap<string, Spans>;
  lines: readonly string[];
}

const known = new Map<string, TextPositions>();

/** Positions of a text, computed once: a plan locates many values. */
function positionsOf(text: string): TextPositions {
  let positions = known.get(text);
  if (positions === undefined) {
    positions = { entries: entriesOf(text), lines: text.split(/\r?\n/) };
    if (known.size >= 16) known.clear();
    known.set(text, positions);
  }
  return positions;
}

function entriesOf(text: string): Map<string, Spans> {
  const entries = new Map<string, Spans>();
  if (!canLocate(text)) return entries;
  try {
    const [table] = parseTOML(text, { tomlVersion: "1.1" }).body;
    for (const node of table.body) {
      if (node.type === "TOMLTable") {
        addTableKeys(entries, node);
        for (const pair of node.body) addPair(entries, pair, node.resolvedKey);
      } else {
        addPair(entries, node, []);
      }
    }
  } catch {
    // A text that @std/toml reads and this parser doesn't: issues are then shown at line 1.
  }
  return entries;
}

/** The keys of a table's head; a list of tables has a number after its name. */
function addTableKeys(entries: Map<string, Spans>, { key, resolvedKey }: AST.TOMLTable): void {
  let written = 0;
  resolvedKey.forEach((part, depth) => {
    const name = address(resolvedKey.slice(0, depth + 1));
    const at = key.keys[typeof part === "number" ? written - 1 : written++];
    if (!entries.has(name)) entries.set(name, { key: spanOf(at) });
  });
}

function addPair(
  entries: Map<string, Spans>,
  pair: AST.TOMLKeyValue,
  prefix: readonly (string | number)[],
): void {
  const keys = addKeys(entries, pair.key, prefix);
  addValue(entries, pair.value, keys);
}

/** Notes each part of a dotted key at its first appearance and returns the full address. */
function addKeys(
  entries: Map<string, Spans>,
  key: AST.TOMLKey,
  prefix: readonly (string | number)[],
): (string | number)[] {
  const keys = [...prefix];
  for (const part of key.keys) {
    keys.push(part.type === "TOMLBare" ? part.name : part.value);
    const name = address(keys);
    if (!entries.has(name)) entries.set(name, { key: spanOf(part) });
  }
  return keys;
}

function addValue(
  entries: Map<string, Spans>,
  node: AST.TOMLContentNode,
  keys: readonly (string | number)[],
): void {
  const name = address(keys);
  entries.set(name, { ...entries.get(name), value: spanOf(node) });
  if (node.type === "TOMLInlineTable") {
    for (const pair of node.body) addPair(entries, pair, keys);
  } else if (node.type === "TOMLArray") {
    node.elements.forEach((element, index) => addValue(entries, element, [...keys, index]));
  }
}

/** A node's first line; what goes on further down isn't underlined. */
function spanOf({ loc: { start, end }, range }: AST.TOMLNode): Span {
  const length = start.line === end.line ? range[1] - range[0] : 1;
  return { line: start.line, column: start.column + 1, length };
}
