// @ts-check
/// <reference lib="dom" />
import { element, table } from "./dom.js";
import { unitChart } from "./unit_chart.js";
import { color, lineColor, onTheme } from "./theme.js";
import { meanText, metricText } from "./text.js";

/**
 * What the models are worth: every group in a table, one group in full.
 *
 * @typedef {import("../data.ts").ReportData} ReportData
 * @typedef {import("../data.ts").EvaluatedGroupData} Group
 * @typedef {import("../data.ts").EvaluationData} EvaluationData
 * @typedef {import("../data.ts").FoldData} FoldData
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

/** @type {Map<string, number>} */
const chosenGroups = new Map();
let followsTheme = false;

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderEvaluation(root, data) {
  const { evaluations } = data;
  if (!followsTheme) onTheme(() => current && renderEvaluation(root, current));
  followsTheme = true;
  current = data;
  root.replaceChildren(...evaluations.map((evaluation) => {
    const host = element("div", { class: "evaluation" });
    renderOne(host, evaluation, evaluations.length > 1);
    return host;
  }));
}

/** @type {ReportData | undefined} */
let current;

/**
 * @param {HTMLElement} host
 * @param {EvaluationData} evaluation
 * @param {boolean} named
 */
function renderOne(host, evaluation, named) {
  const { groups, instance } = evaluation;
  const at = Math.min(chosenGroups.get(instance) ?? firstImage(groups), groups.length - 1);
  const choose = (/** @type {number} */ index) => {
    chosenGroups.set(instance, index);
    renderOne(host, evaluation, named);
    /** @type {HTMLElement | null} */ (host.querySelector('button[aria-pressed="true"]'))?.focus();
  };
  host.replaceChildren(
    named ? element("h3", {}, instance) : "",
    groupsTable(groups, at, choose),
    ...describe(groups[at], evaluation),
  );
}

/** @param {Group[]} groups */
function firstImage(groups) {
  return Math.max(0, groups.findIndex(({ level }) => level === "image"));
}

/** @param {Group} group */
function nameOf({ axes, dataGroup, level, selectionMetric }) {
  return [axes, dataGroup, `${level} level`, `best ${selectionMetric}`]
    .filter((part) => part !== "").join(" · ");
}

/**
 * @param {Group[]} groups
 * @param {number} chosen
 * @param {(index: number) => void} choose
 */
function groupsTable(groups, chosen, choose) {
  const columns = COLUMNS.filter((name) => groups.some(({ summary }) => name in summary));
  return table(
    "Groups of predictions",
    ["mean ± sd over folds", ...columns.map(metricName)],
    groups.map((group, index) => [
      element("button", {
        type: "button",
        class: "group",
        "aria-pressed": String(index === chosen),
        click: () => choose(index),
      }, nameOf(group)),
      ...columns.map((name) => group.summary[name] ? meanText(group.summary[name]) : "–"),
    ]),
  );
}

/** @param {string} name */
function metricName(name) {
  return name.replaceAll("_", " ");
}

/** @param {Group} group @param {EvaluationData} evaluation */
function describe(group, { classes, confidence }) {
  const { folds, pooled, bands } = group;
  const charts = bands.flatMap(({ class: label, roc, precisionRecall }) => {
    const of = (/** @type {FoldData} */ fold) => fold.curves.find((curve) => curve.class === label);
    const title = classes[label] ?? `class ${label}`;
    const lines = (/** @type {"roc" | "precisionRecall"} */ side) => [
      ...folds.map((fold, index) => ({
        points: side === "roc" ? of(fold)?.roc ?? [] : steps(of(fold)?.precisionRecall ?? []),
        color: lineColor(index),
        strong: folds.length === 1,
      })),
      ...folds.length > 1 ? [meanLine(side === "roc" ? roc : precisionRecall)] : [],
    ];
    const band = (/** @type {typeof roc} */ of) => folds.length > 1 ? of : undefined;
    return [
      unitChart({
        title: `ROC, ${title}`,
        xLabel: "1 − specificity",
        yLabel: "sensitivity",
        lines: lines("roc"),
        band: band(roc),
        diagonal: true,
      }),
      unitChart({
        title: `Precision-recall, ${title}`,
        xLabel: "recall",
        yLabel: "precision",
        lines: lines("precisionRecall"),
        band: band(precisionRecall),
      }),
    ];
  });
  const calibrated = folds.filter(({ calibration }) => calibration);
  if (calibrated.length > 0) {
    charts.push(unitChart({
      title: "Calibration",
      xLabel: "confidence",
      yLabel: "accuracy",
      lines: calibrated.map((fold, index) => ({
        points: (fold.calibration ?? []).map((bin) => [bin.confidence, bin.accuracy]),
        color: lineColor(index),
        strong: folds.length === 1,
        dots: true,
      })),
      diagonal: true,
    }));
  }
  const matrices = folds.length > 1 ? [...folds, pooled] : folds;
  return [
    element("h3", {}, nameOf(group)),
    charts.length > 0 ? foldLegend(folds) : "",
    element("div", { class: "charts" }, ...charts),
    matrices[0]?.confusion
      ? element("div", { class: "matrices" }, ...matrices.map((fold) => confusion(fold, classes)))
      : "",
    metricsTable(group, confidence),
  ];
}

