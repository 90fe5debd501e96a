/** What numbers in a data set's sex column stand for, by the Levels of its `participants.json`. */
import { readJsonIfPresent } from "./read_if_present.ts";
import type { Table } from "../../formats/tsv.ts";
import { isJsonObject } from "../../json.ts";
import { findColumn } from "../../tables/columns.ts";
import { isNumeric, parseSex } from "../../tables/values.ts";

/** Sexes by their codes; those whose level names no sex are absent. */
export type SexCodes = ReadonlyMap<string, string>;

/**
 * The levels of `sex`, empty where the file has none.
 *
 * @throws {DataError} when the file is not JSON
 */
export function readSexLevels(path: string): SexCodes {
  const columns = readJsonIfPresent(path);
  const sex = isJsonObject(columns) ? columns.sex : undefined;
  const levels = isJsonObject(sex) ? sex.Levels : undefined;
  if (!isJsonObject(levels)) return new Map();
  return new Map(
    Object.entries(levels).flatMap(([code, level]) => {
      const text = isJsonObject(level) ? level.Description : level;
      const word = typeof text === "string" ? /^[a-z]+/i.exec(text.trim())?.[0] : undefined;
      const sex = word === undefined ? undefined : parseSex(word);
      return sex === undefined ? [] : [[code, sex] as const];
    }),
  );
}

/** The table with letters for the numbers of its sex column, as far as levels are known. */
export function translateSexes(table: Table, readLevels: () => SexCodes): Table {
  const at = findColumn({ columns: table.columns, subject: "" }, "sex");
  if (at === undefined) return table;
  const known = table.rows.map((row) => row[at]).filter((cell) => cell !== null);
  // Words and numbers together are left for the reader to refuse.
  if (known.length === 0 || !known.every(isNumeric)) return table;
  const levels = readLevels();
  const rows = table.rows.map((row) => {
    const cell = row[at];
    const sex = cell === null ? undefined : levels.get(cell) ?? levels.get(String(Number(cell)));
    return sex === undefined ? row : row.with(at, sex);
  });
  return { columns: table.columns, rows };
}
