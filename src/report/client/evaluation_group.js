// @ts-check
/// <reference lib="dom" />
import { element, table } from "./dom.js";
import { enclosing } from "./charts/scale.js";
import { MEAN, squareChart } from "./charts/square_chart.js";
import { color, colorsOf } from "./theme.js";
import { countText, meanText, metricName, metricText } from "./text.js";

/**
 * One group of predictions: charts, confusion matrices, every metric of every split.
 *
 * @typedef {import("../data.ts").EvaluatedGroupData} Group
 * @typedef {import("../data.ts").EvaluationData} EvaluationData
 * @typedef {import("../data.ts").FoldData} FoldData
 * @typedef {import("./charts/scale.js").Range} Range
 */

/** More splits than this are not named, and their matrices are folded. */
const MAX_NAMES = 12;
const MAX_MATRICES = 6;

/** @param {Group} group @param {EvaluationData} evaluation */
export function describeGroup(group, evaluation) {
  const { folds, pooled } = group;
  const charts = evaluation.task === "classification"
    ? classificationCharts(group, evaluation)
    : evaluation.task === "regression"
    ? regressionCharts(group, evaluation)
    : [];
  return [
    charts.length > 0 ? foldLegend(group) : "",
    element("div", { class: "charts" }, ...charts),
    pooled.confusion ? matrices(folds, pooled, evaluation.classes) : "",
    metricsTable(group, evaluation),
  ];
}

/** @param {Group} group @param {EvaluationData} evaluation */
function classificationCharts({ folds, bands }, { classes }) {
  const colorOf = colorsOf(folds.length);
  const strong = folds.length === 1;
  const charts = bands.flatMap(({ class: label, roc, precisionRecall }) => {
    const of = (/** @type {FoldData} */ fold) => fold.curves.find((curve) => curve.class === label);
    const title = classes[label] ?? `class ${label}`;
    /** @param {"roc" | "precisionRecall"} side @param {import("../data.ts").Band | null} band */
    const drawing = (side, band) => {
      const undefinedIn = folds.filter((fold) => of(fold)?.[side] === null);
      return {
        lines: [
          ...folds.map((fold, index) => ({
            name: `split ${fold.fold}`,
            points: side === "roc" ? of(fold)?.roc ?? [] : steps(of(fold)?.precisionRecall ?? []),
            color: colorOf(index),
            strong,
          })),
          ...strong || !band ? [] : [meanLine(band)],
        ],
        band: strong || !band ? undefined : band,
        note: undefinedIn.length === 0 ? undefined : undefinedText(undefinedIn, folds, side, title),
      };
    };
    return [
      squareChart({
        title: `ROC, ${title}`,
        xLabel: "1 − specificity",
        yLabel: "sensitivity",
        reference: [0, 1],
        ...drawing("roc", roc),
      }),
      squareChart({
        title: `Precision-recall, ${title}`,
        xLabel: "recall",
        yLabel: "precision",
        ...drawing("precisionRecall", precisionRecall),
      }),
    ];
  });
  if (folds.some(({ calibration }) => calibration)) {
    charts.push(squareChart({
      title: "Calibration",
      xLabel: "confidence",
      yLabel: "accuracy",
      lines: folds.map(({ fold, calibration }, index) => ({
        name: `split ${fold}`,
        points: (calibration ?? []).map((bin) => [bin.confidence, bin.accuracy]),
        color: colorOf(index),
        strong,
        drawn: "both",
      })),
      reference: [0, 1],
    }));
  }
  return charts;
}

/**
 * Why a curve is not drawn, and in which splits.
 *
 * @param {FoldData[]} undefinedIn
 * @param {FoldData[]} folds
 * @param {"roc" | "precisionRecall"} side
 * @param {string} title of the class
 */
function undefinedText(undefinedIn, folds, side, title) {
  const names = undefinedIn.map(({ fold }) => fold);
  const where = names.length === folds.length
    ? ""
    : names.length > MAX_NAMES
    ? ` in ${names.length} of ${folds.length} splits`
    : ` in split ${names.join(", ")}`;
  return `n/a${where}: it needs true labels of ${title}${side === "roc" ? " and of others" : ""}`;
}

