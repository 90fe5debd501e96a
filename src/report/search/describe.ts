/** What the page of a search shows, kept next to its tables. */
import { listRuns, readRun } from "../../engine/run/run_folder.ts";
import type { Store } from "../../engine/store/store.ts";
import { DataError } from "../../errors.ts";
import { isJsonObject, OWN_LIMITS, parseJson } from "../../json.ts";
import type { Importance } from "../../search/importances.ts";
import type { OuterEstimate } from "../../search/outer_search.ts";
import { isVaried } from "../../search/space.ts";
import { bestTrial, rankTrials, type Trial } from "../../search/trial.ts";
import type { Search, Workflow } from "../../workflow/graph.ts";
import type { Json } from "../../workflow/search.ts";
import { runStatus } from "../current_run.ts";
import { reportPath } from "../write.ts";
import type { EstimateData, SearchData, TrialData } from "./data.ts";

export interface SearchOutcome {
  trials: readonly Trial[];
  shares: readonly Importance[];
  estimate?: OuterEstimate;
}

/** Runs that a page links to. */
const MAX_RUNS = 50;

/** Folder of the tables and the page of a search. */
export function searchFolder(store: Store, name: string): string {
  return `${store.root}/searches/${name}`;
}

const FILE = "search.json";

/** Everything but the runs. */
export function describeSearch(
  { name, file }: Pick<Workflow, "name" | "file">,
  search: Search,
  { trials, shares, estimate }: SearchOutcome,
): SearchData {
  const { metric, goal, sampler, pruner, space } = search;
  return {
    name: search.name,
    workflow: name,
    file,
    description: search.description ?? null,
    method: `${goal} ${metric.step}.${metric.name} by ${sampler}` +
      (pruner.kind === "none" ? "" : ` with ${pruner.kind}`),
    goal,
    metric: metric.name,
    parameters: space.filter(isVaried).map(({ address }) => address),
    logarithmic: space.filter(({ domain }) => domain.kind === "log_uniform")
      .map(({ address }) => address),
    trials: rankTrials(trials, goal).map(describeTrial),
    hasBest: bestTrial(trials, goal) !== undefined,
    importances: shares.map(({ address, share }) => ({ address, share })),
    estimate: estimate ? describeEstimate(estimate, search) : null,
    runs: [],
  };
}

function describeTrial({ number, state, value, epochs, values, reason, curve }: Trial): TrialData {
  return {
    number,
    state,
    value: value ?? null,
    epochs: epochs ?? null,
    values: Object.fromEntries(
      Object.entries(values).map(([address, each]) => [address, shown(each)]),
    ),
    reason: reason ?? null,
    curve: [...curve],
  };
}

function describeEstimate(
  { metric, value, lower, upper, confidence, participants, validation, folds }: OuterEstimate,
  { outer }: Search,
): EstimateData {
  return {
    axis: outer!.axis,
    metric,
    value,
    lower: lower ?? null,
    upper: upper ?? null,
    confidence,
    participants,
    validation,
    folds: folds.map(({ value, tested, best }) => ({
      value: String(value),
      tested: tested ?? null,
      best: describeTrial(best),
    })),
  };
}

/** Four digits of a number. */
function shown(value: Json): string {
  if (typeof value === "number") return String(Number(value.toPrecision(4)));
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Names of the searches of a workflow file whose results are in the cache; of every file when absent. */
export function listSearches(store: Store, file?: string): string[] {
  return store.files.list(`${store.root}/searches`).filter((name) => {
    const data = readSearch(store, name);
    return data !== undefined && (file === undefined || data.file === file);
  });
}

export function searchFile(store: Store, name: string): string {
  return `${searchFolder(store, name)}/${FILE}`;
}

/** What was kept of a search; undefined where there is none, or it is damaged. */
export function readSearch(store: Store, name: string): SearchData | undefined {
  if (!/^[A-Za-z][\w-]*$/.test(name)) return undefined;
  const bytes = store.files.readSync(searchFile(store, name));
  if (bytes === undefined) return undefined;
  try {
    const data = parseJson(new TextDecoder().decode(bytes), FILE, OWN_LIMITS);
    const isSearch = isJsonObject(data) && data.name === name && Array.isArray(data.trials) &&
      Array.isArray(data.parameters);
    return isSearch ? data as unknown as SearchData : undefined;
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

/**
 * The same with the runs that computed trials.
 *
 * @param live whether a server shows the runs; else their reports are files
 */
export function withRuns(store: Store, data: SearchData, live: boolean): SearchData {
  const runs: SearchData["runs"] = [];
  for (const id of listRuns(store)) {
    if (runs.length === MAX_RUNS) break;
    const record = readRun(store, id);
    if (record?.request?.search !== data.name || record.workflow.file !== data.file) continue;
    const hasReport = store.files.size(reportPath(store, id)) !== undefined;
    const href = live ? `?run=${id}` : hasReport ? `../../runs/${id}/report.html` : null;
    runs.push({ id, status: runStatus(store, record), href });
  }
  return { ...data, runs };
}
