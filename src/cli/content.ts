/** What an artifact holds, in lines: tables, summaries of tensors, lists of files. */
import type { Artifact } from "../workflow/step.ts";
import { countText, numberText, sizeText, tableText } from "./quantity.ts";

const MAX_ROWS = 50;

/** Its description, then its only file or a list of files. */
export async function artifactLines(artifact: Artifact): Promise<string[]> {
  const { type, digest, meta, files, items } = artifact;
  const lines = [`${type}  ${digest}`];
  const facts = Object.entries(meta).map(([name, value]) => [`  ${name}`, JSON.stringify(value)]);
  lines.push(...tableText(facts));
  if (items) {
    lines.push(`  ${countText(items.length, "element")}: name an element by its number, as in [0]`);
  }
  if (files.length === 1) {
    lines.push("", files[0].path, ...await fileLines(artifact, files[0].path));
  } else if (files.length > 1) {
    const rows = files.slice(0, MAX_ROWS).map(({ path, size, digest }) => [
      `  ${path}`,
      sizeText(size),
      digest.slice(0, 19),
    ]);
    lines.push("", ...tableText(rows, [1]), ...more(files.length));
  }
  return lines;
}

/** @throws {DataError} when the artifact has no such file, or it can't be read */
export async function fileLines(artifact: Artifact, path: string): Promise<string[]> {
  const bytes = await artifact.read(path);
  if (path.endsWith(".tsv")) return await tsvLines(bytes, path);
  if (path.endsWith(".safetensors")) return await tensorLines(bytes, path);
  if (/\.(json|txt|md|toml|log)$/.test(path)) {
    return new TextDecoder().decode(bytes).trimEnd().split("\n");
  }
  return [`${sizeText(bytes.length)}`];
}

async function tsvLines(bytes: Uint8Array, path: string): Promise<string[]> {
  const { readTsv } = await import("../formats/tsv.ts");
  const { columns, rows } = readTsv(bytes, path);
  const shown = rows.slice(0, MAX_ROWS).map((row) => row.map((cell) => cellText(cell ?? "n/a")));
  return [...tableText([columns, ...shown]), ...more(rows.length)];
}

/** Long fractions, as `0.6666666666666666`, with four digits; anything else as it is. */
function cellText(cell: string): string {
  return /^-?\d+\.\d{5,}(e-?\d+)?$/i.test(cell) && Math.abs(Number(cell)) < 1000
    ? numberText(Number(cell))
    : cell;
}

async function tensorLines(bytes: Uint8Array<ArrayBuffer>, path: string): Promise<string[]> {
  const { readSafetensors } = await import("../formats/safetensors.ts");
  const file = readSafetensors(bytes, path);
  const rows = [...file.entries].map(([name, { dtype, shape }]) => [
    name,
    dtype,
    `[${shape.join(", ")}]`,
    ...summary(file.tensor(name).data),
  ]);
  return tableText([["tensor", "dtype", "shape", "min", "mean", "max"], ...rows], [3, 4, 5]);
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