/** @param {Group} group @param {EvaluationData} evaluation */
function regressionCharts({ folds }, { label }) {
  const all = folds.flatMap(({ scatter }) => scatter);
  if (all.length === 0) return [];
  const name = label ?? "value";
  const colorOf = colorsOf(folds.length);
  const range = enclosing(all.flat());
  const errors = enclosing([0, ...all.map(([truth, predicted]) => predicted - truth)]);
  return [
    squareChart({
      title: "Predicted and true values",
      xLabel: `true ${name}`,
      yLabel: `predicted ${name}`,
      lines: folds.map(({ fold, scatter }, index) => ({
        name: `split ${fold}`,
        points: scatter,
        color: colorOf(index),
        drawn: "dots",
      })),
      xRange: range,
      yRange: range,
      reference: range,
    }),
    squareChart({
      title: "Error",
      xLabel: `true ${name}`,
      yLabel: "predicted − true",
      lines: folds.map(({ fold, scatter }, index) => ({
        name: `split ${fold}`,
        points: scatter.map(([truth, predicted]) => [truth, predicted - truth]),
        color: colorOf(index),
        drawn: "dots",
      })),
      xRange: range,
      yRange: errors,
      reference: [0, 0],
    }),
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
    name: MEAN,
    points: x.map((at, i) => /** @type {[number, number]} */ ([at, mean[i]])),
    color: color("--ink"),
    strong: true,
  };
}

/** @param {Group} group */
function foldLegend({ folds, bands }) {
  const entry = (/** @type {string} */ name, /** @type {string} */ color) => {
    const swatch = element("i", { class: "swatch" });
    swatch.style.background = color;
    return element("span", {}, swatch, name);
  };
  if (folds.length === 1) return "";
  const colorOf = colorsOf(folds.length);
  return element(
    "p",
    { class: "legend" },
    ...folds.length > MAX_NAMES
      ? [element("span", {}, `${folds.length} splits`)]
      : folds.map(({ fold }, index) => entry(`split ${fold}`, colorOf(index))),
    bands.length > 0 && entry("mean ± sd", color("--ink")),
  );
}

/** All splits together first. @param {FoldData[]} folds @param {FoldData} pooled @param {string[]} classes */
function matrices(folds, pooled, classes) {
  if (folds.length === 1) return confusion(folds[0], "Confusion matrix", classes);
  const each = folds.map((fold) => confusion(fold, `Split ${fold.fold}`, classes));
  const all = confusion(pooled, "All splits", classes);
  if (each.length <= MAX_MATRICES) return element("div", { class: "matrices" }, all, ...each);
  return element(
    "div",
    {},
    all,
    element(
      "details",
      {},
      element("summary", {}, `Confusion matrices of ${each.length} splits`),
      element("div", { class: "matrices" }, ...each),
    ),
  );
}

/** @param {FoldData} fold @param {string} title @param {string[]} classes */
function confusion({ confusion: matrix, participants, rows }, title, classes) {
  const counts = matrix ?? [];
  return element(
    "figure",
    { class: "matrix" },
    element("figcaption", {}, title),
    element(
      "table",
      {},
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "col", rowspan: 2 }, "true"),
          element("th", { scope: "colgroup", colspan: classes.length }, "predicted"),
        ),
        element("tr", {}, ...classes.map((name) => element("th", { scope: "col" }, name))),
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
    element("small", {}, sizeText(participants, rows)),
  );
}

/** @param {number} participants @param {number} rows */
function sizeText(participants, rows) {
  const people = countText(participants, "participant");
  return rows === participants ? people : `${people}, ${countText(rows, "prediction")}`;
}

/** @param {Group} group @param {EvaluationData} evaluation */
function metricsTable({ folds, pooled, summary }, { confidence, classes }) {
  const several = folds.length > 1;
  const cell = (/** @type {FoldData} */ fold, /** @type {string} */ name) => {
    const metric = fold.metrics[name];
    const { value, lower, upper } = metric ?? { value: null, lower: null, upper: null };
    return element(
      "span",
      { class: "interval" },
      // Infinite numbers are null in the data; with a lower bound they are no undefined ones.
      lower !== null && value === null ? "∞" : metricText(value),
      lower !== null &&
        element(
          "small",
          {},
          `${metricText(lower, value)} to ${upper === null ? "∞" : metricText(upper, value)}`,
        ),
      lower !== null && metric.undefinedResamples > 0 &&
        element("small", {}, `without ${countText(metric.undefinedResamples, "resample")}`),
    );
  };
  return element(
    "div",
    {},
    table(
      "Metrics",
      [
        "",
        ...several ? ["mean ± sd", "all splits"] : ["value"],
        ...several ? folds.map(({ fold }) => `split ${fold}`) : [],
      ],
      Object.keys(pooled.metrics).map((name) => [
        metricName(name, classes),
        ...several ? [meanText(summary[name])] : [],
        cell(pooled, name),
        ...several ? folds.map((fold) => cell(fold, name)) : [],
      ]),
    ),
    element(
      "p",
      { class: "quiet" },
      `Small figures: ${
        Math.round(100 * confidence)
      } % intervals by bootstrap over participants, ` +
        "without resamples in which a metric is undefined; exact for proportions of 0 and 1.",
    ),
  );
}
