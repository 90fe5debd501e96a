/** The part of `@std/csv` that Gyrus uses, over csv-parse and csv-stringify. */
import { parse as csvParse } from "csv-parse/sync";
import { stringify as csvStringify } from "csv-stringify/sync";

export interface ParseOptions {
  /** One character; a comma when absent. */
  separator?: string;
  /** Quotes inside unquoted fields are kept as they are. */
  lazyQuotes?: boolean;
  /** 0: as many fields as the first row; negative: any; absent: any. */
  fieldsPerRecord?: number;
}

/** Rows of fields. @throws {Error} on an unclosed quote or, if asked for, a ragged row */
export function parse(text: string, options: ParseOptions = {}): string[][] {
  return csvParse(text, {
    delimiter: options.separator ?? ",",
    relax_quotes: options.lazyQuotes ?? false,
    relax_column_count: options.fieldsPerRecord === undefined || options.fieldsPerRecord < 0,
    skip_empty_lines: true,
    bom: true,
  });
}

export interface StringifyOptions {
  separator?: string;
  /** Write "\r\n" line ends, as RFC 4180 says; `@std/csv`'s default. */
  crlf?: boolean;
}

/** Text of rows of fields, quoted where needed. */
export function stringify(
  rows: readonly (readonly unknown[])[],
  options: StringifyOptions = {},
): string {
  return csvStringify(rows as unknown[][], {
    delimiter: options.separator ?? ",",
    record_delimiter: options.crlf ?? true ? "\r\n" : "\n",
  });
}
