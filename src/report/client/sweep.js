// @ts-check
/// <reference lib="dom" />
import { element, refill, selection } from "./dom.js";
import { parallelCoordinates } from "./charts/parallel.js";
import { enclosing, placesOf, share, ticks, tickText } from "./charts/scale.js";
import { sortableTable } from "./sortable_table.js";
import { squareChart } from "./charts/square_chart.js";
import { color, colorsOf, onTheme } from "./theme.js";
import { lessIsBetter, meanText, metricName, metricText } from "./text.js";

/**
 * Sweeps: the groups of an evaluation that differ in their parameters alone, the best by validation
 * first.
 *
 * @typedef {import("../data.ts").ReportData} ReportData
 * @typedef {import("../data.ts").EvaluationData} EvaluationData
 * @typedef {import("../data.ts").EvaluatedGroupData} Group
 * @typedef {import("../data.ts").BestGroup} BestGroup
 */

/** Shades from the worst to the best. */
const SHADES = 100;

/** What the reader chose, by instance. @type {Map<string, { order: import("./sortable_table.js").Order, parameter: string }>} */
const states = new Map();
/** @type {(() => void) | undefined} */
let redraw;

/** @param {EvaluationData} evaluation */
function isSweep({ best, groups }) {
  return best !== null && best.among.length > 1 && Object.keys(groups[best.group].point).length > 0;
}

/** @param {EvaluationData[]} evaluations */
export function hasSweep(evaluations) {
  return evaluations.some(isSweep);
}

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderSweeps(root, data) {
  if (!redraw) onTheme(() => redraw?.());
  redraw = () => renderSweeps(root, data);
  refill(
    root,
    ...data.evaluations.filter(isSweep).flatMap((evaluation) =>
      sweep(
        evaluation,
        /** @type {BestGroup} */ (evaluation.best),
        /** @type {() => void} */ (redraw),
      )
    ),
  );
}

/** @param {EvaluationData} evaluation @param {BestGroup} best @param {() => void} again */
function sweep({ instance, groups, confidence }, best, again) {
  const { metric, byValidation } = best;
  const rows = best.among.map((index) => groups[index]);
  const parameters = [...new Set(rows.flatMap(({ point }) => Object.keys(point)))];
  const isError = lessIsBetter(metric);
  const state = states.get(instance) ??
    {
      order: {
        column: byValidation ? "validation" : parameters[0],
        descending: byValidation !== isError,
      },
      parameter: parameters[0],
    };
  states.set(instance, state);
  if (!parameters.includes(state.parameter)) state.parameter = parameters[0];
  const [{ dataGroup }] = rows;
  return [
    element("h3", {}, `${instance}: ${rows.length} groups`),
    element(
      "p",
      { class: "quiet" },
      byValidation
        ? `The best by ${
          metricName(metric)
        } on the models' validation sets comes first; its score on ` +
          `${dataGroup} chose nothing.`
        : "Scores on validation sets are not known, so that no group is named the best.",
    ),
    sortableTable(
      "Sweep",
      columnsOf(parameters, metric, dataGroup, confidence),
      rows,
      state.order,
      again,
    ),
    element(
      "div",
      { class: "charts" },
      parallel(rows, parameters, metric, rows.indexOf(groups[best.group])),
      element(
        "div",
        {},
        parameters.length > 1 &&
          selection("Parameter", parameters, state.parameter, (parameter) => {
            state.parameter = parameter;
            again();
          }),
        metricByParameter(rows, state.parameter, metric, dataGroup),
      ),
    ),
  ];
}

/**
 * @param {string[]} parameters
 * @param {string} metric
 * @param {string} dataGroup
 * @param {number} confidence
 * @returns {import("./sortable_table.js").Column<Group>[]}
 */
