/** The page of a search: its trials, the best one, what matters, and learning curves. */
import type { Search } from "../../workflow/graph.ts";
import type { Json, SearchParameter } from "../../workflow/search.ts";
import type { Importance } from "../../search/importances.ts";
import type { OuterEstimate } from "../../search/outer_search.ts";
import { choiceIndex } from "../../search/space.ts";
import { bestTrial, rankTrials, type Trial } from "../../search/trial.ts";
import { htmlDocument, htmlText } from "../../pages/document.ts";
import { chart, type Series } from "./charts.ts";
import script from "./sort_rows.js" with { type: "text" };
import style from "./style.css" with { type: "text" };

/** Learning curves that are drawn, those of the best trials. */
const MOST_CURVES = 200;

export interface SearchPageData {
  trials: readonly Trial[];
  shares: readonly Importance[];
  estimate?: OuterEstimate;
}

/** @param workflow its name */
export async function searchPage(
  workflow: string,
  search: Search,
  { trials, shares, estimate }: SearchPageData,
): Promise<string> {
  const best = bestTrial(trials, search.goal);
  const counts = ["complete", "pruned", "failed"]
    .map((state) => [state, trials.filter((trial) => trial.state === state).length] as const)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  const { metric, goal, sampler, pruner, space } = search;
  const sections = [
    `<h1>${htmlText(workflow)}: search ${htmlText(search.name)}</h1>`,
    `<p>${goal} ${htmlText(`${metric.step}.${metric.name}`)} by ${sampler}` +
    `${pruner.kind === "none" ? "" : ` with ${pruner.kind}`}: ${trials.length} trials, ` +
    `${counts.join(", ")}</p>`,
    best ? bestSection(best, search, estimate) : "<p>No trial was completed.</p>",
    ...estimate ? [estimateSection(estimate, search)] : [],
    "<h2>Trials</h2>",
    trialsTable(search, trials),
    "<h2>Metric by trial</h2>",
    progressChart(search, trials),
    ...shares.length > 0 ? ["<h2>Importances</h2>", importanceList(shares)] : [],
    "<h2>Metric by parameter</h2>",
    `<div class="small">${
      space.map((each) => parameterChart(each, search, trials)).join("")
    }</div>`,
    ...trials.some(({ curve }) => curve.length > 1)
      ? ["<h2>Learning curves</h2>", curvesChart(search, trials)]
      : [],
  ];
  return await htmlDocument({
    title: `${workflow}: search ${search.name}`,
    style,
    script,
    before: `<main>${sections.join("\n")}</main>`,
  });
}

function bestSection(
  best: Trial,
  { metric }: Search,
  estimate: OuterEstimate | undefined,
): string {
  const values = Object.entries(best.values)
    .map(([address, value]) => `<dt>${htmlText(address)}</dt><dd>${htmlText(shown(value))}</dd>`);
  return `<section class="best"><h2>Best: trial ${best.number}, ${htmlText(metric.name)} ${
    rounded(best.value!)
  }</h2>
<dl>${values.join("")}</dl>
<p>This value is optimistic: it was chosen as the best of all trials on the same participants. ${
    estimate
      ? "The nested estimate below is honest."
      : "A test set that no trial has read gives an honest one."
  }</p></section>`;
}

/** The honest value next to the optimistic one, and the outer folds that it comes from. */
function estimateSection(
  { metric, value, lower, upper, confidence, participants, validation, folds }: OuterEstimate,
  search: Search,
): string {
  const { axis } = search.outer!;
  const addresses = search.space.map(({ address }) => address);
  const interval = [lower, upper].every(Number.isFinite)
    ? ` <small>[${rounded(lower)}, ${rounded(upper)}], ${confidence * 100} % interval</small>`
    : "";
  const head = [axis, `validation ${search.metric.name}`, `test ${metric}`, "trial", ...addresses];
  const rows = folds.map(({ value, best, tested }) => [
    String(value),
    rounded(best.value!),
    tested === undefined ? "" : rounded(tested),
    String(best.number),
    ...addresses.map((address) =>
      Object.hasOwn(best.values, address) ? shown(best.values[address]) : ""
    ),
  ]);
  return `<section class="estimate"><h2>Nested estimate</h2>
<dl><dt>test ${htmlText(metric)}</dt><dd><strong>${rounded(value)}</strong>${interval}</dd>
<dt>validation ${htmlText(search.metric.name)}</dt><dd>${
    rounded(validation)
  } <small>optimistic: mean of the best values of the outer folds</small></dd></dl>
<p>The search was repeated in each of ${folds.length} outer folds. Its best networks were then tested on the fold's
participants, whom no trial of it had read: ${participants} in all.</p>
<div class="scroll"><table><thead><tr>${
    head.map((name) => `<th>${htmlText(name)}</th>`).join("")
  }</tr></thead>
<tbody>${
    rows.map((cells) => `<tr>${cells.map((cell) => `<td>${htmlText(cell)}</td>`).join("")}</tr>`)
      .join("\n")
  }</tbody></table></div></section>`;
}

