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

/**
 * Rows in columns as wide as their widest cell; the last column is not padded.
 *
 * @param right columns, from 0, that are aligned to the right
 */
export function tableText(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => widths[column] = Math.max(widths[column] ?? 0, cell.length));
  }
  return rows.map((row) =>
    row.map((cell, column) => {
      if (right.includes(column)) return cell.padStart(widths[column]);
      return column === row.length - 1 ? cell : cell.padEnd(widths[column]);
    }).join("  ").trimEnd()
  );
}
