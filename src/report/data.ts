/**
 * The data of the page: one JSON object, its sections by name. The page draws from it and knows
 * nothing else, so that a report on disk and the live view are the same program.
 *
 * Numbers that are not finite are null.
 */
import type { Task } from "../evaluation/predictions.ts";
import type { Json } from "../workflow/step.ts";
import type { ReconstructionSheet } from "./reconstruction_sheet.ts";

export type { ReconstructionSheet };

export type Outcome =
  | "cached"
  | "done"
  | "failed"
  | "skipped"
  | "interrupted"
  | "unwanted"
  | "pending"
  | "running";

export interface ReportData {
  overview: Overview;
  graph: GraphData;
  instances: InstanceData[];
  curves: CurvesData;
  evaluations: EvaluationData[];
  registrations: RegistrationData[];
  cohorts: CohortData[];
  samples: SampleSheet[];
  mistakes: MistakesData | null;
  attributions: AttributionSheet[];
  reconstructions: ReconstructionSheet[];
  comparison: ComparisonData | null;
  reproduce: ReproduceData;
  /** Of the live view: the last runs in the cache, newest first. */
  runs: { id: string; workflow: string; status: string }[];
}

export interface Overview {
  workflow: string;
  description: string | null;
  run: string;
  status: string;
  /** ISO 8601, UTC. */
  started: string;
  finished: string | null;
  seconds: number | null;
  device: string | null;
  /** Names of searches of its workflow. */
  searches: string[];
  /** Parts of the report that could not be made, a sentence each. */
  notes: string[];
}

export interface GraphData {
  nodes: { step: string; kind: string }[];
  /** Pairs of places in `nodes`. */
  edges: [number, number][];
  /** Left to right, for wide screens, and one step a row, for narrow ones. */
  wide: GraphLayout;
  tall: GraphLayout;
}

export interface GraphLayout {
  width: number;
  height: number;
  /** Centre and size by step, in the order of `nodes`. */
  boxes: { x: number; y: number; width: number; height: number }[];
  /** The points that each edge passes, in the order of `edges`. */
  routes: [number, number][][];
}

export interface InstanceData {
  name: string;
  step: string;
  kind: string;
  version: number;
  axes: Readonly<Record<string, string | number | boolean>>;
  outcome: Outcome;
  /** Of this run's execution; of the record's for what was cached. */
  seconds: number | null;
  started: string | null;
  /** When and from what the cached result was made. */
  made: string | null;
  resumedFrom: number | null;
  fraction: number | null;
  message: string | null;
  key: string | null;
  reasons: string[];
  params: { name: string; value: Json; old?: Json; changed: boolean }[];
  inputs: { port: string; from: string; digest: string | null }[];
  outputs: { name: string; type: string; digest: string; bytes: number }[];
  device: Json;
  log: string[];
}

export interface CurvesData {
  /** Names that occur, without `_train` and `_valid`; the loss comes first. */
  metrics: string[];
  series: CurveSeries[];
}

export interface CurveSeries {
  instance: string;
  /** Of a multi-network model, from 0. */
  network: number | null;
  /** The run that it comes from, of those that are compared with. */
  against: string | null;
  /** Epochs done, from 1; fractions where an epoch was evaluated within. */
  epochs: number[];
  train: Record<string, (number | null)[]>;
  validation: Record<string, (number | null)[]>;
  /** Index of the chosen evaluation by selection metric. */
  chosen: Record<string, number>;
}

export interface EvaluationData {
  instance: string;
  task: Task;
  /** Column that was predicted. */
  label: string | null;
  classes: string[];
  /** Of the intervals, between 0 and 1. */
  confidence: number;
  groups: EvaluatedGroupData[];
  /** The best group on validation sets among those that differ in their axes alone. */
  best: BestGroup | null;
}

export interface BestGroup {
  /** Index in `groups`. */
  group: number;
  /** By which it was chosen. */
  metric: string;
  /** Indices of the groups that it was chosen from, itself among them. */
  among: number[];
  /** Whether validation scores chose it; else it is the first. */
  byValidation: boolean;
}

export interface EvaluatedGroupData {
  /** `multi_network=true`, or empty. */
  axes: string;
  /** The same by axis. */
  point: Readonly<Record<string, string>>;
  dataGroup: string;
  selectionMetric: string;
  level: string;
  folds: FoldData[];
  pooled: FoldData;
  summary: Record<string, { mean: number | null; sd: number | null }>;
  /** Mean scores of the models on their validation sets, where groups compete for the headline. */
  validation: Record<string, number | null> | null;
  bands: ClassBand[];
}

export interface FoldMetric {
  value: number | null;
  lower: number | null;
  upper: number | null;
  /** Bootstrap resamples in which the metric is undefined, which the interval leaves out. */
  undefinedResamples: number;
}

export interface FoldData {
  fold: string;
  participants: number;
  rows: number;
  metrics: Record<string, FoldMetric>;
  confusion: number[][] | null;
  /** Null where a curve is undefined, since the true labels lack the class or the others. */
  curves: {
    class: number;
    roc: [number, number][] | null;
    precisionRecall: [number, number][] | null;
  }[];
  calibration: { confidence: number; accuracy: number; count: number }[] | null;
  /** Of regression: true and predicted numbers, thinned evenly where there are very many. */
  scatter: [number, number][];
}

