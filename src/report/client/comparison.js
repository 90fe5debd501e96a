// @ts-check
/// <reference lib="dom" />
import { element, refill, table } from "./dom.js";
import {
  groupText,
  lessIsBetter,
  meanText,
  metricName,
  metricText,
  probabilityText,
} from "./text.js";

/**
 * Runs side by side: what was changed, metrics by split, and paired tests against the first of them.
 *
 * @typedef {import("../data.ts").ReportData} ReportData
 * @typedef {import("../data.ts").ComparisonData} ComparisonData
 * @typedef {import("../data.ts").ComparedGroup} ComparedGroup
 * @typedef {import("../data.ts").PairData} PairData
 */

/** Metrics that are shown first, where they occur. */
const COMPARED = /^(accuracy|BA|ROC_AUC|MAE|RMSE|R2_score)(-\d+)?$/;

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderComparison(root, { comparison }) {
  if (!comparison) return;
  const { runs, params, changes, groups } = comparison;
  const letters = runs.map(({ letter }) => letter);
  const isSame = params.length === 0 &&
    changes.every(({ added, removed, instances }) =>
      added.length + removed.length + instances.length === 0
    );
  refill(
    root,
    element(
      "ul",
      { class: "runs" },
      ...runs.map(({ letter, id, workflow }) =>
        element(
          "li",
          {},
          element("b", {}, letter),
          " ",
          element("code", {}, id),
          ` ${workflow}`,
        )
      ),
    ),
    isSame ? element("p", { class: "check good" }, "No difference.") : "",
    params.length > 0
      ? table(
        "Parameters that differ",
        ["parameter", ...letters],
        params.map(({ name, values }) => [
          name,
          ...values.map((value) =>
            value !== null && value !== values[0] ? element("ins", {}, value) : value ?? "–"
          ),
        ]),
      )
      : "",
    ...groups.flatMap((group) => renderGroup(group, comparison, letters)),
    ...changes.flatMap((change, index) => renderChanges(change, letters[index + 1])),
  );
}

/** @param {ComparedGroup} group @param {ComparisonData} comparison @param {string[]} letters */
function renderGroup(group, { confidence }, letters) {
  const { instance, folds, metrics, pairs } = group;
  const shown = metrics.filter(({ metric }) => COMPARED.test(metric));
  const several = folds.length > 1;
  /** @param {ComparedGroup["metrics"]} listed */
  const means = (listed) =>
    table(
      several ? "Mean ± sd over splits" : "Metrics",
      [several ? "mean ± sd over splits" : "metric", ...letters],
      listed.map(({ metric, runs }) => [
        metricName(metric),
        ...runs.map((run) => run ? meanText(run) : "–"),
      ]),
    );
  return [
    element("h3", {}, `${instance} · ${groupText(group)}`),
    means(shown),
    ...pairs.map((pair) => renderPair(pair, confidence, letters)),
    several
      ? element(
        "details",
        {},
        element("summary", {}, "Each split"),
        table(
          "Metrics by split",
          ["metric", "split", ...letters],
          shown.flatMap(({ metric, runs }) =>
            folds.map((fold) => [
              metricName(metric),
              fold,
              ...runs.map((run) => metricText(run?.folds[fold])),
            ])
          ),
        ),
      )
      : "",
    element("details", {}, element("summary", {}, "All metrics"), means(metrics)),
  ];
}

/** @param {PairData} pair @param {number} confidence @param {string[]} letters */
function renderPair({ run, participants, warnings, refused, metrics }, confidence, letters) {
  const letter = letters[run];
  if (refused !== null) {
    return element("p", { class: "note" }, `${letter} and A are not tested: ${refused}.`);
  }
  return element(
    "div",
    { class: "pair" },
    element("h4", {}, `${letter} − A on ${participants} participants, one prediction each`),
    ...warnings.map((warning) => element("p", { class: "note" }, `${warning}.`)),
    table(
      `${letter} against A`,
      [
        "metric",
        "A",
        letter,
        `difference, ${Math.round(100 * confidence)} % interval`,
        "test",
        "p",
        "p by Holm",
      ],
      metrics.map(({ metric, first, second, difference, lower, upper, tests }) => [
        metricName(metric),
        metricText(first),
        metricText(second),
        element(
          "span",
          {},
          describeDifference(metric, difference),
          lower !== null &&
            ` [${metricText(lower, difference)}, ${
              upper === null ? "∞" : metricText(upper, difference)
            }]`,
        ),
        lines(tests.map(({ test }) => test)),
        lines(tests.map(({ p }) => probabilityText(p))),
        lines(tests.map(({ adjusted }) => probabilityText(adjusted))),
      ]),
    ),
  );
}

/** @param {string[]} texts */
function lines(texts) {
  return element("span", { class: "lines" }, ...texts.map((text) => element("span", {}, text)));
}

/** @param {ComparisonData["changes"][0]} change @param {string} letter */
function renderChanges({ added, removed, instances }, letter) {
  return [
    removed.length > 0
      ? element("p", {}, `Only in A, not in ${letter}: ${removed.join(", ")}`)
      : "",
    added.length > 0 ? element("p", {}, `Only in ${letter}, not in A: ${added.join(", ")}`) : "",
    instances.length > 0
      ? element(
        "details",
        {},
        element(
          "summary",
          {},
          `What differs between A and ${letter} in ${instances.length} instances`,
        ),
        ...instances.map(({ instance, changes }) =>
          element(
            "div",
            {},
            element("h4", {}, instance),
            element(
              "ul",
              {},
              ...changes.map(({ what, old, new: now }) =>
                element("li", {}, old === "" ? `${what}: ${now}` : `${what}: ${old} → ${now}`)
              ),
            ),
          )
        ),
      )
      : "",
  ];
}

/** @param {string} metric @param {number | null} by */
function describeDifference(metric, by) {
  if (by === null) return "–";
  if (by === 0) return "0";
  const better = lessIsBetter(metric) ? by < 0 : by > 0;
  return element(
    "span",
    { class: better ? "better" : "worse" },
    `${by > 0 ? "+" : "−"}${metricText(Math.abs(by))} `,
    element("i", { "aria-hidden": "true" }, better ? "▲" : "▼"),
    element("span", { class: "unseen" }, better ? "better" : "worse"),
  );
}
