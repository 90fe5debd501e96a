// @ts-check
/// <reference lib="dom" />
import { renderComparison } from "./comparison.js";
import { renderCohorts } from "./cohorts.js";
import { renderCurves } from "./curves.js";
import { element } from "./dom.js";
import { renderEvaluation } from "./evaluation.js";
import { renderGraph } from "./graph.js";
import { renderAttributions, renderMistakes, renderSamples } from "./images.js";
import { follow } from "./live.js";
import { renderOverview } from "./overview.js";
import { renderReconstructions } from "./reconstructions.js";
import { renderRegistrations } from "./registration.js";
import { renderReproduce } from "./reproduce.js";
import { hasSweep, renderSweeps } from "./sweep.js";
import { themeButton } from "./theme.js";

/**
 * Puts the page together from its data, and again what changes.
 *
 * @typedef {import("../data.ts").ReportData} ReportData
 * @typedef {{
 *   id: string,
 *   title: string,
 *   needs: (keyof ReportData)[],
 *   has: (data: ReportData) => boolean,
 *   render: (root: HTMLElement, data: ReportData) => void,
 * }} Section
 */

/** @type {Section[]} */
const SECTIONS = [
  {
    id: "overview",
    title: "Overview",
    needs: ["overview", "instances", "evaluations", "cohorts", "runs"],
    has: () => true,
    render: renderOverview,
  },
  {
    id: "workflow",
    title: "Workflow",
    needs: ["graph", "instances"],
    has: () => true,
    render: renderGraph,
  },
  {
    id: "comparison",
    title: "Comparison",
    needs: ["comparison"],
    has: ({ comparison }) => comparison !== null,
    render: renderComparison,
  },
  {
    id: "curves",
    title: "Learning curves",
    needs: ["curves"],
    has: ({ curves }) => curves.series.length > 0 && curves.metrics.length > 0,
    render: renderCurves,
  },
  {
    id: "sweep",
    title: "Sweep",
    needs: ["evaluations"],
    has: ({ evaluations }) => hasSweep(evaluations),
    render: renderSweeps,
  },
  {
    id: "evaluation",
    title: "Evaluation",
    needs: ["evaluations"],
    has: ({ evaluations }) => evaluations.length > 0,
    render: renderEvaluation,
  },
  {
    id: "mistakes",
    title: "Most confidently wrong",
    needs: ["mistakes"],
    has: ({ mistakes }) => mistakes !== null,
    render: renderMistakes,
  },
  {
    id: "attribution",
    title: "Attribution maps",
    needs: ["attributions"],
    has: ({ attributions }) => attributions.length > 0,
    render: renderAttributions,
  },
  {
    id: "reconstruction",
    title: "Reconstructions",
    needs: ["reconstructions"],
    has: ({ reconstructions }) => reconstructions.length > 0,
    render: renderReconstructions,
  },
  {
    id: "registration",
    title: "Registration",
    needs: ["registrations"],
    has: ({ registrations }) => registrations.length > 0,
    render: renderRegistrations,
  },
  {
    id: "participants",
    title: "Participants",
    needs: ["cohorts"],
    has: ({ cohorts }) => cohorts.length > 0,
    render: renderCohorts,
  },
  {
    id: "images",
    title: "Images",
    needs: ["samples"],
    has: ({ samples }) => samples.length > 0,
    render: renderSamples,
  },
  {
    id: "reproduce",
    title: "Reproduce",
    needs: ["reproduce"],
    has: () => true,
    render: renderReproduce,
  },
];

/** @type {ReportData} */
const data = JSON.parse(document.getElementById("data")?.textContent ?? "");

const navigation = element("nav", { "aria-label": "Sections" });
const header = element(
  "header",
  {},
  navigation,
  document.body.dataset.live !== undefined && element("span", { class: "live" }, "live"),
  themeButton(),
);
const content = element("main", {});
const places = SECTIONS.map((section) => {
  const root = element("div", { class: "content" });
  const frame = element(
    "section",
    { id: section.id, "aria-label": section.title },
    section.id === "overview" ? "" : element("h2", {}, section.title),
    root,
  );
  const link = element("a", { href: `#${section.id}` }, section.title);
  navigation.append(link);
  content.append(frame);
  return { section, root, frame, link, shown: "" };
});
document.body.replaceChildren(header, content);

function show() {
  for (const place of places) {
    const { section, root, frame, link } = place;
    const has = section.has(data);
    frame.hidden = link.hidden = !has;
    if (!has) continue;
    const text = JSON.stringify(section.needs.map((name) => data[name]));
    if (text === place.shown) continue;
    place.shown = text;
    section.render(root, data);
  }
}

/** Marks the link of the section that is being read: the last that starts above the middle, at the top the first. */
function markRead() {
  const visible = places.filter(({ frame }) => !frame.hidden);
  const passed = visible.filter(({ frame }) => frame.getBoundingClientRect().top < innerHeight / 2);
  const read = scrollY === 0 ? visible[0] : passed.at(-1);
  for (const { link } of places) {
    if (link === read?.link) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

show();
markRead();
addEventListener("scroll", markRead, { passive: true });
if (document.body.dataset.live !== undefined) {
  follow((changed) => {
    Object.assign(data, changed);
    show();
  });
}
