// @ts-check
/// <reference lib="dom" />
import { element, refill, table } from "./dom.js";
import { groupText, meanText, metricName, metricText } from "./text.js";

/**
 * @typedef {import("../data.ts").ReportData} ReportData
 * @typedef {import("../data.ts").ComparedGroup} ComparedGroup
 */

/** Columns of the tables of groups, where they occur. */
const CLASSIFICATION = ["BA", "ROC_AUC", "sensitivity", "specificity"];
const REGRESSION = ["MAE", "RMSE", "R2_score"];
/** Of these less is better. */
const ERRORS = new Set(["loss", "MAE", "RMSE", "ECE", "LR_minus"]);

/**
 * This run compared with another: what was changed, and how the results differ.
 *
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderComparison(root, { comparison, overview }) {
  if (!comparison) return;
  const { run, params, instances, added, removed, groups } = comparison;
  const same = params.length + instances.length + added.length + removed.length === 0;
  refill(
    root,
    element(
      "p",
      {},
      "From ",
      element("code", {}, run),
      " to ",
      element("code", {}, overview.run),
      ".",
    ),
    same ? element("p", { class: "check good" }, "No difference.") : "",
    params.length > 0
      ? table(
        "Changed parameters",
        ["parameter", "before", "now"],
        params.map((change) => [
          change.name,
          element("del", {}, change.old),
          element("ins", {}, change.new),
        ]),
      )
      : "",
    added.length > 0 ? element("p", {}, `Added: ${added.join(", ")}`) : "",
    removed.length > 0 ? element("p", {}, `Removed: ${removed.join(", ")}`) : "",
    ...[CLASSIFICATION, REGRESSION].map((columns) => overviewOf(groups, columns)),
    groups.length > 0
      ? element(
        "details",
        {},
        element("summary", {}, "All metrics"),
        element("div", { class: "pairs" }, ...groups.map(allOf)),
      )
      : "",
    instances.length > 0
      ? element(
        "details",
        {},
        element("summary", {}, `What changed in ${instances.length} instances`),
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
  );
}

/**
 * A row a group that has such metrics, with what became of them.
 *
 * @param {ComparedGroup[]} all
 * @param {string[]} columns
 */
function overviewOf(all, columns) {
  const of = (/** @type {ComparedGroup} */ group, /** @type {string} */ name) =>
    group.metrics.find(({ metric }) => metric === name);
  const groups = all.filter((group) => columns.some((name) => of(group, name)));
  if (groups.length === 0) return "";
  const occurring = columns.filter((name) => groups.some((group) => of(group, name)));
  return table(
    "Metrics before and now",
    ["mean over splits", ...occurring.map((name) => metricName(name))],
    groups.map((group) => [
      element("span", {}, element("b", {}, group.instance), groupText(group)),
      ...occurring.map((name) => {
        const { old, new: now } = of(group, name) ?? {};
        return old && now
          ? element(
            "span",
            {},
            `${metricText(old.mean)} → ${metricText(now.mean)} `,
            difference(name, old.mean, now.mean),
          )
          : "–";
      }),
    ]),
  );
}

/** @param {ComparedGroup} group */
function allOf(group) {
  return element(
    "div",
    {},
    element("h4", {}, `${group.instance} · ${groupText(group)}`),
    table(
      "Metrics",
      ["", "before", "now", "change"],
      group.metrics.map(({ metric, old, new: now }) => [
        metricName(metric),
        meanText(old),
        meanText(now),
        difference(metric, old.mean, now.mean),
      ]),
    ),
  );
}

/**
 * @param {string} metric
 * @param {number | null} old
 * @param {number | null} now
 */
function difference(metric, old, now) {
  if (old === null || now === null) return "–";
  const by = now - old;
  if (by === 0) return "0";
  const better = ERRORS.has(metric) ? by < 0 : by > 0;
  return element(
    "span",
    { class: better ? "better" : "worse" },
    `${by > 0 ? "+" : "−"}${metricText(Math.abs(by))} `,
    element("i", { "aria-hidden": "true" }, better ? "▲" : "▼"),
    element("span", { class: "unseen" }, better ? "better" : "worse"),
  );
}
