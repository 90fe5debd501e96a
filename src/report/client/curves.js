// @ts-check
/// <reference lib="dom" />
import { drawLines } from "./line_chart.js";
import { element, selection, table } from "./dom.js";
import { lineColor, onTheme, rampColor } from "./theme.js";
import { countText, numberText } from "./text.js";

/**
 * Learning curves: every network of every fold over each other, one metric at a time.
 *
 * @typedef {import("../data.ts").ReportData} ReportData
 * @typedef {import("../data.ts").CurveSeries} CurveSeries
 */

/** More lines than this have their names folded away. */
const MOST_NAMES = 12;

/** More lines than this are drawn thin. */
const MOST_BOLD = 30;

const state = {
  metric: "",
  train: true,
  validation: true,
  /** @type {Set<string>} */
  hidden: new Set(),
};

/** Draws what is drawn once more. @type {(() => void) | undefined} */
let redraw;

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderCurves(root, { curves }) {
  const { metrics, series } = curves;
  if (!metrics.includes(state.metric)) state.metric = metrics[0];
  const again = () => renderCurves(root, /** @type {ReportData} */ ({ curves }));
  if (!redraw) onTheme(() => redraw?.());
  redraw = again;
  const names = series.map(nameOf);
  const shown = series.map((one, index) => ({ one, index, name: names[index] }))
    .filter(({ name }) => !state.hidden.has(name));
  const sides = /** @type {("train" | "validation")[]} */ (["train", "validation"])
    .filter((side) => state[side]);
  const faint = shown.length > MOST_BOLD;
  const colorOf = colorsOf(series.length);
  const lines = sides.flatMap((side) =>
    shown.filter(({ one }) => one[side][state.metric]).map(({ one, index, name }) => ({
      name: `${name}, ${side}`,
      xs: one.epochs,
      ys: one[side][state.metric],
      color: colorOf(index),
      dash: side === "train" ? [5, 4] : [],
      width: faint ? 1 : side === "train" ? 1.2 : 2,
      alpha: faint ? side === "train" ? 0.25 : 0.6 : one.against ? 0.45 : 1,
      marked: side === "validation" ? markOf(one) : undefined,
    }))
  );
  const toggles = sidesToggles(again);
  const list = names.length > 1 ? namesList(series, names, again) : null;
  const chart = root.querySelector(".chart") ?? element("div", { class: "chart" });
  root.replaceChildren(
    element(
      "div",
      { class: "controls" },
      selection("Metric", metrics, state.metric, (metric) => {
        state.metric = metric;
        again();
      }),
      ...toggles,
    ),
    chart,
    list ?? "",
    chosenTable(series, names),
  );
  drawLines(/** @type {HTMLElement} */ (chart), {
    title: `${state.metric} by epoch`,
    key: state.metric,
    xLabel: "epoch",
    yLabel: state.metric,
    lines,
  });
}

/** @param {number} count @returns {(index: number) => string} */
function colorsOf(count) {
  return count > MOST_BOLD ? (index) => rampColor(index / (count - 1)) : lineColor;
}

/** @param {CurveSeries} series */
function nameOf({ instance, network, against }) {
  const text = network === null ? instance : `${instance} · network ${network}`;
  return against ? `${text} (other run)` : text;
}

/** The evaluation that the metric chose, else the one that the first selection metric chose. */
function markOf(/** @type {CurveSeries} */ { chosen }) {
  return chosen[state.metric] ?? Object.values(chosen)[0];
}

/** @param {() => void} again */
function sidesToggles(again) {
  return /** @type {("train" | "validation")[]} */ (["train", "validation"]).map((side) =>
    element(
      "label",
      { class: `side ${side}` },
      element("input", {
        type: "checkbox",
        checked: state[side],
        change: (/** @type {any} */ event) => {
          state[side] = event.target.checked;
          again();
        },
      }),
      side,
    )
  );
}

/**
 * @param {CurveSeries[]} series
 * @param {string[]} names
 * @param {() => void} again
 */
function namesList(series, names, again) {
  const entries = series.map((_, index) => {
    const swatch = element("i", { class: "swatch" });
    swatch.style.background = colorsOf(series.length)(index);
    return element(
      "button",
      {
        type: "button",
        "aria-pressed": String(!state.hidden.has(names[index])),
        click: () => {
          if (!state.hidden.delete(names[index])) state.hidden.add(names[index]);
          again();
        },
      },
      swatch,
      names[index],
    );
  });
  const all = element("button", {
    type: "button",
    class: "all",
    click: () => {
      if (state.hidden.size > 0) state.hidden.clear();
      else names.forEach((name) => state.hidden.add(name));
      again();
    },
  }, state.hidden.size > 0 ? "Show all" : "Hide all");
  const list = element(
    "div",
    { class: "names", role: "group", "aria-label": "Lines" },
    ...entries,
    all,
  );
  if (names.length <= MOST_NAMES) return list;
  return element(
    "details",
    { open: namesOpen, toggle: (/** @type {any} */ event) => namesOpen = event.target.open },
    element(
      "summary",
      {},
      `${countText(names.length, "network")}, ${names.length - state.hidden.size} shown`,
    ),
    list,
  );
}

let namesOpen = false;

/** @param {CurveSeries[]} series @param {string[]} names */
function chosenTable(series, names) {
  const rows = series.flatMap(({ epochs, validation, train, chosen }, at) =>
    Object.entries(chosen).map(([metric, index]) => [
      names[at],
      metric,
      epochs[index],
      numberText(train[metric]?.[index]),
      numberText(validation[metric]?.[index]),
    ])
  );
  if (rows.length === 0) return "";
  return element(
    "details",
    {},
    element("summary", {}, "Chosen epochs as a table"),
    table("Chosen epochs", ["network", "chosen by", "epoch", "train", "validation"], rows),
  );
}
