/**
 * Tab-separated tables as BIDS, pandas and ClinicaDL write them.
 *
 * Reading accepts both dialects: `n/a` and the empty field are missing; quotes, CRLF and a byte
 * order mark are allowed. Writing follows BIDS: `n/a`, "\n", a newline at the end. Fields stay text,
 * so `participant_id` and `session_id` never turn into numbers; callers parse the columns that they
 * know. `NA`, `NaN` and `null` are text, because a diagnosis may have such a name.
 */
import { parse, stringify } from "@std/csv";
import { DataError } from "../errors.ts";

/** A field; null where it is missing. */
export type Cell = string | null;

export interface Table {
  /** Distinct, in the order of the file. */
  columns: string[];
  /** As many cells a row as there are columns. */
  rows: Cell[][];
}

const MISSING = "n/a";

/** Decodes UTF-8. @throws {DataError} when the bytes are not UTF-8 */
function decode(bytes: Uint8Array, subject: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DataError(subject, "not a UTF-8 text file; save it as UTF-8", { cause });
  }
}

/**
 * Reads a tab-separated table with a header.
 *
 * @param subject the file, for messages
 * @throws {DataError} on an empty file, an unnamed or duplicate column, a row with another number
 *   of fields than the header, an unclosed quote, or bytes that are not UTF-8; it names the line
 */
export function readTsv(source: string | Uint8Array, subject: string): Table {
  const text = typeof source === "string" ? source : decode(source, subject);
  const { records, lines } = parseRecords(text.replace(/^\uFEFF/, ""), subject);
  const columns = records[0];
  if (columns === undefined) throw new DataError(subject, "the table is empty: it needs a header");
  const seen = new Set<string>();
  columns.forEach((column, index) => {
    // pandas leaves the header of a row index empty; only the first column can be one.
    if (column === "" && index > 0) {
      throw new DataError(subject, `line 1: column ${index + 1} has no name`);
    }
    if (seen.has(column)) throw new DataError(subject, `line 1: duplicate column "${column}"`);
    seen.add(column);
  });
  const rows = records.slice(1).map((fields, index) => {
    if (fields.length !== columns.length) {
      throw new DataError(
        subject,
        `line ${lines[index + 1]}: ${fields.length} fields where the header has ${columns.length}`,
      );
    }
    return fields.map((field) => field === "" || field === MISSING ? null : field);
  });
  return { columns, rows };
}

/** Records, and the line on which each starts, counted from 1. Blank lines are skipped. */
function parseRecords(text: string, subject: string): { records: string[][]; lines: number[] } {
  if (!text.includes('"')) return splitRecords(text);
  // Quoted fields may contain line ends: lines are parsed together until their quotes are paired, so
  // that the first line of each record is known.
  const records: string[][] = [];
  const lines: number[] = [];
  const pending: string[] = [];
  let quotes = 0;
  let start = 0;
  text.split("\n").forEach((line, index) => {
    if (pending.length === 0) {
      if (line.replace(/\r$/, "") === "") return;
      if (!line.includes('"')) {
        records.push(line.replace(/\r$/, "").split("\t"));
        lines.push(index + 1);
        return;
      }
      start = index + 1;
    }
    pending.push(line);
    quotes += line.split('"').length - 1;
    if (quotes % 2 === 1) return;
    const record = pending.join("\n").replace(/\r$/, "");
    try {
      records.push(parse(record, { separator: "\t" })[0] ?? []);
      lines.push(start);
    } catch (cause) {
      throw new DataError(subject, `line ${start}: a quote inside an unquoted field`, { cause });
    }
    pending.length = 0;
    quotes = 0;
  });
  if (pending.length > 0) throw new DataError(subject, `line ${start}: a quote is never closed`);
  return { records, lines };
}

function splitRecords(text: string): { records: string[][]; lines: number[] } {
  const records: string[][] = [];
  const lines: number[] = [];
  text.split("\n").forEach((line, index) => {
    const content = line.endsWith("\r") ? line.slice(0, -1) : line;
    if (content === "") return;
    records.push(content.split("\t"));
    lines.push(index + 1);
  });
  return { records, lines };
}

/** A value that can be written into a cell. Booleans are written as pandas does: `True`, `False`. */
export type Writable = string | number | boolean | null | undefined;

function cellText(value: Writable): string {
  if (value === null || value === undefined || value === "") return MISSING;
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : numberText(value);
  return value;
}

function numberText(value: number): string {
  return Number.isNaN(value) ? MISSING : value > 0 ? "inf" : "-inf";
}

/** Writes a table: BIDS's `n/a` for missing values, fields quoted only where they must be. */
export function writeTsv(
  columns: readonly string[],
  rows: readonly (readonly Writable[])[],
): string {
  const records = [columns, ...rows.map((row) => row.map(cellText))];
  return stringify(records, { separator: "\t" }).replaceAll("\r\n", "\n");
}

/** Index of each of the named columns. @throws {DataError} naming every column that is absent */
export function columnIndices<Name extends string>(
  table: Pick<Table, "columns">,
  names: readonly Name[],
  subject: string,
): Record<Name, number> {
  const missing = names.filter((name) => !table.columns.includes(name));
  if (missing.length > 0) {
    throw new DataError(
      subject,
      `no column ${missing.map((name) => `"${name}"`).join(", ")}; the table has ${
        table.columns.map((name) => `"${name}"`).join(", ")
      }`,
    );
  }
  return Object.fromEntries(names.map((name) => [name, table.columns.indexOf(name)])) as Record<
    Name,
    number
  >;
}
