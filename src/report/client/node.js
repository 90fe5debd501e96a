// @ts-check
/// <reference lib="dom" />
import { element } from "./dom.js";
import { durationText } from "./text.js";

/**
 * The box of one step in the graph.
 *
 * @typedef {import("../data.ts").InstanceData} InstanceData
 */

/** Up to so many instances are drawn singly. */
const CELLS = 18;

/** What the graph calls them; the first of these that a step's instances have is the step's. */
const LABELS = {
  failed: "failed",
  running: "running",
  interrupted: "interrupted",
  skipped: "skipped",
  pending: "not run",
  unwanted: "not selected",
  done: "ran",
  cached: "cached (time of computing)",
};

/**
 * The outcomes that occur, with how often, the most notable first.
 *
 * @param {InstanceData[]} instances
 */
export function outcomesOf(instances) {
  return Object.entries(LABELS).map(([outcome, label]) => ({
    outcome,
    label,
    count: instances.filter((instance) => instance.outcome === outcome).length,
  })).filter(({ count }) => count > 0);
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} kind
 * @param {InstanceData[]} instances of one step
 */
export function paintNode(button, kind, instances) {
  const counts = outcomesOf(instances);
  const { outcome: worst, label } = counts[0];
  const { step } = instances[0];
  const summary = counts.map(({ outcome, count }) => `${count} ${outcome}`).join(", ");
  const cells = instances.length <= CELLS
    ? instances.map(({ outcome }) => element("i", { class: `cell ${outcome}` }))
    : counts.map(({ outcome, count }) => {
      const cell = element("i", { class: `cell ${outcome}` });
      cell.style.flexGrow = String(count);
      return cell;
    });
  button.className = `node ${worst}`;
  button.title = `${step}: ${kind}\n${summary}`;
  button.replaceChildren(
    element("b", {}, step),
    element("span", { class: "kind" }, kind),
    element("span", { class: "cells" }, ...cells),
    element("span", { class: "time" }, progressOf(instances) ?? timeOf(instances) ?? label),
    element("span", { class: "unseen" }, summary),
  );
}

/** Of what runs now. @param {InstanceData[]} instances */
function progressOf(instances) {
  const running = instances.find(({ outcome }) => outcome === "running");
  if (!running) return undefined;
  return running.fraction === null ? "running" : `${Math.round(100 * running.fraction)} %`;
}

/** Of all instances together. @param {InstanceData[]} instances */
function timeOf(instances) {
  const known = instances.flatMap(({ seconds }) => seconds ?? []);
  if (known.length === 0) return undefined;
  return durationText(known.reduce((sum, seconds) => sum + seconds, 0));
}
