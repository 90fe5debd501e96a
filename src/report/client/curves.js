// @ts-check
/// <reference lib="dom" />
import { drawLines } from "./charts/line_chart.js";
import { choice, element, refill, selection, table } from "./dom.js";
import { colorsOf, onTheme } from "./theme.js";
import { axesText, countText, metricName, numberText } from "./text.js";

/**
 * Learning curves: every network of every fold over each other, one metric at a time.
 *
 * @typedef {import("../data.ts").ReportData} ReportData
 * @typedef {import("../data.ts").CurveSeries} CurveSeries
 */

/** More lines than this have their names folded away. */
const MAX_NAMES = 12;

/** More lines than this are drawn thin. */
const MAX_BOLD = 30;

const ALL = "all together";
/** Before the id of a run that is compared with. */
const OTHER_RUN = " · run ";

const state = {
  metric: "",
  /** Whose networks are drawn. */
  step: "",
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
  const again = () => renderCurves(root, /** @type {ReportData} */ ({ curves }));
  if (!redraw) onTheme(() => redraw?.());
  redraw = again;
  const trained = [...new Set(curves.series.map(stepOf))];
  const steps = trained.length > 1 ? [...trained, ALL] : trained;
  if (!steps.includes(state.step)) state.step = steps[0];
  const series = curves.series.filter((curve) =>
    state.step === ALL || stepOf(curve) === state.step
  );
  const metrics = curves.metrics.filter((metric) =>
    series.some(({ validation, train }) => metric in validation || metric in train)
  );
  if (!metrics.includes(state.metric)) state.metric = metrics[0];
  const names = series.map((curve) => nameOf(curve, state.step === ALL));
  const chart = root.querySelector(".chart") ?? element("div", { class: "chart" });
  refill(
    root,
    element(
      "div",
      { class: "controls" },
      selection("Metric", metrics, state.metric, (metric) => {
        state.metric = metric;
        again();
      }, metricName),
      ...steps.length > 1
        ? [choice("Step", steps, steps.indexOf(state.step), (index) => {
          state.step = steps[index];
          again();
        })]
        : [],
      ...sidesToggles(again),
    ),
    chart,
    names.length > 1 ? namesList(names, again) : "",
    chosenTable(series, names),
  );
  drawLines(/** @type {HTMLElement} */ (chart), {
    title: `${metricName(state.metric)} by epoch`,
    key: `${state.step} ${state.metric}`,
    xLabel: "epoch",
    yLabel: metricName(state.metric),
    lines: linesOf(series, names),
  });
}

/** @param {CurveSeries[]} series @param {string[]} names @returns {import("./charts/line_chart.js").Line[]} */
function linesOf(series, names) {
  const shown = series.map((curve, index) => ({ curve, index, name: names[index] }))
    .filter(({ name }) => !state.hidden.has(name));
  const colors = colorsIn(names);
  const faint = shown.length > MAX_BOLD;
  const sides = /** @type {("train" | "validation")[]} */ (["train", "validation"])
    .filter((side) => state[side]);
  return sides.flatMap((side) =>
    shown.filter(({ curve }) => curve[side][state.metric]).map(({ curve, index, name }) => ({
      name: `${name}, ${side}`,
      xs: curve.epochs,
      ys: curve[side][state.metric],
      color: colors[index],
      dash: side === "train" ? [5, 4] : [],
      width: faint ? 1 : side === "train" ? 1.2 : 2,
      alpha: faint ? side === "train" ? 0.25 : 0.6 : curve.against === null ? 1 : 0.45,
      marked: side === "validation" ? markOf(curve) : undefined,
    }))
  );
}

/** @param {CurveSeries} series */
function stepOf({ instance }) {
  return instance.replace(/\[.*/, "");
}

/** @param {CurveSeries} series @param {boolean} withStep whether the name has the step */
function nameOf({ instance, network, against }, withStep) {
  const text = withStep ? instance : axesText(instance);
  const run = against === null ? "" : `${OTHER_RUN}${against}`;
  return `${text}${network === null ? "" : ` · network ${network}`}${run}`;
}

/** A network has one colour in all runs. @param {string[]} names */
function colorsIn(names) {
  const own = names.map((name) => name.split(OTHER_RUN)[0]);
  const distinct = [...new Set(own)];
  const colorOf = colorsOf(distinct.length);
  return own.map((name) => colorOf(distinct.indexOf(name)));
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
 * @param {string[]} names
 * @param {() => void} again
 */
function namesList(names, again) {
  const colors = colorsIn(names);
  const entries = names.map((name, index) => {
    const swatch = element("i", { class: "swatch" });
    swatch.style.background = colors[index];
    if (name.includes(OTHER_RUN)) swatch.style.opacity = "0.45";
    return element(
      "button",
      {
        type: "button",
        "aria-pressed": String(!state.hidden.has(name)),
        click: () => {
          if (!state.hidden.delete(name)) state.hidden.add(name);
          again();
        },
      },
      swatch,
      name,
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
  if (names.length <= MAX_NAMES) return list;
  return element(
    "details",
    {},
    element("summary", {}, countText(names.length, "network")),
    list,
  );
}

/** @param {CurveSeries[]} series @param {string[]} names */
function chosenTable(series, names) {
  const rows = series.flatMap(({ epochs, validation, train, chosen }, at) =>
    Object.entries(chosen).map(([metric, index]) => [
      names[at],
      metricName(metric),
      epochs[index],
      numberText(train[metric]?.[index]),
      numberText(validation[metric]?.[index]),
    ])
  );
  if (rows.length === 0) return "";
  return element(
    "details",
    {},
    element("summary", {}, "Selected epochs"),
    table("Selected epochs", ["network", "selected by", "epoch", "train", "validation"], rows),
  );
}
