/** Files of a data set that need not be there. */
import { readIfPresent } from "../../disk/read.ts";
import { decodeText } from "../../formats/text.ts";
import { readTsv, type Table } from "../../formats/tsv.ts";
import { parseJson } from "../../json.ts";

/** @throws {DataError} when the table is there but can't be read */
export function readTableIfPresent(path: string): Table | undefined {
  const bytes = readIfPresent(path);
  return bytes === undefined ? undefined : readTsv(bytes, path);
}

/** @throws {DataError} when the file is there but can't be read, or is no JSON */
export function readJsonIfPresent(path: string): unknown {
  const bytes = readIfPresent(path);
  if (bytes === undefined) return undefined;
  return parseJson(decodeText(bytes, path), path);
}
