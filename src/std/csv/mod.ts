/** The part of `@std/csv` that Gyrus uses, over csv-parse. */
import { CsvError, parse as parseCsv } from "csv-parse/sync";

/** How {@link parse} reads. */
export interface ParseOptions {
  /** One character; a comma when absent. */
  separator?: string;
  /** Fields a row must have; 0: as many as the first row; negative or absent: any number. */
  fieldsPerRecord?: number;
}

/**
 * Rows of fields. A byte order mark and empty lines are skipped; line ends inside quotes are read
 * as "\n".
 *
 * @throws {SyntaxError} on a quote in the wrong place, an open quote, or a row of another length
 */
export function parse(input: string, options: ParseOptions = {}): string[][] {
  let rows: string[][];
  try {
    rows = parseCsv(input.replaceAll("\r\n", "\n").replace(/\r$/, ""), {
      delimiter: options.separator ?? ",",
      record_delimiter: "\n",
      relax_column_count: true,
      skip_empty_lines: true,
      bom: true,
    });
  } catch (cause) {
    if (cause instanceof CsvError) throw new SyntaxError(cause.message, { cause });
    throw cause;
  }
  const { fieldsPerRecord = -1 } = options;
  const expected = fieldsPerRecord === 0 ? rows[0]?.length : fieldsPerRecord;
  if (expected !== undefined && expected >= 0) {
    const ragged = rows.findIndex((row) => row.length !== expected);
    if (ragged >= 0) {
      throw new SyntaxError(
        `record ${ragged + 1}: expected ${expected} fields but got ${rows[ragged].length}`,
      );
    }
  }
  return rows;
}

/** How {@link stringify} writes. */
export interface StringifyOptions {
  /** A comma when absent. */
  separator?: string;
}

function escape(value: unknown, separator: string): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const plain = !text.includes(separator) && !text.includes("\n") && !text.includes('"');
  return plain ? text : `"${text.replaceAll('"', '""')}"`;
}

/** Text of rows of fields, quoted where needed; lines end in "\r\n", as in RFC 4180. */
export function stringify(
  data: readonly (readonly unknown[])[],
  options: StringifyOptions = {},
): string {
  const { separator = "," } = options;
  return data
    .map((row) => row.map((value) => escape(value, separator)).join(separator) + "\r\n")
    .join("");
}
