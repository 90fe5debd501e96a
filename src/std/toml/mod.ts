/** The part of `@std/toml` that Gyrus uses, over smol-toml. */
import { parse as parseToml, stringify as stringifyToml, TomlError } from "smol-toml";

/**
 * The table that a TOML 1.0 document describes. Dates and times are `Date`s.
 *
 * @throws {SyntaxError} naming line and column
 */
export function parse(tomlString: string): Record<string, unknown> {
  try {
    return parseToml(tomlString);
  } catch (cause) {
    if (cause instanceof TomlError) throw new SyntaxError(cause.message, { cause });
    throw cause;
  }
}

/** A TOML document of a table; keys whose value is undefined are left out. */
export function stringify(obj: Record<string, unknown>): string {
  return stringifyToml(obj);
}
