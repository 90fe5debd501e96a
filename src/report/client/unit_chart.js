// @ts-check
/// <reference lib="dom" />
import { drawn, element } from "./dom.js";

/**
 * A small chart whose axes both run from 0 to 1: ROC, precision-recall, calibration.
 *
 * @typedef {{ points: [number, number][], color: string, strong?: boolean, dots?: boolean }} UnitLine
 * @typedef {{ x: number[], mean: number[], sd: number[] }} Band
 */

const SIZE = 260, LEFT = 40, TOP = 8, BOTTOM = 38;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/**
 * @param {{
 *   title: string,
 *   xLabel: string,
 *   yLabel: string,
 *   lines: UnitLine[],
 *   band?: Band,
 *   diagonal?: boolean,
 * }} chart
 */
export function unitChart({ title, xLabel, yLabel, lines, band, diagonal }) {
  const x = (/** @type {number} */ value) => round(LEFT + value * SIZE);
  const y = (/** @type {number} */ value) => round(TOP + (1 - value) * SIZE);
  const path = (/** @type {[number, number][]} */ points) =>
    points.map(([px, py], index) => `${index === 0 ? "M" : "L"}${x(px)} ${y(py)}`).join("");
  const width = LEFT + SIZE + 12, height = TOP + SIZE + BOTTOM;
  return element(
    "figure",
    { class: "unit" },
    element("figcaption", {}, title),
    drawn(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
      ...TICKS.map((tick) =>
        drawn(
          "g",
          {},
          drawn("path", {
            class: "grid",
            d: `M${x(0)} ${y(tick)}H${x(1)}M${x(tick)} ${y(0)}V${y(1)}`,
          }),
          drawn("text", { x: x(tick), y: TOP + SIZE + 15, "text-anchor": "middle" }, String(tick)),
          drawn("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, String(tick)),
        )
      ),
      drawn("text", { x: x(0.5), y: height - 5, "text-anchor": "middle" }, xLabel),
      drawn("text", {
        "text-anchor": "middle",
        transform: `translate(10 ${y(0.5)}) rotate(-90)`,
      }, yLabel),
      diagonal && drawn("path", { class: "diagonal", d: `M${x(0)} ${y(0)}L${x(1)} ${y(1)}` }),
      band && drawn("path", { class: "band", d: `${path(outline(band))}Z` }),
      ...lines.map(({ points, color, strong }) =>
        drawn("path", {
          d: path(points),
          fill: "none",
          stroke: color,
          "stroke-width": strong ? 2.6 : 1.2,
          "stroke-linejoin": "round",
          opacity: strong ? 1 : 0.8,
        })
      ),
      ...lines.filter(({ dots }) => dots).flatMap(({ points, color }) =>
        points.map(([px, py]) => drawn("circle", { cx: x(px), cy: y(py), r: 3, fill: color }))
      ),
    ),
  );
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
