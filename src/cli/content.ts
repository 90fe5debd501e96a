/** What an artifact holds, in lines: tables, summaries of tensors, lists of files. */
import type { Artifact } from "../workflow/step.ts";
import { countText, numberText, sizeText, tableText } from "./quantity.ts";

const MAX_ROWS = 50;

/**
 * Its description, then its only file or a list of files.
 *
 * @param width characters of a line, to which tables are cut
 */
export async function artifactLines(artifact: Artifact, width: number): Promise<string[]> {
  const { type, digest, meta, files, items } = artifact;
  const lines = [`${type}  ${digest}`];
  const facts = Object.entries(meta).map(([name, value]) => [`  ${name}`, JSON.stringify(value)]);
  lines.push(...tableText(facts));
  if (items) {
    lines.push(`  ${countText(items.length, "element")}: name an element by its number, as in [0]`);
  }
  if (files.length === 1) {
    lines.push("", files[0].path, ...await fileLines(artifact, files[0].path, width));
  } else if (files.length > 1) {
    const rows = files.slice(0, MAX_ROWS).map(({ path, size, digest }) => [
      `  ${path}`,
      sizeText(size),
      digest.slice(0, 19),
    ]);
    lines.push("", ...tableText(rows, [1], width), ...more(files.length));
  }
  return lines;
}

/**
 * @param width characters of a line, to which tables are cut
 * @throws {DataError} when the artifact has no such file, or it can't be read
 */
export async function fileLines(
  artifact: Artifact,
  path: string,
  width: number,
): Promise<string[]> {
  const bytes = await artifact.read(path);
  if (path.endsWith(".tsv")) return await tsvLines(bytes, path, width);
  if (path.endsWith(".safetensors")) return await tensorLines(bytes, path, width);
  if (/\.(json|txt|md|toml|log)$/.test(path)) {
    return new TextDecoder().decode(bytes).trimEnd().split("\n");
  }
  return [`${sizeText(bytes.length)}`];
}

async function tsvLines(bytes: Uint8Array, path: string, width: number): Promise<string[]> {
  const { readTsv } = await import("../formats/tsv.ts");
  const { columns, rows } = readTsv(bytes, path);
  const shown = rows.slice(0, MAX_ROWS).map((row) => row.map((cell) => cellText(cell ?? "n/a")));
  return [...tableText([columns, ...shown], [], width), ...more(rows.length)];
}

/** Long fractions, as `0.6666666666666666`, with four digits; anything else as it is. */
function cellText(cell: string): string {
  return /^-?\d+\.\d{5,}(e-?\d+)?$/i.test(cell) && Math.abs(Number(cell)) < 1000
    ? numberText(Number(cell))
    : cell;
}

async function tensorLines(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  width: number,
): Promise<string[]> {
  const { readSafetensors } = await import("../formats/safetensors.ts");
  const file = readSafetensors(bytes, path);
  const rows = [...file.entries].map(([name, { dtype, shape }]) => [
    name,
    dtype,
    `[${shape.join(", ")}]`,
    ...summary(file.tensor(name).data),
  ]);
  const head = ["tensor", "dtype", "shape", "min", "mean", "max"];
  return tableText([head, ...rows], [3, 4, 5], width);
}

/** Least, mean and largest value. */
function summary(data: ArrayLike<number | bigint>): string[] {
  let least = Infinity;
  let most = -Infinity;
  let sum = 0;
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    least = Math.min(least, value);
    most = Math.max(most, value);
    sum += value;
  }
  return data.length === 0 ? ["", "", ""] : [least, sum / data.length, most].map(numberText);
}

function more(count: number): string[] {
  return count > MAX_ROWS ? [`and ${count - MAX_ROWS} more`] : [];
}
