// @ts-check
/// <reference lib="dom" />
import { element, refill } from "./dom.js";
import { renderParameters, renderSearchCurves } from "./search_charts.js";
import { sortableTable } from "./sortable_table.js";
import { onTheme, themeButton } from "./theme.js";
import { countText, metricName, metricText, numberText } from "./text.js";

/**
 * The page of a search: its best trial, the honest estimate, all trials, and what matters.
 *
 * @typedef {import("../search/data.ts").SearchData} SearchData
 * @typedef {import("../search/data.ts").TrialData} Trial
 * @typedef {import("../search/data.ts").EstimateData} Estimate
 */

/** @type {SearchData} */
const data = JSON.parse(document.getElementById("data")?.textContent ?? "");
const { trials, parameters, metric, hasBest } = data;
/** As ranked until a column is chosen. */
const order = { column: "", descending: true };

const content = element("main", {});
const navigation = element("nav", { "aria-label": "Sections" });
document.body.replaceChildren(element("header", {}, navigation, themeButton()), content);

/** @type {[id: string, title: string, has: boolean, render: (root: HTMLElement) => void][]} */
const SECTIONS = [
  ["overview", "Overview", true, renderOverview],
  ["estimate", "Nested estimate", data.estimate !== null, renderEstimate],
  [
    "parameters",
    "Parameters",
    trials.some(({ value }) => value !== null),
    (root) => renderParameters(root, data),
  ],
  [
    "curves",
    "Learning curves",
    trials.some(({ curve }) => curve.length > 1),
    (root) => renderSearchCurves(root, data),
  ],
  ["trials", "Trials", true, renderTrials],
  ["runs", "Runs", data.runs.length > 0, renderRuns],
];

const places = SECTIONS.filter(([, , has]) => has).map(([id, title, , render]) => {
  const root = element("div", { class: "content" });
  content.append(
    element(
      "section",
      { id, "aria-label": title },
      id === "overview" ? "" : element("h2", {}, title),
      root,
    ),
  );
  navigation.append(element("a", { href: `#${id}` }, title));
  return { root, render };
});

function show() {
  for (const { root, render } of places) render(root);
}

/** @param {HTMLElement} root */
function renderOverview(root) {
  const counts = ["complete", "pruned", "failed"]
    .map((state) => ({ state, count: trials.filter((trial) => trial.state === state).length }))
    .filter(({ count }) => count > 0);
  const best = hasBest ? trials[0] : undefined;
  refill(
    root,
    element("div", { class: "title" }, element("h1", {}, `${data.workflow}: ${data.name}`)),
    data.description !== null ? element("p", { class: "lead" }, data.description) : "",
    element(
      "dl",
      { class: "facts" },
      tile("Search", data.method),
      tile("Trials", counts.map(({ state, count }) => `${count} ${state}`).join(", ")),
      best && tile("Best trial", String(best.number)),
      best && best.epochs !== null && tile("Epochs", String(best.epochs)),
    ),
    best ? bestTrial(best) : element("p", { class: "note" }, "No trial was completed."),
  );
}

/** @param {Trial} best */
function bestTrial(best) {
  return element(
    "div",
    { class: "headline" },
    element(
      "p",
      {},
      element("strong", {}, metricText(best.value)),
      element("span", {}, `validation ${metricName(metric)}`),
    ),
    data.estimate !== null && honest(data.estimate),
    element(
      "p",
      { class: "about" },
      "The best validation value is optimistic: it was chosen as the best of all trials on the same " +
        "participants. ",
      data.estimate !== null
        ? element("a", { href: "#estimate" }, "The nested estimate is honest.")
        : "A test set that no trial has read gives an honest one.",
    ),
    element(
      "dl",
      { class: "values about" },
      ...Object.entries(best.values).flatMap(([address, value]) => [
        element("dt", {}, address),
        element("dd", {}, value),
      ]),
    ),
  );
}

