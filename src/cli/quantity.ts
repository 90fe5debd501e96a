/** Durations, sizes and tables in a form that people read. */

/** `40 ms`, `1.4 s`, `12 s`, `3:05`, `2:03:05`. */
export function durationText(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  const pad = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(rounded / 60) % 60;
  const hours = Math.floor(rounded / 3600);
  return hours === 0
    ? `${minutes}:${pad(rounded % 60)}`
    : `${hours}:${pad(minutes)}:${pad(rounded % 60)}`;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** `812 B`, `3.4 MiB`. */
export function sizeText(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${value.toPrecision(3)} ${UNITS[unit]}`;
}

/** At most four significant digits, as metrics are shown. */
export function numberText(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(4)));
}

/** `1 instance`, `3 instances`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** At most so many characters of a text; what is cut off leaves a `…`. */
export function cutText(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
}

const COLUMN_GAP = "  ";

/**
 * Rows in columns as wide as their widest cell; the last column is not padded.
 *
 * @param right columns, from 0, that are aligned to the right
 * @param width characters of a line: the widest columns are cut until all fit
 */
export function tableText(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
  width = Infinity,
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => widths[column] = Math.max(widths[column] ?? 0, [...cell].length));
  }
  fitColumns(widths, width);
  return rows.map((row) =>
    row.map((text, column) => {
      const cell = cutText(text, widths[column]);
      if (right.includes(column)) return cell.padStart(widths[column]);
      return column === row.length - 1 ? cell : cell.padEnd(widths[column]);
    }).join(COLUMN_GAP).trimEnd()
  );
}

/** A column is not cut to fewer characters. */
const LEAST_COLUMN = 6;

function fitColumns(widths: number[], width: number): void {
  let surplus = widths.reduce((sum, each) => sum + each, 0) +
    COLUMN_GAP.length * (widths.length - 1) - width;
  for (; surplus > 0; surplus--) {
    const widest = widths.lastIndexOf(Math.max(...widths));
    if (widths[widest] <= LEAST_COLUMN) return;
    widths[widest]--;
  }
}
