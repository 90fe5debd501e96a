// @ts-check
/// <reference lib="dom" />
import { element, refill, selection } from "./dom.js";
import { follow } from "./live.js";
import { sortableTable } from "./sortable_table.js";
import { themeButton } from "./theme.js";
import { durationText, lessIsBetter, metricName, metricText, timeText } from "./text.js";

/**
 * The page that lists all runs of a cache: state, duration, the parameters that differ, a metric with its
 * interval, and a choice of runs to compare.
 *
 * @typedef {import("../runs_data.ts").RunsData} RunsData
 * @typedef {import("../runs_data.ts").RunRow} RunRow
 */

/** @type {RunsData} */
const data = JSON.parse(document.getElementById("data")?.textContent ?? "");
const order = { column: "", descending: true };
/** Ids of runs to compare. @type {Set<string>} */
const chosen = new Set();
let chosenMetric = "";

const content = element("main", {});
document.body.replaceChildren(
  element(
    "header",
    {},
    element("nav", {}),
    element("span", { class: "live" }, "live"),
    themeButton(),
  ),
  content,
);

function show() {
  const { rows } = data.list;
  refill(
    content,
    element(
      "section",
      { id: "runs", "aria-label": "Runs" },
      element("h1", {}, "Runs"),
      data.searches.length > 0 &&
        element(
          "p",
          {},
          "Searches: ",
          ...data.searches.flatMap((name, index) => [
            index > 0 && ", ",
            element("a", { href: `?search=${name}` }, name),
          ]),
        ),
      ...rows.length === 0
        ? [element("p", { class: "quiet" }, "There is no run yet.")]
        : list(data.list),
    ),
  );
}

/** @param {RunsData["list"]} list */
function list({ rows, parameters }) {
  const metrics = [...new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)))];
  const mains = rows.flatMap(({ main }) => main === null ? [] : [main.metric]);
  if (!metrics.includes(chosenMetric)) chosenMetric = mains[0] ?? "";
  return [
    element(
      "div",
      { class: "controls" },
      metrics.length > 0 && selection("Metric", metrics, chosenMetric, (metric) => {
        chosenMetric = metric;
        show();
      }, metricName),
      compareLink(rows),
    ),
    sortableTable("Runs", columnsOf(parameters, metrics.length > 0), rows, order, show),
  ];
}

/** @param {RunRow[]} rows */
function compareLink(rows) {
  const ids = rows.map(({ id }) => id).filter((id) => chosen.has(id)).reverse();
  if (ids.length < 2) return element("span", { class: "quiet" }, "Tick two runs to compare them.");
  const others = ids.slice(0, -1).map((id) => `&against=${id}`).join("");
  return element(
    "a",
    { href: `?run=${ids.at(-1)}${others}#comparison` },
    `Compare ${ids.length} runs`,
  );
}

/**
 * @param {string[]} parameters
 * @param {boolean} hasMetrics
 * @returns {import("./sortable_table.js").Column<RunRow>[]}
 */
function columnsOf(parameters, hasMetrics) {
  return [
    {
      name: "run",
      cell: ({ id, started }) => element("a", { href: `?run=${id}`, title: id }, timeText(started)),
      value: ({ id }) => id,
    },
    { name: "compare", cell: tick },
    {
      name: "state",
      cell: ({ status }) => element("span", { class: `pill ${status}` }, status),
      value: ({ status }) => status,
      rising: true,
    },
    { name: "time", cell: ({ seconds }) => durationText(seconds), value: ({ seconds }) => seconds },
    ...hasMetrics
      ? [{
        name: "metric",
        title: metricName(chosenMetric),
        cell: (/** @type {RunRow} */ { metrics }) => interval(metrics[chosenMetric]),
        value: (/** @type {RunRow} */ { metrics }) => metrics[chosenMetric]?.value,
        rising: lessIsBetter(chosenMetric),
      }]
      : [],
    {
      name: "workflow",
      cell: ({ workflow }) => workflow,
      value: ({ workflow }) => workflow,
      rising: true,
    },
    ...parameters.map((name) => ({
      name,
      cell: (/** @type {RunRow} */ { parameters }) => parameters[name] ?? "–",
      value: (/** @type {RunRow} */ { parameters }) => parameters[name],
      rising: true,
    })),
  ];
}

/** @param {RunRow} row */
function tick({ id, started }) {
  return element("input", {
    type: "checkbox",
    "aria-label": `Compare the run of ${timeText(started)}`,
    checked: chosen.has(id),
    change: () => {
      if (!chosen.delete(id)) chosen.add(id);
      show();
    },
  });
}

/** @param {RunRow["metrics"][string] | undefined} metric */
function interval(metric) {
  if (!metric) return "–";
  const { value, lower, upper } = metric;
  return element(
    "span",
    { class: "interval" },
    metricText(value),
    lower !== null && element(
      "small",
      {},
      `${metricText(lower, value)} to ${upper === null ? "∞" : metricText(upper, value)}`,
    ),
  );
}

show();
follow((changed) => {
  Object.assign(data, changed);
  show();
});
