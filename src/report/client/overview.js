// @ts-check
/// <reference lib="dom" />
import { element, refill } from "./dom.js";
import { countText, durationText, groupText, meanText, metricName, timeText } from "./text.js";

/** @typedef {import("../data.ts").ReportData} ReportData */

/** Metrics that are shown first, where an evaluation has them. */
const HEADLINES = ["BA", "ROC_AUC", "MAE", "R2_score"];

/** Failures that are shown in full. */
const MAX_FAILURES = 5;

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderOverview(root, { overview, instances, evaluations, cohorts, runs }) {
  const { workflow, description, run, status, started, device, notes } = overview;
  const failed = instances.filter(({ outcome }) => outcome === "failed");
  refill(
    root,
    element(
      "div",
      { class: "title" },
      element("h1", {}, workflow),
      element("span", { class: `pill ${status}`, "data-status": status }, status),
    ),
    description !== null ? element("p", { class: "lead" }, description) : "",
    ...failed.slice(0, MAX_FAILURES).map(({ name, message }) =>
      element(
        "p",
        { class: "problem", role: "alert" },
        element("a", { href: "#workflow" }, name),
        ` failed: ${message ?? ""}`,
      )
    ),
    failed.length > MAX_FAILURES
      ? element("p", { class: "quiet" }, `${failed.length - MAX_FAILURES} more failed.`)
      : "",
    ...notes.map((note) => element("p", { class: "note" }, note)),
    element(
      "dl",
      { class: "facts" },
      tile("Started", timeText(started)),
      ...timeTiles(overview, instances),
      tile("Instances", outcomesText(instances)),
      status === "done" && cohorts.length > 0 && tile("Leakage", leakageText(cohorts)),
      device !== null && tile("Device", device),
      tile("Run", run),
    ),
    searchLinks(overview.searches),
    ...evaluations.map(headline),
    runs.length > 1 ? pastRuns(runs, run) : "",
  );
}

/**
 * Pages of searches: of the server, else next to the folder of runs where this report is in it.
 *
 * @param {string[]} searches
 */
function searchLinks(searches) {
  const isServed = document.body.dataset.live !== undefined;
  const isInRun = /\/runs\/[^/]+\/report\.html$/.test(location.pathname);
  if (searches.length === 0 || !isServed && !isInRun) return "";
  return element(
    "p",
    {},
    "Searches of this workflow: ",
    ...searches.flatMap((name, index) => [
      index > 0 && ", ",
      element(
        "a",
        { href: isServed ? `?search=${name}` : `../../searches/${name}/report.html` },
        name,
      ),
    ]),
  );
}

/** @param {ReportData["runs"]} runs @param {string} shown */
function pastRuns(runs, shown) {
  return element(
    "details",
    {},
    element("summary", {}, "Other runs"),
    element(
      "ul",
      {},
      ...runs.filter(({ id }) => id !== shown).map(({ id, workflow, status }) =>
        element("li", {}, element("a", { href: `?run=${id}` }, id), ` ${workflow}, ${status}`)
      ),
    ),
  );
}

/**
 * @param {ReportData["overview"]} overview
 * @param {ReportData["instances"]} instances
 */
function timeTiles({ seconds, started, status }, instances) {
  const cached = instances.filter(({ outcome }) => outcome === "cached");
  const saved = cached.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0);
  const running = status === "running" && (Date.now() - Date.parse(started)) / 1000;
  return [
    running !== false
      ? tile("Running for", durationText(running))
      : tile("Took", seconds === null ? "not finished" : durationText(seconds)),
    saved > 0 && tile("Cached results took", durationText(saved)),
  ];
}

/** @param {ReportData["cohorts"]} cohorts */
function leakageText(cohorts) {
  const count = cohorts.reduce((sum, { leakage }) => sum + leakage.overlaps.length, 0);
  return count === 0 ? "none" : countText(count, "overlap");
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
 * An evaluation's best group, on the level of images where there is one.
 *
 * @param {ReportData["evaluations"][0]} evaluation
 */
function headline({ instance, groups, label, best }) {
  const shown = groups[best?.group ?? 0];
  return element(
    "div",
    { class: "headline" },
    ...HEADLINES.filter((name) => name in shown.summary).map((name) =>
      element(
        "p",
        {},
        element("strong", {}, meanText(shown.summary[name])),
        element("span", {}, metricName(name)),
      )
    ),
    element(
      "p",
      { class: "about" },
      element("a", { href: "#evaluation" }, instance),
      label === null ? "" : ` of ${label}`,
      best !== null && best.among.length > 1 && ` · ${choiceText(best, shown.dataGroup)}`,
      ` · ${groupText(shown)}`,
      shown.folds.length > 1 && ` · mean ± sd over ${countText(shown.folds.length, "split")}`,
    ),
  );
}

/**
 * @param {import("../data.ts").BestGroup} best
 * @param {string} dataGroup
 */
function choiceText({ among, metric, byValidation }, dataGroup) {
  const of = among.length;
  if (!byValidation) return `first of ${of} groups: their validation scores are not known`;
  const text = `best of ${of} groups by ${metricName(metric)} on validation sets`;
  return dataGroup === "validation" ? `${text}, which makes it optimistic` : text;
}
