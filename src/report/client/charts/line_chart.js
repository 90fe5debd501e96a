// @ts-check
/// <reference lib="dom" />
import { element } from "../dom.js";
import { exportControl } from "./export.js";
import { lineRows, linesAsSvg } from "./line_svg.js";
import { color } from "../theme.js";
import { numberText } from "../text.js";

/**
 * A zoomable chart of many lines, by uPlot. Drag to zoom, double click to see all, or use the buttons;
 * by keyboard the arrows move along the nearest line and between lines, + and − zoom, 0 shows all.
 *
 * @typedef {{
 *   name: string,
 *   xs: number[],
 *   ys: (number | null)[],
 *   color: string,
 *   dash: number[],
 *   width: number,
 *   alpha: number,
 *   marked?: number,
 * }} Line
 * @typedef {{ title: string, key: string, xLabel: string, yLabel: string, lines: Line[] }} Chart
 */

/** uPlot, which the page loads before this script. @type {any} */
const Plot = /** @type {any} */ (globalThis).uPlot;

const HEIGHT = 340;
/** Pixels from a line within which it is meant. */
const NEAR = 24;

/** With more lines the focused line is named but not highlighted. */
const MAX_DIMMED = 250;

/** @type {WeakMap<HTMLElement, { plot: any, chart: Chart, zoom: number[] | null, focused: number }>} */
const charts = new WeakMap();

/**
 * Draws into `host`, again and again as its data grow; a zoom stays while `key` does.
 *
 * @param {HTMLElement} host
 * @param {Chart} chart
 */
export function drawLines(host, chart) {
  const known = charts.get(host);
  const zoom = known?.chart.key === chart.key ? known.zoom : null;
  if (known) known.plot.destroy();
  else prepare(host);
  const readout = /** @type {HTMLElement} */ (host.querySelector(".readout"));
  const frame = /** @type {HTMLElement} */ (host.querySelector(".frame"));
  const entry = { plot: /** @type {any} */ (null), chart, zoom, focused: -1 };
  charts.set(host, entry);
  entry.plot = new Plot(optionsOf(frame.clientWidth, entry, readout), aligned(chart.lines), frame);
  if (zoom) entry.plot.setScale("x", { min: zoom[0], max: zoom[1] });
  frame.setAttribute("aria-label", `${chart.title}, ${chart.lines.length} lines`);
  readout.textContent = hintOf(chart);
}

/** @param {Chart} chart */
function hintOf({ lines }) {
  const marked = lines.some((line) => line.marked !== undefined);
  return `${marked ? "Rings mark the selected epochs. " : ""}` +
    "Point at a line to read its values; drag to zoom.";
}

/** @param {HTMLElement} host */
function prepare(host) {
  const frame = element("div", {
    class: "frame",
    tabindex: 0,
    role: "application",
    keydown: (/** @type {KeyboardEvent} */ event) => onKey(host, event),
  });
  const button = (/** @type {string} */ sign, /** @type {string} */ name) =>
    element(
      "button",
      { type: "button", "aria-label": name, title: name, click: () => act(host, sign) },
      sign === "0" ? "↔" : sign,
    );
  host.replaceChildren(
    frame,
    element(
      "div",
      { class: "beneath" },
      element("output", { class: "readout" }),
      element(
        "div",
        { class: "zoom", role: "group", "aria-label": "Zoom" },
        button("+", "Zoom in"),
        button("−", "Zoom out"),
        button("0", "Show all"),
        exportControl("learning curves", () => shownAsSvg(host), () => lineRows(chartOf(host))),
      ),
    ),
  );
  new ResizeObserver(() => {
    const entry = charts.get(host);
    if (entry && frame.clientWidth > 0) {
      entry.plot.setSize({ width: frame.clientWidth, height: HEIGHT });
    }
  }).observe(frame);
}

/** @param {HTMLElement} host */
function chartOf(host) {
  return /** @type {{ chart: Chart }} */ (charts.get(host)).chart;
}