function columnsOf(parameters, metric, dataGroup, confidence) {
  const rising = lessIsBetter(metric);
  return [
    ...parameters.map((name) => ({
      name,
      cell: (/** @type {Group} */ { point }) => point[name] ?? "–",
      value: (/** @type {Group} */ { point }) => point[name],
      rising: true,
    })),
    {
      name: "validation",
      title: `${metricName(metric)}, validation`,
      cell: (group) => metricText(validationOf(group, metric)),
      value: (group) => validationOf(group, metric),
      rising,
    },
    {
      name: "score",
      title: `${metricName(metric)}, ${dataGroup}`,
      cell: ({ summary }) => meanText(summary[metric]),
      value: ({ summary }) => summary[metric].mean,
      rising,
    },
    {
      name: "interval",
      title: `${Math.round(100 * confidence)} % interval`,
      cell: ({ pooled }) => {
        const { lower, upper } = pooled.metrics[metric];
        return lower === null || upper === null
          ? "–"
          : `${metricText(lower)} to ${metricText(upper)}`;
      },
    },
  ];
}

/** @param {Group} group @param {string} metric */
function validationOf({ validation }, metric) {
  return validation?.[metric] ?? null;
}

/** @param {Group[]} rows @param {string[]} parameters @param {string} metric @param {number} best */
function parallel(rows, parameters, metric, best) {
  const scores = {
    validation: rows.map((group) => validationOf(group, metric)),
    [rows[0].dataGroup]: rows.map(({ summary }) => summary[metric].mean),
  };
  const known = Object.values(scores).flat().filter((score) => score !== null);
  const range = enclosing(known);
  const colorOf = colorsOf(SHADES + 1);
  const judged = scores.validation.some((score) => score !== null)
    ? scores.validation
    : scores[rows[0].dataGroup];
  return parallelCoordinates({
    title: `Parameters and ${metricName(metric)}`,
    axes: [
      ...parameters.map((name) => {
        const values = rows.map(({ point }) => point[name] ?? "–");
        const { place, ticks } = placesOf(values);
        return { name, texts: values, places: values.map(place), ticks };
      }),
      ...Object.entries(scores).map(([name, values]) => ({
        name: `${metric}, ${name}`,
        texts: values.map((score) => metricText(score)),
        places: values.map((score) => score === null ? null : share(score, range)),
        ticks: ticks(range).map((tick) => ({ at: share(tick, range), text: tickText(tick) })),
      })),
    ],
    colors: judged.map((score) =>
      score === null ? color("--quiet") : colorOf(Math.round(SHADES * share(score, range)))
    ),
    best,
  });
}

/** @param {Group[]} rows @param {string} parameter @param {string} metric @param {string} dataGroup */
function metricByParameter(rows, parameter, metric, dataGroup) {
  const values = rows.map(({ point }) => point[parameter] ?? "–");
  const { place, ticks } = placesOf(values);
  const sides = [
    { name: "validation", scores: rows.map((group) => validationOf(group, metric)) },
    { name: dataGroup, scores: rows.map(({ summary }) => summary[metric].mean) },
  ];
  const known = sides.flatMap(({ scores }) => scores).filter((score) => score !== null);
  return element(
    "div",
    {},
    squareChart({
      title: `${metricName(metric)} by ${parameter}`,
      xLabel: parameter,
      yLabel: metricName(metric),
      yRange: enclosing(known),
      xTicks: ticks,
      rows: [
        ["set", parameter, metricName(metric)],
        ...sides.flatMap(({ name, scores }) =>
          scores.map((score, row) => [name, values[row], score])
        ),
      ],
      lines: sides.map(({ name, scores }, side) => ({
        name,
        points: scores.flatMap((score, row) =>
          score === null ? [] : [/** @type {[number, number]} */ ([place(values[row]), score])]
        ),
        color: color(`--line-${side}`),
        drawn: /** @type {const} */ ("dots"),
      })),
    }),
    element(
      "p",
      { class: "quiet legend" },
      ...sides.map(({ name }, side) => {
        const dot = element("i", { class: "dot" });
        dot.style.background = color(`--line-${side}`);
        return element("span", {}, dot, name);
      }),
    ),
  );
}
