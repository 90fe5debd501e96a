// @ts-check
/// <reference lib="dom" />
import { element, refill, table } from "./dom.js";
import { enclosing } from "./charts/scale.js";
import { squareChart } from "./charts/square_chart.js";
import { colorsOf, onTheme } from "./theme.js";
import { countText, metricName } from "./text.js";

/**
 * What autoencoders see, give back, and miss; latents; anomaly scores.
 *
 * @typedef {import("../data.ts").ReportData} ReportData
 * @typedef {import("../data.ts").ReconstructionSheet} Sheet
 */

/** @type {ReportData | undefined} */
let current;

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderReconstructions(root, data) {
  if (!current) onTheme(() => current && renderReconstructions(root, current));
  current = data;
  refill(
    root,
    ...data.reconstructions.flatMap((sheet) => [
      element("h3", {}, sheet.instance, element("small", {}, sheet.kind)),
      ...sheet.anomaly ? describeAnomaly(sheet, sheet.anomaly) : [],
      sheet.rows.length > 0 ? element("p", {}, legendOf(sheet)) : "",
      ...sheet.rows.map((row) => describeRow(sheet, row)),
      sheet.more > 0
        ? element("p", { class: "quiet" }, `${sheet.more} more are in the cache.`)
        : "",
      sheet.latents ? describeLatents(sheet, sheet.latents) : "",
    ]),
  );
}

/** @param {Sheet} sheet */
function legendOf({ anomaly, limit, mode, dataGroup, selectionMetric }) {
  const planes = mode === "slice"
    ? "Three slices"
    : "An axial, a coronal and a sagittal slice, the patient's left on the left,";
  const what = anomaly
    ? "the map: residuals in standard deviations of healthy ones"
    : "the residual, input minus output";
  const end = limit === null ? "" : ` Colours end at \u00b1${limit}.`;
  return `${planes} of sessions of ${dataGroup}: what the network sees, what it gives back, and ${what}, ` +
    `red where the image is brighter than it is given back, blue where it is darker.${end} ` +
    `Network selected by ${metricName(selectionMetric)}.`;
}

/** @param {Sheet} sheet @param {Sheet["rows"][0]} row */
function describeRow({ anomaly }, { participant, session, label, score, input, output, residual }) {
  const name = `${participant} ${session}`;
  const side = (/** @type {string} */ title, /** @type {string} */ image) =>
    element(
      "figure",
      {},
      element("img", { src: image, alt: `${name}: ${title}` }),
      element("figcaption", {}, title),
    );
  return element(
    "section",
    { class: "compared", "aria-label": name },
    element(
      "h4",
      {},
      participant,
      element(
        "small",
        {},
        [session, label, score === null ? null : `score ${score}`].filter((text) => text !== null)
          .join(" \u00b7 "),
      ),
    ),
    element(
      "div",
      {},
      side("input", input),
      side("output", output),
      side(anomaly ? "anomaly map" : "residual", residual),
    ),
  );
}

/** Points by label, in the order of the labels; those without one last. @param {{ label: string | null }[]} points */
function labelsOf(points) {
  const labels = [...new Set(points.map(({ label }) => label))];
  return labels.sort((a, b) => a === null ? 1 : b === null ? -1 : a < b ? -1 : 1);
}

/** @param {(string | null)[]} labels @param {(index: number) => string} colorOf */
function labelLegend(labels, colorOf) {
  return element(
    "p",
    { class: "legend" },
    ...labels.map((label, index) => {
      const swatch = element("i", { class: "swatch" });
      swatch.style.background = colorOf(index);
      return element("span", {}, swatch, label ?? "no label");
    }),
  );
}

/** @param {Sheet} sheet @param {NonNullable<Sheet["latents"]>} latents */
function describeLatents({ label }, { points, variance }) {
  const labels = labelsOf(points);
  const colorOf = colorsOf(labels.length);
  const axis = (/** @type {number} */ number) => {
    const share = variance[number - 1];
    const explained = share === null ? "" : ` (${(100 * share).toFixed(0)} % of the variance)`;
    return `component ${number}${explained}`;
  };
  return element(
    "div",
    {},
    element("h4", {}, "Latents", element("small", {}, `by ${label}`)),
    labelLegend(labels, colorOf),
    element(
      "div",
      { class: "charts" },
      squareChart({
        title: "Principal components of the latents",
        xLabel: axis(1),
        yLabel: axis(2),
        lines: labels.map((name, index) => ({
          name: name ?? "no label",
          points: points.filter((point) => point.label === name).map(({ x, y }) => [x, y]),
          color: colorOf(index),
          drawn: "dots",
        })),
        xRange: enclosing(points.map(({ x }) => x)),
        yRange: enclosing(points.map(({ y }) => y)),
      }),
    ),
  );
}

/** @param {Sheet} sheet @param {NonNullable<Sheet["anomaly"]>} anomaly */
function describeAnomaly(
  { label },
  { healthySessions, healthyLabels, direction, threshold, scores, areas },
) {
  const labels = labelsOf(scores);
  const colorOf = colorsOf(labels.length);
  const side = direction === "both" ? "" : ` where the image is ${direction} than given back`;
  const healthy = healthyLabels.length > 0 ? ` (${label} ${healthyLabels.join(", ")})` : "";
  return [
    element(
      "p",
      {},
      `Residuals are normalised by those of ${
        countText(healthySessions, "healthy session")
      }${healthy}. ` +
        `The score is the mean of the largest${side}; share is the part of voxels beyond ${threshold}.`,
    ),
    element(
      "div",
      { class: "charts" },
      squareChart({
        title: "Anomaly score",
        xLabel: label,
        yLabel: "score",
        lines: labels.map((name, index) => ({
          name: name ?? "no label",
          points: scores.filter((each) => each.label === name).map(({ score }, i, all) => [
            index + 0.5 + spread(i, all.length),
            score,
          ]),
          color: colorOf(index),
          drawn: "dots",
        })),
        xRange: [0, labels.length],
        yRange: enclosing([0, ...scores.map(({ score }) => score)]),
        xTicks: labels.map((name, index) => ({ at: index + 0.5, text: name ?? "no label" })),
        rows: [["label", "score"], ...scores.map((each) => [each.label, each.score])],
      }),
    ),
    areas.length > 0 ? areasTable(areas) : "",
  ];
}

/** Places points of equal scores next to each other. @param {number} index @param {number} count */
function spread(index, count) {
  return count < 2 ? 0 : 0.5 * ((index * 0.618) % 1 - 0.5);
}

/** @param {NonNullable<Sheet["anomaly"]>["areas"]} areas */
function areasTable(areas) {
  return element(
    "div",
    {},
    table(
      "Areas under the ROC curve",
      ["score", "ROC AUC", "interval"],
      areas.map(({ score, value, lower, upper }) => [
        score,
        value === null ? "n/a" : value.toFixed(3),
        lower === null || upper === null ? "n/a" : `${lower.toFixed(3)} to ${upper.toFixed(3)}`,
      ]),
    ),
  );
}
