/**
 * The page's own program: modules in `client/`, joined to one script. They import each other by name
 * and nothing else, so that dropping the import lines in this order is all that it takes.
 */
import plotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import plot from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import cohorts from "./client/cohorts.js" with { type: "text" };
import comparison from "./client/comparison.js" with { type: "text" };
import curves from "./client/curves.js" with { type: "text" };
import dom from "./client/dom.js" with { type: "text" };
import evaluation from "./client/evaluation.js" with { type: "text" };
import graph from "./client/graph.js" with { type: "text" };
import images from "./client/images.js" with { type: "text" };
import lineChart from "./client/line_chart.js" with { type: "text" };
import live from "./client/live.js" with { type: "text" };
import main from "./client/main.js" with { type: "text" };
import overview from "./client/overview.js" with { type: "text" };
import reproduce from "./client/reproduce.js" with { type: "text" };
import step from "./client/step.js" with { type: "text" };
import ownStyle from "./client/style.css" with { type: "text" };
import text from "./client/text.js" with { type: "text" };
import theme from "./client/theme.js" with { type: "text" };
import unitChart from "./client/unit_chart.js" with { type: "text" };

/** Those that others import come first. */
export const MODULES: Readonly<Record<string, string>> = {
  dom,
  text,
  theme,
  line_chart: lineChart,
  unit_chart: unitChart,
  overview,
  step,
  graph,
  comparison,
  curves,
  evaluation,
  cohorts,
  images,
  reproduce,
  live,
  main,
};

/** uPlot defines one global, then ours runs in a scope of its own. */
export function clientScript(): string {
  return `${plot}\n(() => {\n"use strict";\n${
    Object.values(MODULES).map(joinable).join("\n")
  }\n})();`;
}

export function clientStyle(): string {
  return `${plotStyle}\n${ownStyle}`;
}

/** A module's text without what only modules may have, and without its comments' types. */
function joinable(source: string): string {
  return source
    .replaceAll(/^import (?:\{[^}]*\} from )?"\.\/\w+\.js";$/gm, "")
    .replaceAll(/^export (?=(?:async )?function |const )/gm, "")
    .replaceAll(/^ *\/\*\*[\s\S]*?\*\/$|^\/\/.*$/gm, "");
}
