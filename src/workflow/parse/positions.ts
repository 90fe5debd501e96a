/**
 * Lines and columns of a workflow file, by address. Loaded only when a position must
 * be shown: values come from `@std/toml`, which has no positions.
 */
import type { AST } from "toml-eslint-parser";
import type { Location } from "../../errors.ts";
import type { Place } from "../graph.ts";
import { tomlTree } from "./toml.ts";

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
  try {
    for (const node of tomlTree(text).body) {
      if (node.type === "TOMLTable") {
        addTableKeys(entries, node);
        for (const pair of node.body) addPair(entries, pair, node.resolvedKey);
      } else {
        addPair(entries, node, []);
      }
    }
  } catch {
    // A text that is no TOML has a problem with a position of its own.
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
