// @ts-check
/** Numbers, times and values as people read them. */

/** @param {number | null | undefined} value */
export function numberText(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2);
  return Number.isInteger(value)
    ? String(value)
    : size >= 100
    ? value.toFixed(1)
    : value.toFixed(3);
}

/** Of metrics, which stand in columns. @param {number | null | undefined} value */
export function metricText(value) {
  if (value === null || value === undefined) return "–";
  return Math.abs(value) < 1000 ? value.toFixed(3) : numberText(value);
}

/** @param {number | null | undefined} p */
export function probabilityText(p) {
  if (p === null || p === undefined) return "–";
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

/** @param {{ mean: number | null, sd: number | null }} summary */
export function meanText({ mean, sd }) {
  return sd === null ? metricText(mean) : `${metricText(mean)} ± ${metricText(sd)}`;
}

/** @param {number | null} seconds */
export function durationText(seconds) {
  if (seconds === null) return "";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  const pad = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60, hours = Math.floor(whole / 3600);
  return hours > 0 ? `${hours} h ${pad(minutes)} min` : `${minutes} min ${pad(whole % 60)} s`;
}

/** @param {number} bytes */
export function sizeText(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; unit++) bytes /= 1024;
  return `${unit === 0 ? bytes : bytes.toPrecision(3)} ${units[unit]}`;
}

/** @param {string | null} iso */
export function timeText(iso) {
  return iso === null ? "" : `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** @param {unknown} value */
export function valueText(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** @param {number} count @param {string} noun */
export function countText(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
