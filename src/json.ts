/** JSON of files that other people and programs wrote, read within limits. Every folder may import this file. */
import { DataError } from "./errors.ts";

/** What a JSON text may hold. */
export interface JsonLimits {
  /** Characters. */
  length: number;
  /** Values, those within others included. */
  values: number;
  /** Arrays and objects inside each other. */
  depth: number;
}

/** Far more than a description of data needs. */
const LIMITS: JsonLimits = { length: 2 ** 26, values: 4_000_000, depth: 64 };

/** Of files that Gyrus writes itself, such as the record of a run of a million instances. */
export const OWN_LIMITS: JsonLimits = { length: 2 ** 29, values: 2 ** 27, depth: 256 };

/**
 * The value of a JSON text. Its contents never appear in an error.
 *
 * @param subject the file, for errors
 * @param limits those that differ from the usual 64 MiB, 4 million values and 64 levels
 * @throws {DataError} when it is not JSON, or larger or deeper than the limits
 */
export function parseJson(
  text: string,
  subject: string,
  limits: Partial<JsonLimits> = {},
): unknown {
  checkLimits(text, subject, { ...LIMITS, ...limits });
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The engine's own message quotes the text.
    throw new DataError(subject, `line ${lineOfMistake(text, cause)}: not JSON`);
  }
}

/** As {@link parseJson}, of bytes that must be UTF-8. */
export function parseJsonBytes(
  bytes: Uint8Array,
  subject: string,
  limits: Partial<JsonLimits> = {},
): unknown {
  const { length } = { ...LIMITS, ...limits };
  if (bytes.length > length) throw tooLarge(subject, length);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new DataError(subject, "not JSON in UTF-8");
  }
  return parseJson(text, subject, limits);
}

/** The JSON text of a value; undefined where it has numbers that JSON can't express (NaN, infinite, -0). */
export function exactJson(value: unknown): string | undefined {
  let isExact = true;
  const text = JSON.stringify(value, (_, each) => {
    if (typeof each === "number") isExact &&= Number.isFinite(each) && !Object.is(each, -0);
    return each;
  });
  return isExact ? text : undefined;
}

/** Whether a value is an object of JSON, not null and no array. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Counts values and levels before any are made: a value takes up to fifty times its text. */
function checkLimits(text: string, subject: string, { length, values, depth }: JsonLimits): void {
  if (text.length > length) throw tooLarge(subject, length);
  if (text.length <= values && !hasMore(text, depth)) return;
  const opening = /["[\]{},]/g;
  let level = 0;
  let count = 1;
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    switch (match[0]) {
      case '"': {
        const end = endOfString(text, opening.lastIndex);
        if (end < 0) return; // No JSON, as its parser reports.
        opening.lastIndex = end + 1;
        break;
      }
      case "[":
      case "{":
        count++;
        if (++level > depth) {
          throw new DataError(subject, `JSON nested deeper than the ${depth} levels that are read`);
        }
        break;
      case ",":
        count++;
        break;
      default:
        level--;
    }
    if (count > values) {
      throw new DataError(subject, `JSON of more than the ${values} values that are read`);
    }
  }
}

/** Whether there are more brackets than levels: most texts have fewer, which is quick to see. */
function hasMore(text: string, levels: number): boolean {
  let left = levels;
  for (const bracket of "[{") {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      if (--left < 0) return true;
    }
  }
  return false;
}

/** Position of the quote that closes a string, -1 without one. @param start after its first quote */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text[end - 1 - escapes] === "\\") escapes++;
    if (escapes % 2 === 0) return end;
  }
  return -1;
}

function tooLarge(subject: string, length: number): DataError {
  return new DataError(subject, `JSON longer than the ${length} characters that are read`);
}

function lineOfMistake(text: string, cause: unknown): number {
  const position = cause instanceof Error ? /position (\d+)/.exec(cause.message)?.[1] : undefined;
  return text.slice(0, Number(position ?? text.length)).split("\n").length;
}
