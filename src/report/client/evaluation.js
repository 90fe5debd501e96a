// @ts-check
/// <reference lib="dom" />
import { element, refill } from "./dom.js";
import { describeGroup } from "./evaluation_group.js";
import { sortableTable } from "./sortable_table.js";
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
  "PSNR",
  "SSIM",
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
    ...["classification", "regression", "reconstruction"].flatMap((task) => {
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

/** Of the file until a column is chosen. */
const order = { column: "", descending: true };

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
  const metrics = COLUMNS.filter((name) => rows.some(({ group }) => name in group.summary));
  /** @type {import("./sortable_table.js").Column<Row>[]} */
  const columns = [
    {
      name: "",
      title: rows.some(({ group }) => group.folds.length > 1) ? "mean ± sd over splits" : "",
      cell: ({ evaluation, group, key }) =>
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
    },
    ...axes.map((name) => ({
      name,
      cell: (/** @type {Row} */ { group }) => group.point[name] ?? "–",
      value: (/** @type {Row} */ { group }) => group.point[name],
    })),
    ...metrics.map((name) => ({
      name,
      title: metricName(name),
      cell: (/** @type {Row} */ { group }) =>
        group.summary[name] ? meanText(group.summary[name]) : "–",
      value: (/** @type {Row} */ { group }) => group.summary[name]?.mean,
    })),
  ];
  return sortableTable("Groups of predictions", columns, rows, order, () => choose(chosen));
}
