/** The result of a search on the terminal and as files. */
import type { Store } from "../../engine/store/store.ts";
import type { OuterEstimate, UnfinishedFold } from "../../search/outer_search.ts";
import { importances } from "../../search/importances.ts";
import { type SearchResult, settingsOf } from "../../search/run_search.ts";
import { isVaried } from "../../search/space.ts";
import { searchTables } from "../../search/tables.ts";
import { bestTrial, rankTrials, type Trial } from "../../search/trial.ts";
import type { AxisValue, Search, Workflow } from "../../workflow/graph.ts";
import { shortPath } from "../failure.ts";
import { countText, numberText, tableText } from "../quantity.ts";
import type { Terminal } from "../terminal.ts";

/** Trials that are listed at the end. */
const LISTED = 10;

/**
 * One line of a trial.
 *
 * @param outer the outer fold that it is of
 */
export function trialText(
  { number, state, value, epochs, values, reason }: Trial,
  search: Search,
  outer?: AxisValue,
): string {
  const parameters = settingsOf(search.space, values).map((text) => text.replace("=", " ")).join(
    ", ",
  );
  const trained = epochs === undefined ? "" : ` after ${countText(epochs, "epoch")}`;
  const outcome = state === "failed"
    ? `failed: ${reason}`
    : `${search.metric.name} ${numberText(value!)}${trained}${
      state === "pruned" ? ", pruned" : ""
    }`;
  const fold = outer === undefined ? "" : `${search.outer!.axis}=${outer} `;
  return `${fold}trial ${number}: ${outcome} (${parameters})`;
}

/** Where an interrupt has stopped the search of outer folds. */
export function unfinishedText(
  unfinished: UnfinishedFold | "test",
  { outer, nTrials }: Search,
): string {
  if (unfinished === "test") return "before the test of the outer folds";
  const { value, trials } = unfinished;
  return `at ${outer!.axis}=${value} after ${trials.length} of ${countText(nTrials, "trial")}`;
}

/** Prints the best trials, what matters, that the best value is optimistic, and the honest estimate. */
export function printResult(
  { trials }: SearchResult,
  estimate: OuterEstimate | undefined,
  search: Search,
  { out }: Terminal,
): void {
  const best = bestTrial(trials, search.goal);
  if (best === undefined) return;
  const varied = search.space.filter(isVaried);
  const addresses = varied.map(({ address }) => address);
  const rows = rankTrials(trials, search.goal).slice(0, LISTED).map((trial) => [
    String(trial.number),
    trial.state,
    trial.value === undefined ? "" : numberText(trial.value),
    ...addresses.map((address) =>
      Object.hasOwn(trial.values, address) ? JSON.stringify(trial.values[address]) : ""
    ),
  ]);
  const head = ["trial", "state", search.metric.name, ...addresses];
  out.block(["", ...tableText([head, ...rows], [0, 2], out.columns), ""].join("\n"));
  const shares = importances(varied, trials, search.goal, search.seed);
  if (shares.length > 0) {
    const texts = shares.map(({ address, share }) => `${address} ${Math.round(share * 100)} %`);
    out.line(`importances (permutation forest): ${texts.join(", ")}`);
  }
  out.line(`best: ${trialText(best, search)}`);
  const optimistic = `It is the best of ${countText(trials.length, "trial")} on the data that ` +
    "chose it, so it is optimistic; ";
  if (estimate === undefined) {
    out.line(`${optimistic}a test set that no trial has read gives an honest value.`);
    return;
  }
  for (const { value, best, tested } of estimate.folds) {
    const result = tested === undefined ? "n/a" : numberText(tested);
    out.line(
      `${search.outer!.axis}=${value}: ${estimate.metric} ${result} by ${trialText(best, search)}`,
    );
  }
  out.line(`nested estimate: ${estimateText(estimate)}`);
  out.line(
    `${optimistic}so is a run of these values on the same outer folds. Report the nested estimate.`,
  );
}

/** `BA 0.81 [0.74, 0.88], 95 % interval over 120 participants that no choice has read` */
function estimateText(
  { metric, value, lower, upper, confidence, participants }: OuterEstimate,
): string {
  const interval = [lower, upper].every(Number.isFinite)
    ? ` [${numberText(lower)}, ${numberText(upper)}], ${confidence * 100} % interval`
    : "";
  return `${metric} ${numberText(value)}${interval} over ${
    countText(participants, "participant")
  } that no choice has read`;
}

/** Writes the tables and the page of a search next to the cache's other results. */
export async function writeFiles(
  store: Store,
  workflow: Workflow,
  search: Search,
  { trials, estimate }: { trials: readonly Trial[]; estimate: OuterEstimate | undefined },
  { err }: Terminal,
): Promise<void> {
  const shares = importances(search.space.filter(isVaried), trials, search.goal, search.seed);
  const { describeSearch, searchFolder, withRuns } = await import(
    "../../report/search/describe.ts"
  );
  const { searchPage } = await import("../../report/page.ts");
  const folder = searchFolder(store, search.name);
  store.files.makeFolder(folder);
  const described = describeSearch(workflow, search, { trials, shares, estimate });
  const files = {
    ...searchTables(search, trials, shares, estimate),
    "search.json": JSON.stringify(described) + "\n",
    "report.html": await searchPage(withRuns(store, described, false)),
  };
  for (const [name, text] of Object.entries(files)) {
    await store.replaceFile(`${folder}/${name}`, text, false);
  }
  err.line(`wrote ${Object.keys(files).map((name) => shortPath(`${folder}/${name}`)).join(", ")}`);
}
