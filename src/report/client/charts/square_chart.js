// @ts-check
/// <reference lib="dom" />
import { drawn, element } from "../dom.js";
import { exportControl } from "./export.js";
import { rounded, share, ticks, tickText } from "./scale.js";

/**
 * A small chart: ROC, precision-recall, calibration; predicted against true numbers.
 *
 * @typedef {{
 *   name: string,
 *   points: [number, number][],
 *   color: string,
 *   strong?: boolean,
 *   drawn?: "line" | "dots" | "both",
 * }} SquareLine
 * @typedef {{ x: number[], mean: number[], sd: number[] }} Band
 * @typedef {import("./scale.js").Range} Range
 */

const SIZE = 260, TOP = 8, BOTTOM = 38;
/** Left of the chart: the name of the axis, and numbers of so many characters or more. */
const LEFT = 44, TICK_LENGTH = 4, CHARACTER = 7;
/** @type {Range} */
const UNIT = [0, 1];

/** Name of the line in the middle of the band. */
export const MEAN = "mean";

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
 *   xTicks?: { at: number, text: string }[],
 *   rows?: (string | number | null)[][],
 * }} chart `reference` is what y is at both ends of x where all is as it should be; `note` states what
 *   is not drawn; `rows` are saved where the points are not the numbers that they draw
 */
export function squareChart(chart) {
  const { title, xLabel, yLabel, lines, band, reference, note } = chart;
  const { xRange = UNIT, yRange = UNIT } = chart;
  const { xTicks = ticks(xRange).map((at) => ({ at, text: tickText(at) })) } = chart;
  const yTicks = ticks(yRange).map((at) => ({ at, text: tickText(at) }));
  const longest = Math.max(TICK_LENGTH, ...yTicks.map(({ text }) => text.length));
  const left = LEFT + CHARACTER * (longest - TICK_LENGTH);
  const x = (/** @type {number} */ value) => rounded(left + share(value, xRange) * SIZE);
  const y = (/** @type {number} */ value) => rounded(TOP + (1 - share(value, yRange)) * SIZE);
  const path = (/** @type {[number, number][]} */ points) =>
    points.map(([px, py], index) => `${index === 0 ? "M" : "L"}${x(px)} ${y(py)}`).join("");
  const width = left + SIZE + 18, height = TOP + SIZE + BOTTOM;
  const picture = drawn(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
    ...xTicks.flatMap(({ at, text }) => [
      drawn("path", { class: "grid", d: `M${x(at)} ${TOP}v${SIZE}` }),
      drawn("text", { x: x(at), y: TOP + SIZE + 15, "text-anchor": "middle" }, text),
    ]),
    ...yTicks.flatMap(({ at, text }) => [
      drawn("path", { class: "grid", d: `M${left} ${y(at)}h${SIZE}` }),
      drawn("text", { x: left - 6, y: y(at) + 4, "text-anchor": "end" }, text),
    ]),
    drawn("text", { x: left + SIZE / 2, y: height - 5, "text-anchor": "middle" }, xLabel),
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
  );
  return element(
    "figure",
    { class: "square" },
    element(
      "figcaption",
      {},
      title,
      exportControl(title, () => picture, () => chart.rows ?? rowsOf(chart)),
    ),
    picture,
    note && element("small", {}, note),
  );
}

/** A row a point, then a row a point of the band. @param {Parameters<typeof squareChart>[0]} chart */
function rowsOf({ xLabel, yLabel, lines, band }) {
  return [
    ["line", xLabel, yLabel, ...band ? ["standard deviation"] : []],
    ...lines.filter(({ name }) => !band || name !== MEAN).flatMap(({ name, points }) =>
      points.map(([x, y]) => [name, x, y, ...band ? [null] : []])
    ),
    ...band ? band.x.map((x, i) => [MEAN, x, band.mean[i], band.sd[i]]) : [],
  ];
}

/** Around mean ± sd, within the chart. @param {Band} band @returns {[number, number][]} */
function outline({ x, mean, sd }) {
  const within = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));
  const upper = x.map((at, i) => /** @type {[number, number]} */ ([at, within(mean[i] + sd[i])]));
  const lower = x.map((at, i) => /** @type {[number, number]} */ ([at, within(mean[i] - sd[i])]));
  return [...upper, ...lower.reverse()];
}
