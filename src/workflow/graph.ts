/** A checked, expanded workflow: what the reader returns and the engine runs. */
import type { Location } from "../errors.ts";
import type { PrunerSpec, Reached, SamplerName, SearchParameter } from "./search.ts";
import type { Json, StepKind } from "./step.ts";

/** A value of a matrix axis. */
export type AxisValue = string | number | boolean;

/** One edge: which output of which instance, and which element of a list output. */
export interface Binding {
  instance: string;
  output: string;
  index?: number;
}

/**
 * An address in a workflow file, such as `["steps", "split", "with", "n_test"]`.
 * Its line is looked up only when it must be shown: {@link Workflow.locate}.
 */
export interface Place {
  /** Absolute path. */
  file: string;
  /** Keys and indices from the top of the file. */
  keys: readonly (string | number)[];
  /** What the caret underlines; the value when absent. */
  part?: "key" | "value";
}

/** Where a parameter's value was written; a value that is nothing but `${params.x}`, where x was. */
export interface Origin {
  /** Where: `step` is the step's own `with`, `set` and `sweep` are options of the command line. */
  from: "default" | "include" | "params" | "defaults" | "step" | "set" | "sweep";
  /** Absent for defaults and for values of the command line. */
  place?: Place;
}

export interface Execution {
  retry: number;
  /** Seconds. */
  timeout?: number;
  /** `memory` in bytes, `time` in seconds. */
  resources: { cpu: number; gpu: number; memory?: number; time?: number };
  /** False: always runs, records nothing that another run would use. */
  cache: boolean;
  /** Numeric class of device steps. */
  device: "exact" | "class" | "any";
  /** Artifacts of this step are roots of the garbage collector. */
  keep: boolean;
}

/** A step at one point of its matrix. */
export interface Instance {
  /** `train[fold=2,multi_network=true]`; the bare step name without a matrix. */
  name: string;
  step: string;
  axes: Readonly<Record<string, AxisValue>>;
  kind: StepKind;
  /**
   * Validated, with defaults filled in; paths are absolute (`kind.pathParameters` names them). Instances
   * of a step whose values don't depend on the matrix share one object.
   */
  params: Readonly<Record<string, Json>>;
  origins: Readonly<Record<string, Origin>>;
  /** Single bindings, or several for `[*]` in order of the matrix. */
  inputs: Readonly<Record<string, Binding | readonly Binding[]>>;
  /** Instances that must be done first though nothing of them is read. */
  needs: readonly string[];
  execution: Execution;
}

/** One line of `[publish]`, expanded. */
export interface Publication {
  /** Relative to the project folder (the workflow file's). */
  path: string;
  /** Whether it names one file; a folder otherwise. */
  isFile: boolean;
  binding: Binding;
  place: Place;
}

/** A `[profile.NAME]`; nothing of it enters a key. */
export interface Profile {
  /** Cache folders, of which the first is written to, and the address of a server after them. */
  cache?: string;
  /** File with the token for the server. */
  cache_token?: string;
  jobs?: number;
  /** Absent where every step runs on this machine. */
  executor?: ClusterExecutor;
}

/** Outer folds that test what a search finds. */
export interface OuterFolds {
  /** Of the step that the search's metric is of: each value is an outer fold. */
  axis: string;
  /** Of the evaluation of those who are set aside in each. */
  metric: { step: string; name: string };
}

/** What jobs ask of a scheduler where their step's `resources` ask for nothing. */
interface JobDefaults {
  /** Name of the profile. */
  profile: string;
  /** Processors. */
  cpu?: number;
  /** Bytes, also of the largest request after jobs ran out of memory. */
  memory?: number;
  max_memory?: number;
  /** Seconds, also of the longest request after jobs ran out of time. */
  time?: number;
  max_time?: number;
}

export interface SlurmExecutor extends JobDefaults {
  kind: "slurm";
  partition?: string;
  account?: string;
  /** Of steps that use a GPU, such as `gpu:1`. */
  gres?: string;
  /** Jobs of an array that run at once. */
  array_limit?: number;
  /** Further options of sbatch. */
  options: readonly string[];
}

/** Another scheduler; each command as its words, with `{name}` where a value goes. */
export interface CommandExecutor extends JobDefaults {
  kind: "command";
  /** Submits a job and prints its id. */
  submit: readonly string[];
  /** Prints, among other things, the ids of jobs that have not ended. */
  status: readonly string[];
  cancel: readonly string[];
}

export type ClusterExecutor = SlurmExecutor | CommandExecutor;

/** A `[search.NAME]`. */
export interface Search {
  name: string;
  description?: string;
  /** A metric of a step's model, on its validation set, or of its evaluation. */
  metric: { step: string; name: string };
  goal: "minimize" | "maximize";
  nTrials: number;
  sampler: SamplerName;
  pruner: PrunerSpec;
  seed: number;
  /** Trial k knows the results of the trials up to k - parallel. */
  parallel: number;
  /** Each parameter after those that its condition names. */
  space: readonly SearchParameter[];
  /** By the parameters' addresses. */
  reaches: Readonly<Record<string, readonly Reached[]>>;
  outer?: OuterFolds;
  place?: Place;
}

/** A step as declared, with its instances in order of the matrix. */
export interface Step {
  name: string;
  kind: StepKind;
  description?: string;
  /** Names of the matrix axes, sorted. */
  axes: readonly string[];
  instances: readonly Instance[];
  place: Place;
}

export interface Workflow {
  name: string;
  description?: string;
  /** Absolute path of the file, and its folder. */
  file: string;
  folder: string;
  /** Text of the file and of its includes, by path, for records and excerpts. */
  sources: ReadonlyMap<string, string>;
  params: Readonly<Record<string, Json>>;
  /** In a topological order. */
  steps: readonly Step[];
  /** In a topological order, those of a step side by side. */
  instances: readonly Instance[];
  publications: readonly Publication[];
  /** Paths that the report of a run is published to, relative to the project folder. */
  reports?: readonly string[];
  profile?: Profile;
  /** Absent without any. */
  searches?: readonly Search[];
  /** Line and column of a place; loads the positions parser at its first call. */
  locate(place: Place): Promise<Location>;
}