/** @param {HTMLElement} host */
function shownAsSvg(host) {
  const { plot, chart } = /** @type {{ plot: any, chart: Chart }} */ (charts.get(host));
  const { x, y } = plot.scales;
  return linesAsSvg(chart, [x.min, x.max], [y.min, y.max]);
}

/**
 * One x for all lines, and the values of each or null.
 *
 * @param {Line[]} lines
 */
function aligned(lines) {
  const xs = [...new Set(lines.flatMap((line) => line.xs))].sort((a, b) => a - b);
  const place = new Map(xs.map((x, index) => [x, index]));
  return [
    xs,
    ...lines.map((line) => {
      const ys = new Array(xs.length).fill(null);
      line.xs.forEach((x, index) => ys[/** @type {number} */ (place.get(x))] = line.ys[index]);
      return ys;
    }),
  ];
}

/**
 * @param {number} width
 * @param {{ plot: any, chart: Chart, zoom: number[] | null, focused: number }} entry
 * @param {HTMLElement} readout
 */
function optionsOf(width, entry, readout) {
  const { xLabel, yLabel, lines } = entry.chart;
  const ink = color("--quiet"), grid = color("--grid");
  const axis = {
    stroke: ink,
    font: "12px system-ui, sans-serif",
    labelFont: "12px system-ui, sans-serif",
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1 },
    labelSize: 20,
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    // Dimming the others draws all of them again.
    focus: { alpha: lines.length > MAX_DIMMED ? 1 : 0.25 },
    cursor: {
      focus: { prox: NEAR },
      drag: { x: true, y: false, setScale: true },
      points: { size: 8, one: true },
    },
    scales: { x: { time: false } },
    axes: [
      { ...axis, label: xLabel, size: 32, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] },
      {
        ...axis,
        label: yLabel,
        size: 56,
        values: (/** @type {any} */ _, /** @type {number[]} */ at) => at.map(short),
      },
    ],
    series: [
      {},
      ...lines.map(({ name, color: stroke, dash, width, alpha, xs }) => ({
        label: name,
        stroke: translucent(stroke, alpha),
        width,
        dash,
        spanGaps: true,
        points: { show: xs.length === 1 },
      })),
    ],
    hooks: {
      draw: [(/** @type {any} */ plot) => mark(plot, lines)],
      setSeries: [(/** @type {any} */ _, /** @type {number | null} */ index) => {
        entry.focused = index === null ? -1 : index - 1;
      }],
      setCursor: [(/** @type {any} */ plot) => read(plot, entry, readout)],
      setScale: [(/** @type {any} */ plot, /** @type {string} */ scale) => {
        if (scale !== "x" || !entry.plot) return;
        const { min, max } = plot.scales.x;
        const xs = plot.data[0];
        entry.zoom = min > xs[0] || max < xs[xs.length - 1] ? [min, max] : null;
      }],
    },
  };
}

/** Of `#rrggbb` and `hsl(…)`. @param {string} stroke @param {number} alpha */
function translucent(stroke, alpha) {
  if (alpha === 1) return stroke;
  const byte = Math.round(255 * alpha).toString(16).padStart(2, "0");
  return stroke.startsWith("#") ? stroke + byte : stroke.replace(")", ` / ${alpha})`);
}

/** @param {number} value */
function short(value) {
  return String(Number(value.toPrecision(4)));
}

/**
 * A ring around the chosen evaluation of each line.
 *
 * @param {any} plot
 * @param {Line[]} lines
 */