/**
 * Of precision and recall: no line may be drawn between two points, what is reached next holds.
 *
 * @param {[number, number][]} points
 * @returns {[number, number][]}
 */
function steps(points) {
  return points.flatMap(([x, y], index) =>
    index === 0 ? [[x, y]] : [[points[index - 1][0], y], [x, y]]
  );
}

/** @param {import("../data.ts").Band} band */
function meanLine({ x, mean }) {
  return {
    points: x.map((at, i) => /** @type {[number, number]} */ ([at, mean[i]])),
    color: color("--ink"),
    strong: true,
  };
}

/** @param {FoldData[]} folds */
function foldLegend(folds) {
  const entries = folds.map(({ fold }, index) => {
    const swatch = element("i", { class: "swatch" });
    swatch.style.background = lineColor(index);
    return element("span", {}, swatch, `split ${fold}`);
  });
  const mean = element("i", { class: "swatch" });
  mean.style.background = color("--ink");
  return element(
    "p",
    { class: "legend" },
    ...entries,
    folds.length > 1 && element("span", {}, mean, "mean ± sd"),
  );
}

/** @param {FoldData} fold @param {string[]} classes */
function confusion({ fold, confusion: matrix, participants, rows }, classes) {
  const counts = matrix ?? [];
  return element(
    "figure",
    { class: "matrix" },
    element("figcaption", {}, fold === "pooled" ? "All splits" : `Split ${fold}`),
    element(
      "table",
      {},
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "col" }, "true ↓ predicted →"),
          ...classes.map((name) => element("th", { scope: "col" }, name)),
        ),
      ),
      element(
        "tbody",
        {},
        ...counts.map((row, truth) => {
          const sum = row.reduce((a, b) => a + b, 0);
          return element(
            "tr",
            {},
            element("th", { scope: "row" }, classes[truth] ?? truth),
            ...row.map((count, predicted) => {
              const cell = element(
                "td",
                { class: truth === predicted ? "right" : "wrong" },
                element("b", {}, count),
                element("small", {}, sum > 0 ? `${Math.round(100 * count / sum)} %` : ""),
              );
              cell.style.setProperty("--share", String(sum > 0 ? count / sum : 0));
              return cell;
            }),
          );
        }),
      ),
    ),
    element("small", {}, `${participants} participants, ${rows} rows`),
  );
}

/** @param {Group} group @param {number} confidence */
function metricsTable({ folds, pooled, summary }, confidence) {
  const columns = folds.length > 1 ? [...folds, pooled] : folds;
  const cell = (/** @type {FoldData} */ fold, /** @type {string} */ name) => {
    const { value, lower, upper } = fold.metrics[name] ?? { value: null, lower: null, upper: null };
    return element(
      "span",
      { class: "interval" },
      metricText(value),
      lower !== null && element("small", {}, `${metricText(lower)} to ${metricText(upper)}`),
    );
  };
  return element(
    "div",
    {},
    table(
      "Metrics",
      [
        "",
        ...folds.length > 1 ? ["mean ± sd"] : [],
        ...columns.map(({ fold }) => fold === "pooled" ? "all splits" : `split ${fold}`),
      ],
      Object.keys(pooled.metrics).map((name) => [
        metricName(name),
        ...folds.length > 1 ? [meanText(summary[name])] : [],
        ...columns.map((fold) => cell(fold, name)),
      ]),
    ),
    element(
      "p",
      { class: "quiet" },
      `Small figures: ${Math.round(100 * confidence)} % intervals by bootstrap over participants.`,
    ),
  );
}
