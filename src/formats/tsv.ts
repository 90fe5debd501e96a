/**
 * Tab-separated tables as BIDS, pandas and ClinicaDL write them.
 *
 * Reading takes what pandas 1.5 takes for missing (and so BIDS's `n/a`) as missing, in every column;
 * blanks around a field are no part of it; quotes, CRLF, a byte order mark and UTF-16 with one are
 * allowed. Writing follows BIDS: `n/a`, "\n", a newline at the end. Fields stay text, so
 * `participant_id` and `session_id` never turn into numbers; callers parse the columns that they know.
 */
import { stringify } from "@std/csv";
import { DataError } from "../errors.ts";
import { decodeText } from "./text.ts";

/** A field; null where it is missing. */
export type Cell = string | null;

export interface Table {
  /** Distinct, in the order of the file. */
  columns: string[];
  /** As many cells a row as there are columns. */
  rows: Cell[][];
  /** All columns of the file, where the cells of some were not kept. */
  header?: readonly string[];
}

const MISSING = "n/a";

/** `na_values` of pandas 1.5's `read_csv`. `None` came with pandas 2 and is a value here. */
const MISSING_VALUES: ReadonlySet<string> = new Set([
  "",
  "#N/A",
  "#N/A N/A",
  "#NA",
  "-1.#IND",
  "-1.#QNAN",
  "-NaN",
  "-nan",
  "1.#IND",
  "1.#QNAN",
  "<NA>",
  "N/A",
  "NA",
  "NULL",
  "NaN",
  "n/a",
  "nan",
  "null",
]);

/**
 * Reads a tab-separated table with a header. One empty field behind a trailing tab is dropped.
 *
 * @param subject the file, for messages
 * @param keep columns whose cells are kept, for tables with hundreds of others; absent: all
 * @throws {DataError} on an empty file, an unnamed or duplicate column, a row with another number
 *   of fields than the header, an unclosed quote, CR alone as a line end, or bytes that are not
 *   UTF-8; it names the line
 */
export function readTsv(
  source: string | Uint8Array,
  subject: string,
  keep?: ReadonlySet<string>,
): Table {
  const text = typeof source === "string"
    ? source.replace(/^\uFEFF/, "")
    : decodeText(source, subject);
  let header: Header | undefined;
  let kept: number[] | undefined;
  const rows: Cell[][] = [];
  for (const record of parseRecords(text, subject)) {
    if (header === undefined) {
      header = readHeader(record.fields, subject);
      kept = keep && header.columns.flatMap((name, i) => keep.has(name) ? [i] : []);
    } else {
      const fields = checkFields(record, header, subject);
      const cells = kept?.map((index) => fields[index]) ?? fields;
      rows.push(cells.map((field) => MISSING_VALUES.has(field) ? null : field));
    }
  }
  if (header === undefined) throw new DataError(subject, "the table is empty: it needs a header");
  const { columns } = header;
  if (kept === undefined) return { columns, rows };
  return { columns: kept.map((index) => columns[index]), rows, header: columns };
}

/** A line, or several where a quoted field holds line ends. */
interface TsvRecord {
  fields: string[];
  /** On which it starts, from 1. */
  line: number;
}

interface Header {
  columns: string[];
  /** Whether a nameless field followed them. */
  trailing: boolean;
}

/** The names of the columns, without the empty one behind a trailing tab. */
function readHeader(fields: readonly string[], subject: string): Header {
  const columns = [...fields];
  const trailing = columns.length > 1 && columns.at(-1) === "";
  if (trailing) columns.pop();
  const seen = new Set<string>();
  columns.forEach((column, index) => {
    // pandas leaves the header of a row index empty; only the first column can be one.
    if (column === "" && index > 0) refuseNameless(index, subject);
    if (seen.has(column)) throw new DataError(subject, `line 1: duplicate column "${column}"`);
    seen.add(column);
  });
  return { columns, trailing };
}

