// @ts-check
/// <reference lib="dom" />
import { drawLines } from "./charts/line_chart.js";
import { parallelCoordinates } from "./charts/parallel.js";
import { enclosing, placesOf, share, ticks, tickText } from "./charts/scale.js";
import { squareChart } from "./charts/square_chart.js";
import { element, refill, selection } from "./dom.js";
import { color, colorsOf } from "./theme.js";
import { countText, metricName, numberText } from "./text.js";

/**
 * What the parameters of a search do to its metric, and the learning curves of its trials.
 *
 * @typedef {import("../search/data.ts").SearchData} SearchData
 * @typedef {import("../search/data.ts").TrialData} Trial
 */

/** Shades from the worst to the best. */
const SHADES = 100;
/** Learning curves that are drawn, those of the best trials. */
const MAX_CURVES = 200;

/** The parameter that the metric is drawn against. */
let chosen = "";

/** @param {HTMLElement} root @param {SearchData} data */
export function renderParameters(root, data) {
  const { trials, parameters } = data;
  if (!parameters.includes(chosen)) chosen = data.importances[0]?.address ?? parameters[0];
  const again = () => renderParameters(root, data);
  const measured = trials.filter(({ value }) => value !== null);
  refill(
    root,
    ...data.importances.length > 0 ? importances(data) : [],
    parallel(measured, data),
    element(
      "div",
      { class: "charts" },
      element(
        "div",
        {},
        parameters.length > 1
          ? selection("Parameter", parameters, chosen, (parameter) => {
            chosen = parameter;
            again();
          })
          : "",
        byParameter(measured, data),
        legend(measured, data),
      ),
      byTrial(measured, data),
    ),
  );
}

/** @param {SearchData} data */
function importances({ importances }) {
  return [
    element(
      "p",
      { class: "quiet" },
      "How much each parameter matters: permutation in a random forest that predicts the metric.",
    ),
    element(
      "dl",
      { class: "shares" },
      ...importances.flatMap(({ address, share }) => [
        element("dt", {}, address),
        element(
          "dd",
          {},
          element("meter", { min: 0, max: 1, value: share, "aria-label": address }),
          element("span", {}, `${Math.round(100 * share)} %`),
        ),
      ]),
    ),
  ];
}

/** @param {Trial[]} measured @param {SearchData} data */
function parallel(measured, data) {
  const { goal, hasBest, metric, parameters } = data;
  // The best one is drawn last, pruned ones below completed ones.
  const drawn = measured.toReversed();
  const values = drawn.map(({ value }) => /** @type {number} */ (value));
  const range = enclosing(values);
  const colorOf = colorsOf(SHADES + 1);
  const shade = (/** @type {number} */ value) => {
    const place = share(value, range);
    return colorOf(Math.round(SHADES * (goal === "minimize" ? 1 - place : place)));
  };
  return parallelCoordinates({
    title: `Parameters and ${metricName(metric)}`,
    axes: [
      ...parameters.map((name) => {
        const { texts, places, ticks } = placed(drawn, name, data);
        return { name, texts, ...withAbsent(places, ticks) };
      }),
      {
        name: metricName(metric),
        texts: values.map((value) => numberText(value)),
        places: values.map((value) => share(value, range)),
        ticks: ticks(range).map((tick) => ({ at: share(tick, range), text: tickText(tick) })),
      },
    ],
    colors: drawn.map(({ state }, i) => state === "complete" ? shade(values[i]) : color("--rule")),
    best: hasBest ? drawn.length - 1 : -1,
  });
}

/**
 * Places of a parameter's values; none where a trial lacks it.
 *
 * @param {Trial[]} measured
 * @param {string} name
 * @param {SearchData} data
 */
function placed(measured, name, { logarithmic }) {
  const values = measured.map((trial) => trial.values[name]);
  const { place, ticks } = placesOf(
    values.filter((value) => value !== undefined),
    logarithmic.includes(name),
  );
  return {
    texts: values.map((value) => value ?? "–"),
    places: values.map((value) => value === undefined ? null : place(value)),
    ticks,
  };
}

/** Share of an axis below its values, where trials lack the parameter. */
const ABSENT = 0.12;

/**
 * A place of their own for trials without the parameter, so that their lines go on.
 *
 * @param {(number | null)[]} places
 * @param {{ at: number, text: string }[]} ticks
 */
function withAbsent(places, ticks) {
  if (!places.includes(null)) return { places, ticks };
  const above = (/** @type {number} */ place) => ABSENT + (1 - ABSENT) * place;
  return {
    places: places.map((place) => place === null ? 0 : above(place)),
    ticks: [{ at: 0, text: "none" }, ...ticks.map(({ at, text }) => ({ at: above(at), text }))],
  };
}