/** Mean over folds at equal steps of x in [0, 1], with the standard deviation (n − 1). */
export interface Band {
  x: number[];
  mean: number[];
  sd: number[];
}

/** Null where the curve is undefined in every fold. */
export interface ClassBand {
  class: number;
  roc: Band | null;
  precisionRecall: Band | null;
}

export interface RegistrationData {
  instance: string;
  heads: number;
  outliers: number;
  failed: number;
  /** `sub-01 ses-M000: why it failed`; not all where there are many. */
  failures: string[];
  /** Those to look at first; not all where there are many. */
  rows: {
    /** `sub-01 ses-M000`, with the cohort where there are several. */
    head: string;
    measures: Record<string, number | null>;
    outlier: boolean;
    /** Why it is an outlier. */
    reason: string;
  }[];
  /** PNGs as data URIs. */
  sheets: string[];
}

export interface CohortData {
  /** Such as `fold 0`. */
  title: string;
  roles: RoleData[];
  tests: { variable: string; roles: [string, string]; test: string; p: number | null }[];
  leakage: { checked: string; overlaps: string[] };
}

export interface RoleData {
  role: string;
  participants: number;
  sessions: number;
  numeric: Record<string, NumericSummary>;
  categorical: Record<string, Record<string, number>>;
}

export interface NumericSummary {
  count: number;
  missing: number;
  mean: number | null;
  sd: number | null;
  least: number | null;
  most: number | null;
  /** The same equal bins for all roles of a cohort. */
  histogram: { from: number; to: number; counts: number[] } | null;
}

export interface Strip {
  participant: string;
  session: string;
  /** PNG as a data URI: the elements side by side. */
  image: string;
  /** What they are: indices of slices or patches, or names of regions. */
  elements: (string | number)[];
}

export interface SampleSheet {
  instance: string;
  mode: string;
  classes: { name: string; total: number; strips: Strip[] }[];
}

export interface MistakesData {
  /** Which predictions: `image level, selected by BA`. */
  about: string;
  wrong: number;
  participants: number;
  worst: {
    participant: string;
    session: string;
    truth: string;
    predicted: string;
    /** Mean probability of wrong classes over all predictions of this person. */
    confidence: number;
    wrongIn: number;
    of: number;
    group: string;
    strip: Strip | null;
  }[];
}

export interface AttributionSheet {
  instance: string;
  kind: string;
  method: "gradients" | "grad-cam";
  /** Class whose logit is explained, or the label of a regression. */
  target: string;
  /** Of Grad-CAM. */
  level: string | null;
  /** Of the images: `slice`, `patch`, `roi` or `image`. */
  mode: string;
  dataGroup: string;
  figures: {
    /** `everyone`, `true AD`, or a session. */
    of: string;
    selectionMetric: string;
    /** Whether every value is zero. */
    isEmpty: boolean;
    image: string;
  }[];
  /** Left out to keep the file small. */
  more: number;
}

export interface ComparisonData {
  /** The others are compared with the first. */
  runs: { letter: string; id: string; workflow: string; started: string }[];
  /** Those that differ, with a value a run; null where a run has none. */
  params: { name: string; values: (string | null)[] }[];
  /** What differs between the first run and each other one. */
  changes: RunChanges[];
  groups: ComparedGroup[];
  /** Level of the intervals, such as 0.95. */
  confidence: number;
}

export interface RunChanges {
  run: string;
  removed: string[];
  added: string[];
  instances: { instance: string; changes: { what: string; old: string; new: string }[] }[];
}

/** A group of predictions that the first run and others evaluated. */
export interface ComparedGroup
  extends Pick<EvaluatedGroupData, "axes" | "dataGroup" | "selectionMetric" | "level"> {
  instance: string;
  /** Splits of any of the runs. */
  folds: string[];
  metrics: {
    metric: string;
    /** By run; null where it has no such group or metric. */
    runs: (ComparedMetric | null)[];
  }[];
  /** Comparisons with the first run at the image level; absent for runs without the group. */
  pairs: PairData[];
}

export interface ComparedMetric {
  /** Over folds, and standard deviation where there are several. */
  mean: number | null;
  sd: number | null;
  pooled: FoldMetric;
  /** By the names of {@link ComparedGroup.folds}. */
  folds: Record<string, number | null>;
}

/** Two runs on the same participants, with one prediction a participant: the mean over splits. */
export interface PairData {
  /** Index in `runs` of the run that is compared with the first. */
  run: number;
  participants: number;
  /** What limits the tests, a sentence each. */
  warnings: string[];
  /** Why there are none. */
  refused: string | null;
  metrics: PairedMetric[];
}

export interface PairedMetric {
  metric: string;
  first: number | null;
  second: number | null;
  /** second − first, with its interval by the paired bootstrap. */
  difference: number | null;
  lower: number | null;
  upper: number | null;
  tests: PairedTestData[];
}

export interface PairedTestData {
  test: "McNemar" | "DeLong" | "corrected t";
  /** Null of an exact test too. */
  statistic: number | null;
  p: number | null;
  /** Adjusted by Holm over all comparisons of the metric by this test. */
  adjusted: number | null;
}

export interface ReproduceData {
  command: string;
  sources: { name: string; text: string }[];
  lock: { name: string; text: string } | null;
  versions: Readonly<Record<string, string>>;
  device: Json;
}
