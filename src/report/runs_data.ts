/** The data of the page that lists runs. */
import type { FoldMetric } from "./data.ts";

export interface RunsData {
  /** Newest first, and the names of parameters that differ between them. */
  list: { rows: RunRow[]; parameters: string[] };
  /** Names of all searches in the cache. */
  searches: string[];
}

export interface RunRow {
  id: string;
  workflow: string;
  status: string;
  /** ISO 8601, UTC. */
  started: string;
  seconds: number | null;
  /** Of the parameters that differ between the listed runs, those that this run has. */
  parameters: Readonly<Record<string, string>>;
  /** Metric and instance of the main result; null without an evaluation. */
  main: { metric: string; instance: string } | null;
  /** Of the group of the main result, all folds' predictions together. */
  metrics: Readonly<Record<string, FoldMetric>>;
  /** Level of their intervals. */
  confidence: number | null;
}
