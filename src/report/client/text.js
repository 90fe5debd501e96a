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

/** Decimals of a metric: most are between 0 and 1, in columns. @param {number} value */
function decimalsOf(value) {
  const size = Math.abs(value);
  return size < 2 ? 3 : size < 10 ? 2 : 1;
}

/**
 * @param {number | null | undefined} value
 * @param {number | null} like whose decimals it takes, as a deviation does its mean's
 */
export function metricText(value, like = null) {
  if (value === null || value === undefined) return "–";
  const text = Math.abs(value) < 1e4 ? value.toFixed(decimalsOf(like ?? value)) : numberText(value);
  return text.replace("-", "−");
}

/** @type {Record<string, string>} */
const METRICS = {
  BA: "balanced accuracy",
  ECE: "calibration error",
  LR_plus: "LR+",
  LR_minus: "LR−",
  R2_score: "R²",
  MAE: "mean absolute error",
  RMSE: "root mean squared error",
  PSNR: "peak signal-to-noise ratio (dB)",
  SSIM: "structural similarity",
  recon_loss: "reconstruction term of the loss",
  kl_loss: "Kullback-Leibler term of the loss",
};

/** In words; `ROC_AUC-1` is of class 1. @param {string} metric @param {string[]} classes */
export function metricName(metric, classes = []) {
  const [, name, label] = metric.match(/^(.*?)(?:-(\d+))?$/) ?? [metric, metric];
  const text = Object.hasOwn(METRICS, name) ? METRICS[name] : name.replaceAll("_", " ");
  return label === undefined ? text : `${text}, ${classes[Number(label)] ?? `class ${label}`}`;
}

const ERRORS = new Set(["loss", "recon_loss", "kl_loss", "MAE", "RMSE", "ECE", "LR_minus"]);

/** Of any class. @param {string} metric */
export function lessIsBetter(metric) {
  return ERRORS.has(metric.replace(/-\d+$/, ""));
}

/** @param {number | null | undefined} p */
export function probabilityText(p) {
  if (p === null || p === undefined) return "–";
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

/** @param {{ mean: number | null, sd: number | null }} summary */
export function meanText({ mean, sd }) {
  return sd === null ? metricText(mean) : `${metricText(mean)} ± ${metricText(sd, mean)}`;
}

/** @param {number | null} seconds */
export function durationText(seconds) {
  if (seconds === null) return "";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const rounded = Math.round(seconds);
  const pad = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const minutes = Math.floor(rounded / 60) % 60, hours = Math.floor(rounded / 3600);
  return hours > 0 ? `${hours} h ${pad(minutes)} min` : `${minutes} min ${pad(rounded % 60)} s`;
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
  if (Array.isArray(value) && value.every((one) => typeof one !== "object")) {
    return value.length === 0 ? "none" : value.join(", ");
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** `fold 0, network 2` of `train[fold=0,network=2]`; the name itself without axes. @param {string} instance */
export function axesText(instance) {
  const at = instance.indexOf("[");
  if (at < 0) return instance;
  return instance.slice(at + 1, -1).replaceAll(",", ", ").replaceAll("=", " ");
}

/** A group of predictions. @param {Pick<import("../data.ts").EvaluatedGroupData, "axes" | "dataGroup" | "level" | "selectionMetric">} group */
export function groupText({ axes, dataGroup, level, selectionMetric }) {
  const parts = [axes, dataGroup, `${level} level`, `selected by ${metricName(selectionMetric)}`];
  return parts.filter((part) => part !== "").join(" · ");
}

/** @param {number} count @param {string} noun */
export function countText(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
