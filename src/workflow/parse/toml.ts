/**
 * TOML 1.0 texts to tables, with the same result and the same errors whichever `@std/toml` is loaded:
 * the package, or the local one that stands in for it. What one of them refuses, reads otherwise or
 * does not check is refused before, with its position.
 */
import { parse } from "@std/toml";
import { type AST, ParseError, parseTOML } from "toml-eslint-parser";

/** A text that is no TOML, or that Gyrus doesn't read, and where. */
export class TomlError extends SyntaxError {
  /**
   * @param line and `column` count from 1
   * @param length characters that it is about
   */
  constructor(
    message: string,
    readonly line: number,
    readonly column: number,
    readonly length = 1,
  ) {
    super(message);
  }
}

/** Of tables and lists inside each other. */
export const DEEPEST = 50;

const KEY = String.raw`(?:[\w-]+|"[^"\n]*"|'[^'\n]*')`;
const DEEP_KEY = new RegExp(String.raw`^\s*\[*\s*${KEY}(?:\s*\.\s*${KEY}){${DEEPEST},}`, "m");

/**
 * The table that a TOML 1.0 document describes.
 *
 * @throws {TomlError}
 */
export function parseToml(text: string): Record<string, unknown> {
  tomlTree(text);
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new TomlError(NOT_VALID + lowerFirst(error.message.split("\n", 1)[0]), 1, 1);
  }
}

/**
 * What a TOML 1.0 document consists of, with positions.
 *
 * @throws {TomlError}
 */
export function tomlTree(text: string): AST.TOMLTopLevelTable {
  const tooDeep = text.match(DEEP_KEY);
  if (tooDeep) {
    const line = text.slice(0, tooDeep.index).split("\n").length;
    throw new TomlError(`values can't be nested deeper than ${DEEPEST} levels`, line, 1);
  }
  try {
    const [table] = parseTOML(text, { tomlVersion: "1.0" }).body;
    new Check(text).table(table);
    return table;
  } catch (error) {
    if (error instanceof ParseError) throw located(error, text);
    if (error instanceof RangeError) {
      throw new TomlError(`${NOT_VALID}it is nested too deeply`, 1, 1);
    }
    throw error;
  }
}

const NOT_VALID = "not valid TOML: ";

/** Plain words for messages of the parser. */
const PLAINER: Readonly<Record<string, string>> = {
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

function located(error: ParseError, text: string): TomlError {
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
    : PLAINER[error.message] ?? lowerFirst(error.message);
  return new TomlError(NOT_VALID + message, line, column);
}

/** The text of a line that counts from 1. */
export function lineOf(text: string, line: number): string {
  return text.split(/\r?\n/, line)[line - 1] ?? "";
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

const ENDS_IN_QUOTES = /(?:^|[^\\])(?:\\\\)*""$/;

/** Refuses valid TOML that the packages don't read alike. */
class Check {
  /** Addresses of tables that have a table inside. */
  readonly #outer = new Set<string>();

  constructor(readonly text: string) {}

  table(table: AST.TOMLTopLevelTable): void {
    const carriageReturn = this.text.search(/\r(?!\n)/);
    if (carriageReturn >= 0) {
      const lines = this.text.slice(0, carriageReturn).split("\n");
      const column = lines[lines.length - 1].length + 1;
      throw new TomlError("a line must not end in CR alone", lines.length, column);
    }
    for (const node of table.body) {
      if (node.type === "TOMLKeyValue") this.#pair(node);
      else this.#header(node);
    }
  }

  #header(node: AST.TOMLTable): void {
    this.#key(node.key);
    const { resolvedKey, kind } = node;
    const address = (length: number) => JSON.stringify(resolvedKey.slice(0, length));
    if (kind === "standard" && this.#outer.has(address(resolvedKey.length))) {
      throw this.#problem(node, "this table must be written before the tables inside it");
    }
    for (let length = 1; length < resolvedKey.length; length++) this.#outer.add(address(length));
    for (const pair of node.body) this.#pair(pair);
  }

  #pair(pair: AST.TOMLKeyValue): void {
    this.#key(pair.key);
    this.#value(pair.value);
  }

  #key(key: AST.TOMLKey): void {
    for (const part of key.keys) {
      const name = part.type === "TOMLBare" ? part.name : part.value;
      if (name === "" || name === "__proto__") {
        throw this.#problem(part, `a key can't be called "${name}"`);
      }
      if (part.type === "TOMLQuoted") this.#string(part);
    }
  }

  #value(node: AST.TOMLContentNode): void {
    if (node.type === "TOMLInlineTable") {
      for (const pair of node.body) this.#pair(pair);
    } else if (node.type === "TOMLArray") this.#list(node);
    else if (node.kind === "string") this.#string(node);
    else if (node.kind === "integer" && !Number.isSafeInteger(Number(node.bigint))) {
      throw this.#problem(node, "integers beyond 2^53 can't be kept exactly; write it in quotes");
    } else if (/-(date|time)/.test(node.kind)) {
      throw this.#problem(node, "dates and times can't be used; write it in quotes");
    }
  }

  #list(node: AST.TOMLArray): void {
    let isOpen = true;
    node.elements.forEach((element, index) => {
      this.#value(element);
      const end = node.elements[index + 1]?.range[0] ?? node.range[1];
      const after = this.text.slice(element.range[1], end).replaceAll(/#.*/g, "");
      isOpen = after.includes(",");
      if (isOpen && !/^[ \t]*,/.test(after)) {
        throw this.#problem(element, "the comma belongs on the line of the value before it");
      }
    });
    if (isOpen && this.text[node.range[1]] === "}") {
      throw this.#problem(node, "write a blank between this list and the }");
    }
  }

  #string(node: AST.TOMLStringValue | AST.TOMLQuoted): void {
    const written = this.text.slice(...node.range);
    const isMultiline = node.type === "TOMLValue" && node.multiline;
    if (
      isMultiline && (node.style === "basic" ? ENDS_IN_QUOTES : /''$/).test(written.slice(3, -3))
    ) {
      throw this.#problem(node, "a text can't end in two quotes before the closing three");
    }
    if (node.style !== "basic") return;
    const escapes = written.matchAll(/\\(U|[ \t]+\r?\n|.)/gs);
    for (const [, escaped] of escapes) {
      if (escaped === "U") {
        throw this.#problem(node, "\\U is not read; write the character itself");
      }
      if (/^[ \t]/.test(escaped)) {
        throw this.#problem(node, "nothing may follow the \\ that ends a line, not even blanks");
      }
    }
  }

  #problem({ loc: { start, end }, range }: AST.TOMLNode, message: string): TomlError {
    const length = start.line === end.line ? range[1] - range[0] : 1;
    return new TomlError(message, start.line, start.column + 1, length);
  }
}
