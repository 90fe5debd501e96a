// @ts-check
/// <reference lib="dom" />
import { drawn, element } from "./dom.js";

/**
 * A small chart: ROC, precision-recall, calibration; predicted against true numbers.
 *
 * @typedef {{
 *   points: [number, number][],
 *   color: string,
 *   strong?: boolean,
 *   drawn?: "line" | "dots" | "both",
 * }} SquareLine
 * @typedef {{ x: number[], mean: number[], sd: number[] }} Band
 * @typedef {[least: number, most: number]} Range
 */

const SIZE = 260, LEFT = 44, TOP = 8, BOTTOM = 38;
/** @type {Range} */
const UNIT = [0, 1];

/**
 * @param {{
 *   title: string,
 *   xLabel: string,
 *   yLabel: string,
 *   lines: SquareLine[],
 *   band?: Band,
 *   reference?: Range,
 *   note?: string,
 *   xRange?: Range,
 *   yRange?: Range,
 * }} chart `reference` is what y is at both ends of x where all is as it should be; `note` states what
 *   is not drawn
 */
export function squareChart(chart) {
  const { title, xLabel, yLabel, lines, band, reference, note } = chart;
  const { xRange = UNIT, yRange = UNIT } = chart;
  const x = (/** @type {number} */ value) => round(LEFT + share(value, xRange) * SIZE);
  const y = (/** @type {number} */ value) => round(TOP + (1 - share(value, yRange)) * SIZE);
  const path = (/** @type {[number, number][]} */ points) =>
    points.map(([px, py], index) => `${index === 0 ? "M" : "L"}${x(px)} ${y(py)}`).join("");
  const width = LEFT + SIZE + 12, height = TOP + SIZE + BOTTOM;
  return element(
    "figure",
    { class: "square" },
    element("figcaption", {}, title),
    drawn(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
      ...ticks(xRange).flatMap((tick) => [
        drawn("path", { class: "grid", d: `M${x(tick)} ${TOP}v${SIZE}` }),
        drawn("text", { x: x(tick), y: TOP + SIZE + 15, "text-anchor": "middle" }, tickText(tick)),
      ]),
      ...ticks(yRange).flatMap((tick) => [
        drawn("path", { class: "grid", d: `M${LEFT} ${y(tick)}h${SIZE}` }),
        drawn("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, tickText(tick)),
      ]),
      drawn("text", { x: LEFT + SIZE / 2, y: height - 5, "text-anchor": "middle" }, xLabel),
      drawn("text", {
        "text-anchor": "middle",
        transform: `translate(10 ${TOP + SIZE / 2}) rotate(-90)`,
      }, yLabel),
      reference && drawn("path", {
        class: "reference",
        d: path([[xRange[0], reference[0]], [xRange[1], reference[1]]]),
      }),
      band && drawn("path", { class: "band", d: `${path(outline(band))}Z` }),
      ...lines.filter(({ drawn }) => drawn !== "dots").map(({ points, color, strong }) =>
        drawn("path", {
          d: path(points),
          fill: "none",
          stroke: color,
          "stroke-width": strong ? 2.6 : 1.2,
          "stroke-linejoin": "round",
          opacity: strong ? 1 : 0.8,
        })
      ),
      ...lines.filter(({ drawn }) => drawn !== undefined && drawn !== "line")
        .flatMap(({ points, color, drawn: how }) =>
          points.map(([px, py]) =>
            drawn("circle", {
              cx: x(px),
              cy: y(py),
              r: 3,
              fill: color,
              opacity: how === "dots" ? 0.7 : 1,
            })
          )
        ),
    ),
    note && element("small", {}, note),
  );
}

/** Four or five round numbers apart. @param {Range} range */
function stepOf([least, most]) {
  const rough = (most - least) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 2.5, 5, 10].find((step) => step * power >= rough * 0.999) ?? 10);
}

/** Round numbers within. @param {Range} range */
function ticks([least, most]) {
  const step = stepOf([least, most]);
  const first = Math.ceil(least / step - 1e-9);
  const count = Math.floor(most / step + 1e-9) - first + 1;
  return Array.from(
    { length: count },
    (_, index) => Number(((first + index) * step).toPrecision(6)),
  );
}

/** @param {number} tick */
function tickText(tick) {
  return String(tick).replace("-", "−");
}

/** To round numbers that enclose all values. @param {number[]} values @returns {Range} */
export function enclosing(values) {
  const least = values.reduce((a, b) => Math.min(a, b)),
    most = values.reduce((a, b) => Math.max(a, b));
  if (least === most) return [least - 1, most + 1];
  const step = stepOf([least, most]) / 2;
  return [Math.floor(least / step) * step, Math.ceil(most / step) * step];
}

/** @param {number} value @param {Range} range */
function share(value, [least, most]) {
  return (value - least) / (most - least);
}

/** Around mean ± sd, within the chart. @param {Band} band @returns {[number, number][]} */
function outline({ x, mean, sd }) {
  const within = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));
  const upper = x.map((at, i) => /** @type {[number, number]} */ ([at, within(mean[i] + sd[i])]));
  const lower = x.map((at, i) => /** @type {[number, number]} */ ([at, within(mean[i] - sd[i])]));
  return [...upper, ...lower.reverse()];
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