function refuseNameless(index: number, subject: string): never {
  throw new DataError(subject, `line 1: column ${index + 1} has no name`);
}

/** The fields of a row, one a column. */
function checkFields(
  { fields, line }: TsvRecord,
  { columns, trailing }: Header,
  subject: string,
): string[] {
  if (fields.length === columns.length) return fields;
  if (fields.length === columns.length + 1) {
    if (fields.at(-1) === "") return fields.slice(0, -1);
    if (trailing) refuseNameless(columns.length, subject);
  }
  throw new DataError(
    subject,
    `line ${line}: ${fields.length} fields where the header has ${columns.length}` +
      adviseTabs(columns),
  );
}

/** What is probably wrong with a table of one column. */
function adviseTabs(columns: readonly string[]): string {
  return columns.length === 1 && /[,; ]/.test(columns[0])
    ? "; columns are separated by tabs, not by commas, semicolons or blanks"
    : "";
}

/** Blank lines are skipped. */
function* parseRecords(text: string, subject: string): Generator<TsvRecord> {
  const pending: string[] = [];
  const quoted = text.includes('"');
  const carriageReturns = text.includes("\r");
  let start = 0;
  for (const [index, line] of text.split("\n").entries()) {
    const content = carriageReturns && line.endsWith("\r") ? line.slice(0, -1) : line;
    if (pending.length === 0) {
      start = index + 1;
      if (!content.includes("\t") && content.trim() === "") continue;
      if (!quoted || !content.includes('"')) {
        if (carriageReturns) checkLineEnds(content, start, subject);
        yield { fields: content.split("\t").map((field) => field.trim()), line: start };
        continue;
      }
    }
    // A quoted field may hold line ends: lines are joined until its closing quote.
    pending.push(line);
    if (pending.length > 1 && !line.includes('"')) continue;
    const fields = splitQuoted(pending.join("\n").replace(/\r$/, ""), start, subject);
    if (fields === undefined) continue;
    yield { fields, line: start };
    pending.length = 0;
  }
  if (pending.length > 0) throw new DataError(subject, `line ${start}: a quote is never closed`);
}

function checkLineEnds(content: string, line: number, subject: string): void {
  if (!content.includes("\r")) return;
  throw new DataError(
    subject,
    `line ${line}: its line ends are single carriage returns (CR), as old Macintosh programs and ` +
      "Excel write them; save it with LF or CRLF line ends",
  );
}

/**
 * The fields of a record by pandas's rules: a quote counts at the start of a field only (`5 ft 6"` is
 * text), and what follows the closing quote belongs to the field.
 *
 * @returns undefined when a quoted field goes on behind the record's end
 */
function splitQuoted(record: string, line: number, subject: string): string[] | undefined {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    let value = "";
    const quoted = record[at] === '"';
    if (quoted) {
      at++;
      for (;;) {
        const quote = record.indexOf('"', at);
        if (quote < 0) return undefined;
        value += record.slice(at, quote);
        at = quote + 1;
        if (record[at] !== '"') break;
        value += '"';
        at++;
      }
    }
    const tab = record.indexOf("\t", at);
    const rest = record.slice(at, tab < 0 ? undefined : tab);
    checkLineEnds(rest, line, subject);
    fields.push(quoted ? value + rest.trimEnd() : rest.trim());
    if (tab < 0) return fields;
    at = tab + 1;
  }
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
  table: Pick<Table, "columns" | "header">,
  names: readonly Name[],
  subject: string,
): Record<Name, number> {
  const missing = names.filter((name) => !table.columns.includes(name));
  if (missing.length > 0) {
    const quote = (names: readonly string[]) => names.map((name) => `"${name}"`).join(", ");
    throw new DataError(
      subject,
      `no column ${quote(missing)}; the table has ${quote(table.header ?? table.columns)}` +
        adviseTabs(table.columns),
    );
  }
  return Object.fromEntries(names.map((name) => [name, table.columns.indexOf(name)])) as Record<
    Name,
    number
  >;
}
