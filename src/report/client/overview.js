// @ts-check
/// <reference lib="dom" />
import { element } from "./dom.js";
import { countText, durationText, meanText, timeText } from "./text.js";

/** @typedef {import("../data.ts").ReportData} ReportData */

/** Metrics that stand on top, where an evaluation has them. */
const HEADLINES = ["BA", "ROC_AUC", "MAE", "R2_score"];

/** Failures that are told in full. */
const MOST_FAULTS = 5;

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderOverview(root, { overview, instances, evaluations }) {
  const { workflow, description, run, status, started, seconds, device, notes } = overview;
  const failed = instances.filter(({ outcome }) => outcome === "failed");
  root.replaceChildren(
    element(
      "div",
      { class: "title" },
      element("h1", {}, workflow),
      element("span", { class: `pill ${status}`, "data-status": status }, status),
    ),
    description !== null ? element("p", { class: "lead" }, description) : "",
    element(
      "dl",
      { class: "tiles" },
      tile("Started", timeText(started)),
      tile("Took", seconds === null ? "not finished" : durationText(seconds)),
      tile("Instances", outcomesText(instances)),
      device !== null ? tile("Device", device) : "",
      tile("Run", run),
    ),
    ...headlines(evaluations),
    ...failed.slice(0, MOST_FAULTS).map(({ name, message }) =>
      element(
        "p",
        { class: "fault", role: "alert" },
        element("a", { href: "#workflow" }, name),
        ` failed: ${message ?? ""}`,
      )
    ),
    failed.length > MOST_FAULTS
      ? element("p", { class: "quiet" }, `${failed.length - MOST_FAULTS} more failed.`)
      : "",
    ...notes.map((note) => element("p", { class: "note" }, note)),
  );
}

/** @param {string} name @param {string} value */
function tile(name, value) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value));
}

/** @param {ReportData["instances"]} instances */
function outcomesText(instances) {
  const order = ["running", "done", "cached", "failed", "interrupted", "skipped", "pending"];
  const parts = order.map((outcome) => ({
    outcome,
    count: instances.filter((instance) => instance.outcome === outcome).length,
  })).filter(({ count }) => count > 0);
  return parts.map(({ outcome, count }) => `${count} ${outcome}`).join(", ") ||
    countText(instances.length, "instance");
}

/**
 * The best group of each evaluation by its first headline metric, on whole images where there are.
 *
 * @param {ReportData["evaluations"]} evaluations
 */
function headlines(evaluations) {
  return evaluations.map(({ instance, groups, task }) => {
    const images = groups.filter(({ level }) => level === "image");
    const metric = task === "classification" ? "BA" : "MAE";
    const value = (/** @type {typeof groups[0]} */ group) => group.summary[metric]?.mean ?? NaN;
    const best = (images.length > 0 ? images : groups).reduce((a, b) =>
      (task === "classification" ? value(b) > value(a) : value(b) < value(a)) ? b : a
    );
    const about = [
      best.axes,
      best.dataGroup,
      `${best.level} level`,
      `best ${best.selectionMetric}`,
    ];
    return element(
      "div",
      { class: "headline" },
      ...HEADLINES.filter((name) => name in best.summary).map((name) =>
        element(
          "p",
          {},
          element("strong", {}, meanText(best.summary[name])),
          element("span", {}, name.replaceAll("_", " ")),
        )
      ),
      element(
        "p",
        { class: "about" },
        `best of ${countText(groups.length, "group")} in `,
        element("a", { href: "#evaluation" }, instance),
        `: ${about.filter((part) => part !== "").join(", ")}`,
      ),
    );
  });
}
