/**
 * The page's own program: modules in `client/`, joined to one script. Each becomes a function that
 * returns what it exports, and an import reads what an earlier function returned; `import { a } from`
 * and `export function` or `export const` is all that they use.
 */
import plotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import plot from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import cohorts from "./client/cohorts.js" with { type: "text" };
import comparison from "./client/comparison.js" with { type: "text" };
import curves from "./client/curves.js" with { type: "text" };
import dom from "./client/dom.js" with { type: "text" };
import evaluation from "./client/evaluation.js" with { type: "text" };
import evaluationGroup from "./client/evaluation_group.js" with { type: "text" };
import exportModule from "./client/charts/export.js" with { type: "text" };
import graph from "./client/graph.js" with { type: "text" };
import images from "./client/images.js" with { type: "text" };
import lineChart from "./client/charts/line_chart.js" with { type: "text" };
import lineSvg from "./client/charts/line_svg.js" with { type: "text" };
import live from "./client/live.js" with { type: "text" };
import main from "./client/main.js" with { type: "text" };
import node from "./client/node.js" with { type: "text" };
import overview from "./client/overview.js" with { type: "text" };
import parallel from "./client/charts/parallel.js" with { type: "text" };
import reconstructions from "./client/reconstructions.js" with { type: "text" };
import registration from "./client/registration.js" with { type: "text" };
import reproduce from "./client/reproduce.js" with { type: "text" };
import runsPage from "./client/runs_page.js" with { type: "text" };
import scale from "./client/charts/scale.js" with { type: "text" };
import searchCharts from "./client/search_charts.js" with { type: "text" };
import searchPage from "./client/search_page.js" with { type: "text" };
import sortableTable from "./client/sortable_table.js" with { type: "text" };
import squareChart from "./client/charts/square_chart.js" with { type: "text" };
import step from "./client/step.js" with { type: "text" };
import sweep from "./client/sweep.js" with { type: "text" };
import baseStyle from "./client/style/base.css" with { type: "text" };
import chartsStyle from "./client/style/charts.css" with { type: "text" };
import graphStyle from "./client/style/graph.css" with { type: "text" };
import overviewStyle from "./client/style/overview.css" with { type: "text" };
import peopleStyle from "./client/style/people.css" with { type: "text" };
import printStyle from "./client/style/print.css" with { type: "text" };
import searchStyle from "./client/style/search.css" with { type: "text" };
import stepStyle from "./client/style/step.css" with { type: "text" };
import tableStyle from "./client/style/table.css" with { type: "text" };
import text from "./client/text.js" with { type: "text" };
import theme from "./client/theme.js" with { type: "text" };

/** Modules that are a page; a script has one of them. */
export const PAGES = ["main", "runs_page", "search_page"] as const;

/** Those that others import come first. */
export const MODULES: Readonly<Record<string, string>> = {
  dom,
  text,
  theme,
  sortable_table: sortableTable,
  export: exportModule,
  scale,
  line_svg: lineSvg,
  line_chart: lineChart,
  square_chart: squareChart,
  parallel,
  sweep,
  overview,
  step,
  node,
  graph,
  comparison,
  curves,
  evaluation_group: evaluationGroup,
  evaluation,
  cohorts,
  images,
  reconstructions,
  registration,
  reproduce,
  live,
  main,
  runs_page: runsPage,
  search_charts: searchCharts,
  search_page: searchPage,
};

/** Defines the global that `client/charts/line_chart.js` uses. */
export const PLOT_SCRIPT: string = plot;

/** uPlot, then ours. */
export function clientScript(page: typeof PAGES[number] = "main"): string {
  const others: readonly string[] = PAGES.filter((name) => name !== page);
  const modules = Object.entries(MODULES).filter(([name]) => !others.includes(name))
    .map(([name, source]) => joinable(name, source));
  return `${PLOT_SCRIPT}\n(() => {\n"use strict";\n${modules.join("\n")}\n})();`;
}

/** What others build on comes first, print last. */
const STYLES = [
  plotStyle,
  baseStyle,
  tableStyle,
  overviewStyle,
  graphStyle,
  stepStyle,
  chartsStyle,
  peopleStyle,
  searchStyle,
  printStyle,
];

export function clientStyle(): string {
  return STYLES.join("\n");
}

function joinable(name: string, source: string): string {
  const exported = Array.from(
    source.matchAll(/^export (?:async )?(?:function|const) (\w+)/gm),
    (match) => match[1],
  );
  const body = source
    .replaceAll(/^import (\{[^}]*\}) from "\.\.?\/(?:\w+\/)*(\w+)\.js";$/gm, "const $1 = $$$2;")
    .replaceAll(/^export (?=(?:async )?function |const )/gm, "");
  return `const $${name} = (() => {\n${body}\nreturn { ${exported.join(", ")} };\n})();`;
}
