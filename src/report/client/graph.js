// @ts-check
/// <reference lib="dom" />
import { drawn, element } from "./dom.js";
import { renderStep } from "./step.js";
import { durationText } from "./text.js";

/**
 * The workflow: a button a step over the drawn edges, and what the chosen step is made of.
 *
 * @typedef {import("../data.ts").ReportData} ReportData
 * @typedef {import("../data.ts").InstanceData} InstanceData
 */

/** Where the graph runs from top to bottom. */
const narrow = matchMedia("(max-width: 720px)");
/** Share of its size that the graph may shrink to. */
const SMALLEST = 0.65;
/** Instances that are drawn one by one. */
const CELLS = 18;

const OUTCOMES = [
  "failed",
  "running",
  "interrupted",
  "skipped",
  "pending",
  "unwanted",
  "done",
  "cached",
];

/** @type {string | undefined} */
let chosenStep;
/** What is shown, for what happens between updates. @type {{ root: HTMLElement, data: ReportData }} */
let shown;
/** @type {string} */
let drawnLayout = "";
/** @type {Map<string, HTMLButtonElement>} */
let buttons = new Map();

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderGraph(root, data) {
  const { graph, instances } = data;
  if (!shown) {
    narrow.addEventListener("change", () => renderGraph(shown.root, shown.data));
    new ResizeObserver(fit).observe(root);
  }
  shown = { root, data };
  const key = JSON.stringify([narrow.matches, graph]);
  if (key !== drawnLayout) {
    drawnLayout = key;
    drawGraph(root, data, narrow.matches ? graph.tall : graph.wide);
  }
  for (const [step, button] of buttons) {
    paint(button, step, instances.filter((instance) => instance.step === step), graph);
  }
  const panel = root.querySelector(".step");
  if (panel) showStep(/** @type {HTMLElement} */ (panel), instances);
}

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 * @param {import("../data.ts").Layout} layout
 */
function drawGraph(root, { graph }, { width, height, boxes, edges }) {
  const panel = element("div", { class: "step" });
  buttons = new Map();
  const canvas = element(
    "div",
    { class: "canvas" },
    drawn(
      "svg",
      { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
      drawn(
        "defs",
        {},
        drawn(
          "marker",
          {
            id: "arrow",
            viewBox: "0 0 8 8",
            refX: 7,
            refY: 4,
            markerWidth: 7,
            markerHeight: 7,
            orient: "auto",
          },
          drawn("path", { d: "M0 0L8 4L0 8z", class: "arrow" }),
        ),
      ),
      ...edges.map((points) =>
        drawn("path", { d: curve(points), class: "edge", "marker-end": "url(#arrow)" })
      ),
    ),
  );
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  graph.nodes.forEach(({ step }, index) => {
    const box = boxes[index];
    const button = element("button", {
      type: "button",
      class: "node",
      click: () => {
        chosenStep = chosenStep === step ? undefined : step;
        showStep(panel, shown.data.instances, true);
        for (const [name, other] of buttons) {
          other.setAttribute("aria-expanded", String(name === chosenStep));
        }
      },
    });
    button.style.left = `${box.x - box.width / 2}px`;
    button.style.top = `${box.y - box.height / 2}px`;
    button.style.width = `${box.width}px`;
    button.style.height = `${box.height}px`;
    buttons.set(step, button);
    canvas.append(button);
  });
  root.replaceChildren(
    legend(),
    element(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Graph of the workflow" },
      canvas,
    ),
    panel,
  );
  fit();
}

/** Smaller where that is enough to see it whole; else it scrolls. */
function fit() {
  const canvas = /** @type {HTMLElement | null} */ (shown.root.querySelector(".canvas"));
  if (!canvas) return;
  const share = shown.root.clientWidth / parseFloat(canvas.style.width);
  canvas.style.setProperty("zoom", String(Math.max(SMALLEST, Math.min(1, share))));
}

/**
 * Bends from a box's end to the next one's start, straight past the boxes of a rank.
 *
 * @param {[number, number][]} points
 */
function curve(points) {
  const [[x, y], ...rest] = points;
  let path = `M${x} ${y}`;
  rest.forEach(([toX, toY], index) => {
    const [fromX, fromY] = points[index];
    const middleX = (fromX + toX) / 2, middleY = (fromY + toY) / 2;
    const bend = narrow.matches
      ? `${fromX} ${middleY} ${toX} ${middleY}`
      : `${middleX} ${fromY} ${middleX} ${toY}`;
    path += index % 2 === 0 ? `C${bend} ${toX} ${toY}` : `L${toX} ${toY}`;
  });
  return path;
}

function legend() {
  return element(
    "p",
    { class: "legend" },
    ...["done", "cached", "running", "failed", "pending"].map((outcome) =>
      element("span", {}, element("i", { class: `cell ${outcome}` }), ` ${labels[outcome]}`)
    ),
  );
}

/** @type {Record<string, string>} */
const labels = {
  done: "ran",
  cached: "cached",
  running: "running",
  failed: "failed",
  pending: "not run",
};

/**
 * @param {HTMLButtonElement} button
 * @param {string} step
 * @param {InstanceData[]} instances
 * @param {ReportData["graph"]} graph
 */
function paint(button, step, instances, graph) {
  const kind = graph.nodes.find((node) => node.step === step)?.kind ?? "";
  const worst =
    OUTCOMES.find((outcome) => instances.some((instance) => instance.outcome === outcome)) ??
      "pending";
  const counts = OUTCOMES.map((outcome) => ({
    outcome,
    count: instances.filter((instance) => instance.outcome === outcome).length,
  })).filter(({ count }) => count > 0);
  const seconds = instances.reduce((sum, instance) => sum + (instance.seconds ?? 0), 0);
  const running = instances.find(({ outcome }) => outcome === "running");
  const percent = running?.fraction === null || running?.fraction === undefined
    ? ""
    : `${Math.round(running.fraction * 100)} %`;
  const summary = counts.map(({ outcome, count }) => `${count} ${outcome}`).join(", ");
  button.className = `node ${worst}`;
  button.setAttribute("aria-expanded", String(step === chosenStep));
  button.title = `${step}: ${kind}\n${summary}`;
  const cells = instances.length <= CELLS
    ? instances.map(({ outcome }) => element("i", { class: `cell ${outcome}` }))
    : counts.map(({ outcome, count }) => {
      const cell = element("i", { class: `cell ${outcome}` });
      cell.style.flexGrow = String(count);
      return cell;
    });
  button.replaceChildren(
    element("b", {}, step),
    element("span", { class: "kind" }, kind),
    element("span", { class: "cells" }, ...cells),
    element("span", { class: "time" }, running ? percent || "running" : timeOf(worst, seconds)),
    element("span", { class: "unseen" }, summary),
  );
}

/** @param {string} outcome @param {number} seconds */
function timeOf(outcome, seconds) {
  if (outcome === "cached") return "cached";
  return outcome === "done" || seconds > 0 ? durationText(seconds) : labels[outcome] ?? outcome;
}

/**
 * @param {HTMLElement} panel
 * @param {InstanceData[]} instances
 * @param {boolean} asked whether the reader asked for it, and not an update
 */
function showStep(panel, instances, asked = false) {
  const shown = instances.filter(({ step }) => step === chosenStep);
  renderStep(panel, shown, asked);
}
