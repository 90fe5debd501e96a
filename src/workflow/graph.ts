/** A checked, expanded workflow: what the reader hands to the engine. */
import type { Location } from "../errors.ts";
import type { Json, StepKind } from "./step.ts";

export type AxisValue = string | number | boolean;

/** One edge: which output of which instance, and which element of a list output. */
export interface Binding {
  instance: string;
  output: string;
  index?: number;
}

/** Where a parameter's value was written. */
export interface Origin {
  from: "default" | "include" | "defaults" | "step" | "set" | "sweep";
  location?: Location;
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
  /** Validated, with defaults filled in. */
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
  binding: Binding;
  location: Location;
}

export interface Profile {
  executor?: string;
  cache?: string;
  [key: string]: Json | undefined;
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
  instances: readonly Instance[];
  publications: readonly Publication[];
  profile?: Profile;
}
