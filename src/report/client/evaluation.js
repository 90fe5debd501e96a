// @ts-check
/// <reference lib="dom" />
import { element, refill, table } from "./dom.js";
import { describeGroup } from "./evaluation_group.js";
import { onTheme } from "./theme.js";
import { groupText, meanText, metricName } from "./text.js";

/**
 * Evaluation: every group of predictions in a table, and the selected group in full.
 *
 * @typedef {import("../data.ts").ReportData} ReportData
 * @typedef {import("../data.ts").EvaluatedGroupData} Group
 * @typedef {import("../data.ts").EvaluationData} EvaluationData
 */

/** Columns of the table of groups, where they occur. */
const COLUMNS = [
  "BA",
  "ROC_AUC",
  "sensitivity",
  "specificity",
  "PR_AUC",
  "ECE",
  "MAE",
  "RMSE",
  "R2_score",
];

let chosen = "";
/** @type {ReportData | undefined} */
let current;

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderEvaluation(root, data) {
  const { evaluations } = data;
  if (!current) onTheme(() => current && renderEvaluation(root, current));
  current = data;
  const all = evaluations.flatMap((evaluation) =>
    evaluation.groups.map((group) => ({ evaluation, group, key: keyOf(evaluation, group) }))
  );
  const shown = all.find(({ key }) => key === chosen) ??
    all.find(({ evaluation, group }) => group === evaluation.groups[evaluation.best?.group ?? 0]) ??
    all[0];
  const choose = (/** @type {string} */ key) => {
    chosen = key;
    renderEvaluation(root, data);
  };
  refill(
    root,
    ...["classification", "regression"].flatMap((task) => {
      const rows = all.filter(({ evaluation }) => evaluation.task === task);
      return rows.length > 0 ? [groupsTable(rows, shown.key, evaluations.length > 1, choose)] : [];
    }),
    element(
      "h3",
      {},
      evaluations.length > 1 ? `${shown.evaluation.instance} · ` : "",
      groupText(shown.group),
    ),
    ...describeGroup(shown.group, shown.evaluation),
  );
}

/** @param {EvaluationData} evaluation @param {Group} group */
function keyOf({ instance }, group) {
  return `${instance} ${groupText(group)}`;
}

/** Column by which the groups are sorted; the order of the file until one is chosen. */
let sorted = { column: "", descending: true };

/**
 * @typedef {{ evaluation: EvaluationData, group: Group, key: string }} Row
 *
 * @param {Row[]} rows
 * @param {string} chosen
 * @param {boolean} named whether an evaluation is to be named
 * @param {(key: string) => void} choose
 */
function groupsTable(rows, chosen, named, choose) {
  const axes = [...new Set(rows.flatMap(({ group }) => Object.keys(group.point)))];
  const columns = COLUMNS.filter((name) => rows.some(({ group }) => name in group.summary));
  const head = (/** @type {string} */ column, /** @type {string} */ text) =>
    sortButton(column, text, () => choose(chosen));
  return table(
    "Groups of predictions",
    [
      rows.some(({ group }) => group.folds.length > 1) ? "mean ± sd over splits" : "",
      ...axes.map((name) => head(name, name)),
      ...columns.map((name) => head(name, metricName(name))),
    ],
    inOrder(rows).map(({ evaluation, group, key }) => [
      element(
        "button",
        {
          type: "button",
          class: "group",
          "aria-label": groupText(group),
          "aria-pressed": String(key === chosen),
          click: () => choose(key),
        },
        named && element("b", {}, evaluation.instance),
        element("span", {}, groupText({ ...group, axes: "" })),
      ),
      ...axes.map((name) => group.point[name] ?? "–"),
      ...columns.map((name) => group.summary[name] ? meanText(group.summary[name]) : "–"),
    ]),
  );
}

/** @param {string} column @param {string} text @param {() => void} redraw */
function sortButton(column, text, redraw) {
  const isSorted = sorted.column === column;
  const arrow = isSorted ? (sorted.descending ? " ↓" : " ↑") : "";
  const click = () => {
    sorted = { column, descending: isSorted ? !sorted.descending : true };
    redraw();
  };
  return element(
    "button",
    { type: "button", class: "sort", title: "Sort", "aria-pressed": String(isSorted), click },
    text + arrow,
  );
}

/** @param {Row[]} rows */
function inOrder(rows) {
  if (sorted.column === "") return rows;
  const valueOf = (/** @type {Row} */ { group }) =>
    group.point[sorted.column] ?? group.summary[sorted.column]?.mean ?? null;
  return rows.toSorted((a, b) => {
    const [one, other] = [valueOf(a), valueOf(b)];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    const numeric = Number(one) - Number(other);
    const order = Number.isNaN(numeric) ? String(one) < String(other) ? -1 : 1 : numeric;
    return sorted.descending ? -order : order;
  });
}