/** @param {Estimate} estimate */
function honest({ metric, value, lower, upper, confidence }) {
  const interval = lower === null || upper === null
    ? ""
    : ` ${metricText(lower)} to ${metricText(upper)}, ${Math.round(100 * confidence)} % interval`;
  return element(
    "p",
    {},
    element("strong", {}, metricText(value)),
    element("span", {}, `test ${metricName(metric)}${interval}`),
  );
}

/** @param {string} name @param {string} value */
function tile(name, value) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value));
}

const estimateOrder = { column: "", descending: true };

/** @param {HTMLElement} root */
function renderEstimate(root) {
  const estimate = /** @type {Estimate} */ (data.estimate);
  const { axis, folds, participants, validation } = estimate;
  refill(
    root,
    element("div", { class: "headline first" }, honest(estimate)),
    element(
      "p",
      { class: "lead" },
      `The search was repeated in each of ${
        countText(folds.length, "outer fold")
      }. Its best networks were ` +
        `then tested on the fold's own participants, whom no trial of it had read: ${participants} in all. The ` +
        `mean of the folds' best validation values, ${metricText(validation)}, is optimistic.`,
    ),
    sortableTable(
      "Outer folds",
      [
        { name: axis, cell: ({ value }) => value, value: ({ value }) => value, rising: true },
        {
          name: "validation",
          title: `validation ${metricName(metric)}`,
          cell: ({ best }) => metricText(best.value),
          value: ({ best }) => best.value,
        },
        {
          name: "test",
          title: `test ${metricName(estimate.metric)}`,
          cell: ({ tested }) => metricText(tested),
          value: ({ tested }) => tested,
        },
        { name: "trial", cell: ({ best }) => best.number, value: ({ best }) => best.number },
        ...parameters.map((name) => ({
          name,
          cell: (/** @type {Estimate["folds"][number]} */ { best }) => best.values[name] ?? "–",
        })),
      ],
      folds,
      estimateOrder,
      show,
    ),
  );
}

/** @param {HTMLElement} root */
function renderTrials(root) {
  refill(
    root,
    element("p", { class: "quiet" }, "Completed trials first, the best of them at the top."),
    sortableTable("Trials", columns(), trials, order, show),
  );
}

/** @returns {import("./sortable_table.js").Column<Trial>[]} */
function columns() {
  const hasEpochs = trials.some(({ epochs }) => epochs !== null);
  return [
    { name: "trial", cell: ({ number }) => number, value: ({ number }) => number, rising: true },
    {
      name: "state",
      cell: ({ state }) => element("span", { class: `pill ${state}` }, state),
      value: ({ state }) => state,
      rising: true,
    },
    {
      name: "metric",
      title: metricName(metric),
      cell: ({ value }) => numberText(value),
      value: ({ value }) => value,
      rising: data.goal === "minimize",
    },
    ...hasEpochs
      ? [{
        name: "epochs",
        cell: (/** @type {Trial} */ { epochs }) => epochs ?? "–",
        value: (/** @type {Trial} */ { epochs }) => epochs,
      }]
      : [],
    ...parameters.map((name) => ({
      name,
      cell: (/** @type {Trial} */ { values }) => values[name] ?? "–",
      value: (/** @type {Trial} */ { values }) => values[name],
      rising: true,
    })),
    ...trials.some(({ reason }) => reason !== null)
      ? [{ name: "reason", cell: (/** @type {Trial} */ { reason }) => reason ?? "" }]
      : [],
  ];
}

/** @param {HTMLElement} root */
function renderRuns(root) {
  refill(
    root,
    element(
      "details",
      {},
      element("summary", {}, `${countText(data.runs.length, "run")} computed trials`),
      element(
        "ul",
        {},
        ...data.runs.map(({ id, status, href }) =>
          element("li", {}, href === null ? id : element("a", { href }, id), ` ${status}`)
        ),
      ),
    ),
  );
}

onTheme(show);
show();
