// @ts-check
/// <reference lib="dom" />
import { drawn } from "../dom.js";
import { rounded, share, ticks, tickText } from "./scale.js";
import { color } from "../theme.js";

/**
 * A chart of many lines as SVG, as it is saved: what the zoom shows, with the names of the lines where
 * they are few.
 *
 * @typedef {import("./line_chart.js").Chart} Chart
 * @typedef {import("./line_chart.js").Line} Line
 * @typedef {import("./scale.js").Range} Range
 */

const WIDTH = 860, HEIGHT = 340, LEFT = 64, TOP = 12, BOTTOM = 44, RIGHT = 16;
/** Of a line with a name below the plot. */
const NAME_HEIGHT = 18;
const MAX_NAMES = 20;

/** @param {Chart} chart @param {Range} xRange @param {Range} yRange */
export function linesAsSvg({ title, xLabel, yLabel, lines }, xRange, yRange) {
  const named = lines.length <= MAX_NAMES ? lines : [];
  const [right, bottom] = [WIDTH - RIGHT, HEIGHT - BOTTOM];
  const x = (/** @type {number} */ value) => rounded(LEFT + share(value, xRange) * (right - LEFT));
  const y = (/** @type {number} */ value) =>
    rounded(bottom - share(value, yRange) * (bottom - TOP));
  const text = (/** @type {Record<string, string | number>} */ at, /** @type {string} */ content) =>
    drawn("text", {
      ...at,
      fill: color("--quiet"),
      "font-size": 12,
      "font-family": "system-ui, sans-serif",
    }, content);
  const rule = (/** @type {string} */ d) => drawn("path", { d, stroke: color("--grid") });
  return drawn(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT + NAME_HEIGHT * named.length}`,
      role: "img",
      "aria-label": title,
    },
    drawn(
      "clipPath",
      { id: "plot" },
      drawn("rect", { x: LEFT, y: TOP, width: right - LEFT, height: bottom - TOP }),
    ),
    ...ticks(xRange).flatMap((tick) => [
      rule(`M${x(tick)} ${TOP}V${bottom}`),
      text({ x: x(tick), y: bottom + 16, "text-anchor": "middle" }, tickText(tick)),
    ]),
    ...ticks(yRange).flatMap((tick) => [
      rule(`M${LEFT} ${y(tick)}H${right}`),
      text({ x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, tickText(tick)),
    ]),
    text({ x: (LEFT + right) / 2, y: bottom + 36, "text-anchor": "middle" }, xLabel),
    text({
      "text-anchor": "middle",
      transform: `translate(14 ${(TOP + bottom) / 2}) rotate(-90)`,
    }, yLabel),
    drawn("g", { "clip-path": "url(#plot)" }, ...lines.map((line) => curve(line, x, y))),
    ...named.flatMap(({ name, ...line }, index) => {
      const at = HEIGHT + NAME_HEIGHT * index + 4;
      return [
        drawn("path", { d: `M${LEFT} ${at}h28`, ...strokeOf(line) }),
        text({ x: LEFT + 36, y: at + 4 }, name),
      ];
    }),
  );
}

/** @param {Line} line @param {(value: number) => number} x @param {(value: number) => number} y */
function curve(line, x, y) {
  const points = line.xs.flatMap((at, index) => {
    const value = line.ys[index];
    return value === null ? [] : [`${x(at)} ${y(value)}`];
  });
  return drawn("path", { d: `M${points.join("L")}`, fill: "none", ...strokeOf(line) });
}

/** @param {Pick<Line, "color" | "width" | "alpha" | "dash">} line */
function strokeOf({ color: stroke, width, alpha, dash }) {
  return {
    stroke,
    "stroke-width": width,
    opacity: alpha,
    "stroke-dasharray": dash.length > 0 ? dash.join(" ") : undefined,
  };
}

/** A row a point. @param {Chart} chart */
export function lineRows({ xLabel, yLabel, lines }) {
  return [
    ["line", xLabel, yLabel],
    ...lines.flatMap(({ name, xs, ys }) => xs.map((x, index) => [name, x, ys[index]])),
  ];
}
