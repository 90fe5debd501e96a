/** The results of a search as tables. */
import { writeTsv } from "../formats/tsv.ts";
import type { Search } from "../workflow/graph.ts";
import type { Json } from "../workflow/search.ts";
import type { Importance } from "./importances.ts";
import { rankTrials, type Trial } from "./trial.ts";

/** What is written of a search, by file name. */
export function searchTables(
  search: Search,
  trials: readonly Trial[],
  shares: readonly Importance[],
): Record<string, string> {
  return {
    "trials.tsv": trialsTable(search, trials),
    "curves.tsv": curvesTable(search, trials),
    "importances.tsv": writeTsv(
      ["parameter", "permutation_forest_share"],
      shares.map(({ address, share }) => [address, share]),
    ),
  };
}

/** One row a trial, the best first; `n/a` where a trial lacks a parameter. */
function trialsTable({ metric, goal, space }: Search, trials: readonly Trial[]): string {
  const addresses = space.map(({ address }) => address);
  return writeTsv(
    ["trial", "state", metric.name, "epochs", ...addresses, "reason"],
    rankTrials(trials, goal).map(({ number, state, value, epochs, values, reason }) => [
      number,
      state,
      value ?? null,
      epochs ?? null,
      ...addresses.map((address) =>
        Object.hasOwn(values, address) ? cellOf(values[address]) : null
      ),
      reason?.replaceAll(/\s+/g, " ") ?? null,
    ]),
  );
}

function curvesTable({ metric }: Search, trials: readonly Trial[]): string {
  return writeTsv(
    ["trial", "epoch", `best_${metric.name}`],
    trials.flatMap(({ number, curve }) => curve.map((value, epoch) => [number, epoch, value])),
  );
}

function cellOf(value: Json): string | number {
  return typeof value === "string" || typeof value === "number" ? value : JSON.stringify(value);
}