function trialsTable({ metric, goal, space }: Search, trials: readonly Trial[]): string {
  const parameters = space.map(({ address }) => address);
  const failed = trials.some(({ reason }) => reason !== undefined);
  const names = [
    "trial",
    "state",
    metric.name,
    "epochs",
    ...parameters,
    ...failed ? ["reason"] : [],
  ];
  const head = names.map((name) => `<th><button type="button">${htmlText(name)}</button></th>`);
  const rows = rankTrials(trials, goal).map((trial) => {
    const cells = [
      String(trial.number),
      trial.state,
      trial.value === undefined ? "" : rounded(trial.value),
      trial.epochs === undefined ? "" : String(trial.epochs),
      ...parameters.map((address) =>
        Object.hasOwn(trial.values, address) ? shown(trial.values[address]) : ""
      ),
      ...failed ? [trial.reason ?? ""] : [],
    ];
    return `<tr>${cells.map((cell) => `<td>${htmlText(cell)}</td>`).join("")}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr>${head.join("")}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>`;
}

function progressChart({ metric, goal }: Search, trials: readonly Trial[]): string {
  const values = trials.filter(({ value }) => value !== undefined);
  let best: number | undefined;
  const line = values.map(({ number, value, state }): [number, number] => {
    const isBetter = best === undefined || (goal === "minimize" ? value! < best : value! > best);
    if (state === "complete" && isBetter) best = value;
    return [number, best ?? NaN];
  });
  const dots = values.map((trial): Series => ({
    mark: "dots",
    points: [[trial.number, trial.value!]],
    title: `trial ${trial.number}: ${rounded(trial.value!)}, ${trial.state}`,
  }));
  return chart("The metric of each trial, and the best so far", { label: "trial" }, {
    label: metric.name,
  }, [...dots, { mark: "line", role: "best", points: line }]);
}

function parameterChart(
  { address, domain }: SearchParameter,
  search: Search,
  trials: readonly Trial[],
): string {
  const best = bestTrial(trials, search.goal);
  const points = trials.filter(({ values, value }) =>
    value !== undefined && Object.hasOwn(values, address)
  );
  const series = points.map((trial): Series => {
    const value = trial.values[address];
    const x = domain.kind === "choice" ? choiceIndex(domain.values, value) : value as number;
    return {
      mark: "dots",
      points: [[x, trial.value!]],
      title: `trial ${trial.number}: ${shown(value)}, ${rounded(trial.value!)}`,
      ...(trial === best && { role: "best" as const }),
    };
  });
  const axis = {
    label: address,
    log: domain.kind === "log_uniform",
    ...(domain.kind === "choice" && { names: domain.values.map(shown) }),
  };
  const title = `${search.metric.name} by ${address}`;
  return chart(title, axis, { label: search.metric.name }, series);
}

function curvesChart({ metric, goal }: Search, trials: readonly Trial[]): string {
  const ranked = rankTrials(trials, goal).filter(({ curve }) => curve.length > 1)
    .slice(0, MOST_CURVES);
  const best = bestTrial(trials, goal);
  // The best one last, on top of the others.
  const series = ranked.toReversed().map((trial): Series => ({
    mark: "line",
    points: trial.curve.map((value, epoch) => [epoch, value]),
    title: `trial ${trial.number}`,
    ...(trial === best && { role: "best" as const }),
  }));
  return chart("The best value so far after each epoch", { label: "epoch" }, {
    label: `best ${metric.name}`,
  }, series);
}

function importanceList(shares: readonly Importance[]): string {
  const items = shares.map(({ address, share }) => {
    const percent = Math.round(share * 100);
    return `<li><span>${htmlText(address)}</span><meter min="0" max="1" value="${
      share.toFixed(4)
    }"></meter><span>${percent} %</span></li>`;
  });
  return `<p>By permutation in a random forest that predicts the metric from the parameters.</p>
<ul class="shares">${items.join("")}</ul>`;
}

function shown(value: Json): string {
  if (typeof value === "number") return String(Number(value.toPrecision(4)));
  return typeof value === "string" ? value : JSON.stringify(value);
}

const rounded = (value: number) => String(Number(value.toPrecision(4)));
