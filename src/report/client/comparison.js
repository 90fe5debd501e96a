// @ts-check
/// <reference lib="dom" />
import { element, table } from "./dom.js";
import { meanText, metricText } from "./text.js";

/** @typedef {import("../data.ts").ReportData} ReportData */

/** Columns of the table of groups, where they occur. */
const COLUMNS = ["BA", "ROC_AUC", "sensitivity", "specificity", "MAE", "RMSE", "R2_score"];
/** Of these less is better. */
const ERRORS = new Set(["loss", "MAE", "RMSE", "ECE", "LR_minus"]);

/**
 * This run beside another: what was changed, and what came of it.
 *
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderComparison(root, { comparison, overview }) {
  if (!comparison) return;
  const { run, params, instances, added, removed, metrics } = comparison;
  const same = params.length + instances.length + added.length + removed.length === 0;
  root.replaceChildren(
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
    metrics.length > 0 ? overviewOf(groupsOf(metrics)) : "",
    metrics.length > 0
      ? element(
        "details",
        {},
        element("summary", {}, "All metrics"),
        element("div", { class: "pairs" }, ...groupsOf(metrics).map(allOf)),
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
 * A row a group, with what became of the metrics that matter most.
 *
 * @param {[string, import("../data.ts").ComparisonData["metrics"]][]} groups
 */
function overviewOf(groups) {
  const columns = COLUMNS.filter((name) =>
    groups.some(([, rows]) => rows.some(({ metric }) => metric === name))
  );
  return table(
    "Metrics before and now",
    ["mean over folds", ...columns.map((name) => name.replaceAll("_", " "))],
    groups.map(([group, rows]) => [
      group,
      ...columns.map((name) => {
        const row = rows.find(({ metric }) => metric === name);
        return row
          ? element(
            "span",
            {},
            `${metricText(row.old.mean)} → ${metricText(row.new.mean)} `,
            difference(name, row.old.mean, row.new.mean),
          )
          : "–";
      }),
    ]),
  );
}

/** @param {[string, import("../data.ts").ComparisonData["metrics"]]} group */
function allOf([group, rows]) {
  return element(
    "div",
    {},
    element("h4", {}, group),
    table(
      "Metrics",
      ["", "before", "now", "change"],
      rows.map(({ metric, old, new: now }) => [
        metric.replaceAll("_", " "),
        meanText(old),
        meanText(now),
        difference(metric, old.mean, now.mean),
      ]),
    ),
  );
}

/** @param {import("../data.ts").ComparisonData["metrics"]} metrics */
function groupsOf(metrics) {
  /** @type {Map<string, typeof metrics>} */
  const groups = new Map();
  for (const row of metrics) groups.set(row.group, [...groups.get(row.group) ?? [], row]);
  return [...groups];
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
