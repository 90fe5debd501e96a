/** The result of a search on the terminal and as files. */
import type { Store } from "../../engine/store/store.ts";
import { importances } from "../../search/importances.ts";
import { type SearchResult, settingsOf } from "../../search/run_search.ts";
import { searchTables } from "../../search/tables.ts";
import { bestTrial, rankTrials, type Trial } from "../../search/trial.ts";
import type { Search, Workflow } from "../../workflow/graph.ts";
import { shortPath } from "../failure.ts";
import { countText, numberText, tableText } from "../quantity.ts";
import type { Terminal } from "../terminal.ts";

/** Trials that are listed at the end. */
const LISTED = 10;

/** One line of a trial. */
export function trialText(
  { number, state, value, epochs, values, reason }: Trial,
  search: Search,
): string {
  const parameters = settingsOf(values).map((text) => text.replace("=", " ")).join(", ");
  const trained = epochs === undefined ? "" : ` after ${countText(epochs, "epoch")}`;
  const outcome = state === "failed"
    ? `failed: ${reason}`
    : `${search.metric.name} ${numberText(value!)}${trained}${
      state === "pruned" ? ", pruned" : ""
    }`;
  return `trial ${number}: ${outcome} (${parameters})`;
}

/** Prints the best trials, what matters, and that the best value is optimistic. */
export function printResult({ trials }: SearchResult, search: Search, { out }: Terminal): void {
  const best = bestTrial(trials, search.goal);
  if (best === undefined) return;
  const addresses = search.space.map(({ address }) => address);
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
  const shares = importances(search.space, trials, search.goal, search.seed);
  if (shares.length > 0) {
    const texts = shares.map(({ address, share }) => `${address} ${Math.round(share * 100)} %`);
    out.line(`importances (permutation forest): ${texts.join(", ")}`);
  }
  out.line(`best: ${trialText(best, search)}`);
  out.line(
    `It is the best of ${countText(trials.length, "trial")} on the data that chose it, so it is ` +
      "optimistic; a test set that no trial has read gives an honest value.",
  );
}

/** Writes the tables and the page of a search next to the cache's other results. */
export async function writeFiles(
  store: Store,
  workflow: Workflow,
  search: Search,
  trials: readonly Trial[],
  { err }: Terminal,
): Promise<void> {
  const folder = `${store.root}/searches/${search.name}`;
  store.files.makeFolder(folder);
  const shares = importances(search.space, trials, search.goal, search.seed);
  const { searchPage } = await import("../../report/search/page.ts");
  const files = {
    ...searchTables(search, trials, shares),
    "report.html": await searchPage(workflow.name, search, trials, shares),
  };
  for (const [name, text] of Object.entries(files)) {
    await store.replaceFile(`${folder}/${name}`, text, false);
  }
  err.line(`wrote ${Object.keys(files).map((name) => shortPath(`${folder}/${name}`)).join(", ")}`);
}
