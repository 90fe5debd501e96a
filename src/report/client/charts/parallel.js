// @ts-check
/// <reference lib="dom" />
import { drawn, element } from "../dom.js";
import { exportControl } from "./export.js";
import { rounded } from "./scale.js";

/**
 * Parallel coordinates: an axis a parameter or metric, a line a group.
 *
 * @typedef {{
 *   name: string,
 *   texts: string[],
 *   places: (number | null)[],
 *   ticks: { at: number, text: string }[],
 * }} Axis `texts` and `places` (from 0, at the bottom, to 1) by line
 */

const HEIGHT = 300, TOP = 34, BOTTOM = 14, LEFT = 70, RIGHT = 60;
/** Between two axes. */
const STEP = 140;

/**
 * @param {{ title: string, axes: Axis[], colors: string[], best: number }} chart a line a colour; the
 *   best one is drawn last, and thick
 */
export function parallelCoordinates({ title, axes, colors, best }) {
  const width = LEFT + STEP * (axes.length - 1) + RIGHT;
  const x = (/** @type {number} */ axis) => LEFT + axis * STEP;
  const y = (/** @type {number} */ place) =>
    rounded(HEIGHT - BOTTOM - place * (HEIGHT - TOP - BOTTOM));
  const drawingOrder = colors.map((_, line) => line).sort((a, b) =>
    Number(a === best) - Number(b === best)
  );
  const picture = drawn(
    "svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, class: "parallel", role: "img", "aria-label": title },
    ...axes.flatMap(({ name }, axis) => [
      drawn("path", { class: "grid", d: `M${x(axis)} ${TOP}V${HEIGHT - BOTTOM}` }),
      drawn("text", { class: "name", x: x(axis), y: 16, "text-anchor": "middle" }, name),
    ]),
    ...drawingOrder.map((line) =>
      drawn("path", {
        d: path(axes.map(({ places }, axis) => [x(axis), places[line]]), y),
        fill: "none",
        stroke: colors[line],
        "stroke-width": line === best ? 3.5 : 1.4,
        "stroke-linejoin": "round",
        opacity: line === best ? 1 : 0.75,
      }, drawn("title", {}, axes.map(({ name, texts }) => `${name} ${texts[line]}`).join(", ")))
    ),
    ...axes.flatMap(({ ticks }, axis) =>
      ticks.map(({ at, text }) =>
        drawn(
          "text",
          { class: "on-lines", x: x(axis) - 6, y: y(at) + 4, "text-anchor": "end" },
          text,
        )
      )
    ),
  );
  picture.style.minWidth = `${0.8 * width}px`;
  picture.style.maxWidth = `${1.3 * width}px`;
  const rows = () => [
    axes.map(({ name }) => name),
    ...colors.map((_, line) => axes.map(({ texts }) => texts[line])),
  ];
  return element(
    "figure",
    { class: "square wide" },
    element("figcaption", {}, title, exportControl(title, () => picture, rows)),
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title }, picture),
  );
}

/**
 * A gap where a value is absent.
 *
 * @param {[number, number | null][]} points
 * @param {(place: number) => number} y
 */
function path(points, y) {
  let isDown = false;
  return points.map(([x, place]) => {
    if (place === null) {
      isDown = false;
      return "";
    }
    const command = isDown ? "L" : "M";
    isDown = true;
    return `${command}${x} ${y(place)}`;
  }).join("");
}
