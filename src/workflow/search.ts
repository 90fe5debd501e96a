/** What a `[search.NAME]` consists of: domains of parameters, samplers and pruners. */
import type { Json } from "./step.ts";

export type { Json } from "./step.ts";

/** Values that a parameter may take; ranges include both ends. */
export type Domain =
  | { kind: "uniform"; low: number; high: number }
  /** Uniform in the logarithm; `low` is above 0. */
  | { kind: "log_uniform"; low: number; high: number }
  | { kind: "int"; low: number; high: number }
  | { kind: "choice"; values: readonly Json[] };

export interface SearchParameter {
  /** `STEP.PARAMETER` or `params.NAME`, as of `--set`. */
  address: string;
  domain: Domain;
  /** The parameter exists in trials where each of these parameters has one of the values. */
  when: readonly { address: string; values: readonly Json[] }[];
  /** Of a choice that no step has: whether another parameter has a value of its range, or else this one. */
  chooses?: { address: string; or: Json };
}

/** What a parameter of a search sets; without a parameter it decides what the step reads, or its points. */
export interface Reached {
  step: string;
  parameter?: string;
}

export const SAMPLER_NAMES = ["random", "sobol", "tpe"] as const;
export type SamplerName = (typeof SAMPLER_NAMES)[number];

/** When a trial is judged: after `min` epochs, `min * eta`, `min * eta^2` and so on; it ends after `max`. */
export interface Stages {
  min: number;
  max: number;
  eta: number;
}

export const PRUNER_NAMES = ["none", "median", "asha"] as const;

export type PrunerSpec = { kind: "none" } | { kind: "median" | "asha"; stages: Stages };
