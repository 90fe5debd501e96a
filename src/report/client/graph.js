// @ts-check
/// <reference lib="dom" />
import { drawn, element } from "./dom.js";
import { outcomesOf, paintNode } from "./node.js";
import { renderStep } from "./step.js";

/**
 * The workflow as a graph of steps, each a button that opens it.
 *
 * @typedef {import("../data.ts").ReportData} ReportData
 * @typedef {import("../data.ts").InstanceData} InstanceData
 * @typedef {import("../data.ts").GraphLayout} GraphLayout
 */

/** Fraction of its size that the wide graph may shrink to; on narrower screens each step has a row. */
const SMALLEST = 0.7;

/** Pixels across a printed page. */
const PAPER = 660;

/** @type {string | undefined} */
let chosenStep;
/** What is shown, for what happens between updates. @type {{ root: HTMLElement, data: ReportData }} */
let shown;
let drawnLayout = "";
/** @type {Map<string, HTMLButtonElement>} */
let buttons = new Map();

/**
 * @param {HTMLElement} root
 * @param {ReportData} data
 */
export function renderGraph(root, data) {
  const { graph, instances } = data;
  if (!shown) new ResizeObserver(() => renderGraph(shown.root, shown.data)).observe(root);
  shown = { root, data };
  const isTall = root.clientWidth < SMALLEST * graph.wide.width;
  const layout = isTall ? graph.tall : graph.wide;
  const key = JSON.stringify([isTall, graph]);
  if (key !== drawnLayout) drawGraph(root, graph, layout, isTall);
  drawnLayout = key;
  const canvas = /** @type {HTMLElement} */ (root.querySelector(".canvas"));
  canvas.style.setProperty("--on-screen", String(Math.min(1, root.clientWidth / layout.width)));
  canvas.style.setProperty("--on-paper", String(Math.min(1, PAPER / layout.width)));
  for (const { step, kind } of graph.nodes) {
    const button = /** @type {HTMLButtonElement} */ (buttons.get(step));
    paintNode(button, kind, instances.filter((instance) => instance.step === step));
  }
  root.querySelector(".legend")?.replaceWith(legend(instances));
  markChosen(root, graph);
  renderStep(panelOf(root), instances.filter(({ step }) => step === chosenStep), false);
}

/** @param {HTMLElement} root */
function panelOf(root) {
  return /** @type {HTMLElement} */ (root.querySelector(".step"));
}

/**
 * @param {HTMLElement} root
 * @param {ReportData["graph"]} graph
 * @param {GraphLayout} layout
 * @param {boolean} isTall
 */
function drawGraph(root, { nodes }, { width, height, boxes, routes }, isTall) {
  const path = isTall ? alongLane : throughRanks;
  const canvas = element(
    "div",
    { class: isTall ? "canvas rows" : "canvas" },
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
            markerUnits: "userSpaceOnUse",
            markerWidth: 9,
            markerHeight: 9,
            orient: "auto",
          },
          drawn("path", { d: "M0 0L8 4L0 8z", class: "arrow" }),
        ),
      ),
      ...routes.map((points) =>
        drawn("path", { d: path(points), class: "edge", "marker-end": "url(#arrow)" })
      ),
    ),
  );
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  buttons = new Map(nodes.map(({ step }, index) => {
    const { x, y, width, height } = boxes[index];
    const button = element("button", { type: "button", class: "node", click: () => open(step) });
    button.style.left = `${x - width / 2}px`;
    button.style.top = `${y - height / 2}px`;
    button.style.width = `${width}px`;
    button.style.height = `${height}px`;
    return [step, button];
  }));
  canvas.append(...buttons.values());
  root.replaceChildren(
    element("p", { class: "legend" }),
    canvas,
    root.querySelector(".step") ?? element("div", { class: "step" }),
  );
}

/** Opens a step, or closes it. @param {string} step */
function open(step) {
  const { root, data } = shown;
  chosenStep = chosenStep === step ? undefined : step;
  markChosen(root, data.graph);
  renderStep(panelOf(root), data.instances.filter(({ step }) => step === chosenStep), true);
}

/** The open step, and the edges to and from it. @param {HTMLElement} root @param {ReportData["graph"]} graph */
function markChosen(root, { nodes, edges }) {
  const at = nodes.findIndex(({ step }) => step === chosenStep);
  for (const [step, button] of buttons) {
    button.setAttribute("aria-expanded", String(step === chosenStep));
  }
  root.querySelectorAll(".edge").forEach((edge, index) => {
    edge.classList.toggle("near", edges[index].includes(at));
  });
}

/**
 * Bends from a box's end to the next one's start, straight past the boxes of a rank.
 *
 * @param {[number, number][]} points
 */
function throughRanks(points) {
  const [[x, y], ...rest] = points;
  let path = `M${x} ${y}`;
  rest.forEach(([toX, toY], index) => {
    const [fromX, fromY] = points[index];
    const middle = (fromX + toX) / 2;
    path += index % 2 === 0
      ? `C${middle} ${fromY} ${middle} ${toY} ${toX} ${toY}`
      : `L${toX} ${toY}`;
  });
  return path;
}

/** Into a lane next to the boxes, down, and out again. @param {[number, number][]} points */
function alongLane([[x, y], [laneX, fromY], [, toY], [endX, endY]]) {
  return `M${x} ${y}Q${laneX} ${y} ${laneX} ${fromY}V${toY}Q${laneX} ${endY} ${endX} ${endY}`;
}

/** Of what occurs. @param {InstanceData[]} instances */
function legend(instances) {
  return element(
    "p",
    { class: "legend" },
    ...outcomesOf(instances).map(({ outcome, label }) =>
      element("span", {}, element("i", { class: `cell ${outcome}` }), label)
    ),
  );
}
