/** The results of a search as tables. */
import { writeTsv } from "../formats/tsv.ts";
import type { Search } from "../workflow/graph.ts";
import type { Json } from "../workflow/search.ts";
import type { Importance } from "./importances.ts";
import type { OuterEstimate } from "./outer_search.ts";
import { rankTrials, type Trial } from "./trial.ts";

/** What is written of a search, by file name. */
export function searchTables(
  search: Search,
  trials: readonly Trial[],
  shares: readonly Importance[],
  estimate: OuterEstimate | undefined,
): Record<string, string> {
  return {
    "trials.tsv": trialsTable(search, trials),
    "curves.tsv": curvesTable(search, trials),
    "importances.tsv": writeTsv(
      ["parameter", "permutation_forest_share"],
      shares.map(({ address, share }) => [address, share]),
    ),
    ...estimate && { "outer_folds.tsv": outerTable(search, estimate) },
  };
}

/** One row a trial, the best first; `n/a` where a trial lacks a parameter. */
function trialsTable({ metric, goal, space }: Search, trials: readonly Trial[]): string {
  const addresses = space.map(({ address }) => address);
  return writeTsv(
    ["trial", "state", metric.name, "epochs", ...addresses, "reason"],
    rankTrials(trials, goal).map((trial) => [
      trial.number,
      trial.state,
      trial.value ?? null,
      trial.epochs ?? null,
      ...valuesOf(trial, addresses),
      trial.reason?.replaceAll(/\s+/g, " ") ?? null,
    ]),
  );
}

function curvesTable({ metric }: Search, trials: readonly Trial[]): string {
  return writeTsv(
    ["trial", "epoch", `best_${metric.name}`],
    trials.flatMap(({ number, curve }) => curve.map((value, epoch) => [number, epoch, value])),
  );
}

/** One row an outer fold, then `all`: the estimate with its interval. */
function outerTable({ metric, outer, space }: Search, estimate: OuterEstimate): string {
  const addresses = space.map(({ address }) => address);
  const tested = `test_${estimate.metric}`;
  return writeTsv(
    [
      ...[outer!.axis, "trial", metric.name, tested, `${tested}_lower`, `${tested}_upper`],
      ...addresses,
    ],
    [
      ...estimate.folds.map(({ value, best, tested }) => [
        ...[String(value), best.number, best.value!, tested ?? null, null, null],
        ...valuesOf(best, addresses),
      ]),
      [
        ...["all", null, estimate.validation, estimate.value, estimate.lower, estimate.upper],
        ...addresses.map(() => null),
      ],
    ],
  );
}

function valuesOf({ values }: Trial, addresses: readonly string[]) {
  return addresses.map((address) =>
    Object.hasOwn(values, address) ? cellOf(values[address]) : null
  );
}

function cellOf(value: Json): string | number {
  return typeof value === "string" || typeof value === "number" ? value : JSON.stringify(value);
}