/** @param {Trial[]} measured @param {SearchData} data */
function byParameter(measured, data) {
  const { metric } = data;
  const { texts, places, ticks } = placed(measured, chosen, data);
  return squareChart({
    title: `${metricName(metric)} by ${chosen}`,
    xLabel: chosen,
    yLabel: metricName(metric),
    yRange: enclosing(measured.map(({ value }) => /** @type {number} */ (value))),
    xTicks: ticks,
    rows: [
      ["trial", "state", chosen, metric],
      ...measured.map(({ number, state, value }, i) => [number, state, texts[i], value]),
    ],
    lines: groups(measured, data).map(({ name, color, members }) => ({
      name,
      color,
      points: members.flatMap(({ at, value }) => {
        const x = places[at];
        return x === null ? [] : [/** @type {[number, number]} */ ([x, value])];
      }),
      drawn: /** @type {const} */ ("dots"),
    })),
  });
}

/** @param {Trial[]} measured @param {SearchData} data */
function byTrial(measured, data) {
  const { goal, metric } = data;
  const inOrder = measured.toSorted((a, b) => a.number - b.number);
  /** @type {[number, number][]} */
  const best = [];
  for (const { number, value, state } of inOrder) {
    if (state !== "complete" || value === null) continue;
    const known = best.at(-1)?.[1];
    const isBetter = known === undefined ||
      (goal === "minimize" ? value < known : value > known);
    if (known !== undefined) best.push([number, known]);
    if (isBetter) best.push([number, value]);
  }
  const last = inOrder.at(-1)?.number ?? 0;
  return squareChart({
    title: `${metricName(metric)} by trial`,
    xLabel: "trial",
    yLabel: metricName(metric),
    xRange: [0, Math.max(1, last)],
    yRange: enclosing(measured.map(({ value }) => /** @type {number} */ (value))),
    lines: [
      ...groups(inOrder, data).map(({ name, color, members }) => ({
        name,
        color,
        points: members.map((
          { at, value },
        ) => /** @type {[number, number]} */ ([inOrder[at].number, value])),
        drawn: /** @type {const} */ ("dots"),
      })),
      { name: "best so far", color: color("--ink"), points: best },
    ],
  });
}

/** Completed trials, pruned ones and the best. @param {Trial[]} measured @param {SearchData} data */
function groups(measured, { hasBest, trials }) {
  const members = measured.map(({ value }, at) => ({ at, value: /** @type {number} */ (value) }));
  const isBest = (/** @type {number} */ at) => hasBest && measured[at] === trials[0];
  const of = (/** @type {Trial["state"]} */ state) =>
    members.filter(({ at }) => measured[at].state === state && !isBest(at));
  return [
    { name: "pruned", color: color("--quiet"), members: of("pruned") },
    { name: "complete", color: color("--line-0"), members: of("complete") },
    { name: "best", color: color("--line-1"), members: members.filter(({ at }) => isBest(at)) },
  ].filter((group) => group.members.length > 0);
}

/** @param {Trial[]} measured @param {SearchData} data */
function legend(measured, data) {
  return element(
    "p",
    { class: "quiet legend" },
    ...groups(measured, data).map(({ name, color }) => {
      const dot = element("i", { class: "dot" });
      dot.style.background = color;
      return element("span", {}, dot, name);
    }),
  );
}

/** @param {HTMLElement} root @param {SearchData} data */
export function renderSearchCurves(root, { hasBest, metric, trials }) {
  const drawn = trials.filter(({ curve }) => curve.length > 1).slice(0, MAX_CURVES);
  const chart = /** @type {HTMLElement} */ (
    root.querySelector(".chart") ?? element("div", { class: "chart" })
  );
  const isBest = (/** @type {Trial} */ trial) => hasBest && trial === trials[0];
  refill(
    root,
    element(
      "p",
      { class: "quiet" },
      `The best ${metricName(metric)} so far after each epoch, of ${
        countText(drawn.length, "trial")
      }` +
        `${hasBest && isBest(drawn[0]) ? "; the best one is thick" : ""}.`,
    ),
    chart,
  );
  drawLines(chart, {
    title: `Best ${metricName(metric)} by epoch`,
    key: "search",
    xLabel: "epoch",
    yLabel: `best ${metricName(metric)}`,
    // The best one last, on top of the others.
    lines: drawn.toReversed().map((trial) => ({
      name: `trial ${trial.number}, ${trial.state}`,
      xs: trial.curve.map((_, epoch) => epoch),
      ys: trial.curve,
      color: color(
        isBest(trial) ? "--line-1" : trial.state === "complete" ? "--line-0" : "--quiet",
      ),
      dash: [],
      width: isBest(trial) ? 3 : 1.2,
      alpha: isBest(trial) ? 1 : 0.6,
    })),
  });
}
