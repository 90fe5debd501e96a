// @ts-check
/// <reference lib="dom" />
import { element, table } from "./dom.js";
import { meanText, numberText } from "./text.js";

/** @typedef {import("../data.ts").ReportData} ReportData */

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
    ...groupsOf(metrics).map(([group, rows]) =>
      element(
        "div",
        {},
        element("h3", {}, group),
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
      )
    ),
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
    `${by > 0 ? "+" : "−"}${numberText(Math.abs(by))}`,
    element("small", {}, better ? "better" : "worse"),
  );
}