function mark(plot, lines) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left - 8, bbox.top - 8, bbox.width + 16, bbox.height + 16);
  ctx.clip();
  const paper = color("--paper");
  for (const { xs, ys, marked, width, color: stroke } of lines) {
    const radius = (2.5 + width) * devicePixelRatio;
    const y = marked === undefined ? null : ys[marked];
    if (marked === undefined || y === null) continue;
    const x = xs[marked];
    if (x < plot.scales.x.min || x > plot.scales.x.max) continue;
    ctx.beginPath();
    ctx.arc(plot.valToPos(x, "x", true), plot.valToPos(y, "y", true), radius, 0, 2 * Math.PI);
    ctx.fillStyle = paper;
    ctx.fill();
    ctx.lineWidth = width * devicePixelRatio;
    ctx.strokeStyle = stroke;
    ctx.stroke();
  }
  ctx.restore();
}

/**
 * @param {any} plot
 * @param {{ chart: Chart, focused: number }} entry
 * @param {HTMLElement} readout
 */
function read(plot, { chart, focused }, readout) {
  const { idx } = plot.cursor;
  const line = chart.lines[focused];
  const value = line && idx !== null && idx !== undefined ? plot.data[focused + 1][idx] : undefined;
  if (value === undefined || value === null) {
    readout.textContent = hintOf(chart);
    return;
  }
  const isChosen = line.marked !== undefined && line.xs[line.marked] === plot.data[0][idx];
  readout.textContent = `${line.name}: ${chart.yLabel} ${numberText(value)} at ${chart.xLabel} ` +
    `${plot.data[0][idx]}${isChosen ? ", selected" : ""}`;
}

/**
 * @param {HTMLElement} host
 * @param {KeyboardEvent} event
 */
function onKey(host, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (act(host, event.key)) event.preventDefault();
}

/**
 * @param {HTMLElement} host
 * @param {string} key what a keyboard calls it
 * @returns {boolean} whether it means something here
 */
function act(host, key) {
  const entry = charts.get(host);
  if (!entry || entry.chart.lines.length === 0) return false;
  const { plot } = entry;
  const xs = plot.data[0];
  const { min, max } = plot.scales.x;
  const at = plot.cursor.idx ?? Math.floor(xs.length / 2);
  const step = (/** @type {number} */ by) => Math.min(xs.length - 1, Math.max(0, at + by));
  const zoomIn = () => zoomAround(plot, xs[at], (max - min) / 2, xs);
  const zoomOut = () => zoomAround(plot, xs[at], (max - min) * 2, xs);
  /** @type {Record<string, () => void>} */
  const actions = {
    ArrowLeft: () => moveTo(entry, step(-1), 0),
    ArrowRight: () => moveTo(entry, step(1), 0),
    ArrowUp: () => moveTo(entry, at, 1),
    ArrowDown: () => moveTo(entry, at, -1),
    "+": zoomIn,
    "=": zoomIn,
    "-": zoomOut,
    "−": zoomOut,
    0: () => plot.setScale("x", { min: xs[0], max: xs[xs.length - 1] }),
  };
  if (!Object.hasOwn(actions, key)) return false;
  actions[key]();
  return true;
}

/**
 * @param {{ plot: any, chart: Chart, focused: number }} entry
 * @param {number} index
 * @param {number} by lines to go up
 */
function moveTo(entry, index, by) {
  const { plot, chart } = entry;
  const count = chart.lines.length;
  const line = ((entry.focused < 0 ? 0 : entry.focused + by) + count) % count;
  const value = plot.data[line + 1][index];
  const y = value === null || value === undefined ? plot.scales.y.min : value;
  plot.setSeries(line + 1, { focus: true });
  entry.focused = line;
  plot.setCursor({
    left: plot.valToPos(plot.data[0][index], "x"),
    top: plot.valToPos(y, "y"),
  });
}

/**
 * @param {any} plot
 * @param {number} centre
 * @param {number} width
 * @param {number[]} xs
 */
function zoomAround(plot, centre, width, xs) {
  const first = xs[0], last = xs[xs.length - 1];
  const min = Math.max(first, centre - width / 2), max = Math.min(last, centre + width / 2);
  if (max > min) plot.setScale("x", { min, max });
}
