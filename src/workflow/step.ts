/**
 * What a step kind declares, and what its `run` is handed.
 *
 * Validation, defaults, types, `schema.json`, `STEPS.md`, `gyrus steps NAME` and
 * the cache key all derive from one `defineStep`.
 */
import type { z } from "zod";

export type Json = null | boolean | number | string | readonly Json[] | {
  readonly [key: string]: Json;
};

/** `sha256-` followed by 64 lower-case hexadecimal digits. */
export type Digest = string;

/** A stored (or external, see {@link StepContext.external}) run of bytes. */
export interface Blob {
  digest: Digest;
  /** Bytes. */
  size: number;
}

/** One file of an artifact, by a relative path with forward slashes. */
export interface ArtifactFile extends Blob {
  path: string;
}

/** A stored output as its consumer sees it: a typed, described tree of files. */
export interface Artifact {
  type: string;
  /** Digest of the manifest; it covers type, meta and every file. */
  digest: Digest;
  /** A small description; its fields depend on the type (ARCHITECTURE, Artifacts). */
  meta: { readonly [key: string]: Json };
  /** Sorted by path. */
  files: readonly ArtifactFile[];
  /** Elements, when the artifact is a list such as `folds`. */
  items?: readonly Artifact[];
  /** Matrix coordinates of the producing instance, for inputs bound with `[*]`. */
  axes?: Readonly<Record<string, string | number | boolean>>;
  /** @throws {DataError} when the artifact has no such file or its bytes are corrupt */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
  readText(path: string): Promise<string>;
}

/** What `run` returns for one output: bulky files are put first and named by blob. */
export interface StepOutput {
  meta?: { readonly [key: string]: Json };
  files?: Readonly<Record<string, Uint8Array | string | Blob>>;
  /** For list outputs. */
  items?: readonly StepOutput[];
}

export interface Progress {
  /** Between 0 and 1. */
  fraction?: number;
  /** For instance "epoch 3/20"; shown beside the bar. */
  message?: string;
  /** Such as `{ loss: 0.41, balanced_accuracy: 0.8 }`; recorded as events for curves. */
  metrics?: Readonly<Record<string, number>>;
}

/** The newest intermediate state of a step that can go on where it stopped. */
export interface Checkpoint {
  /** Value of the chain parameter that the state has reached, such as the epoch. */
  position: number;
  artifact: Artifact;
}

/** Present when the step kind declares `chain`. */
export interface CheckpointChain {
  /** The newest checkpoint at or before `upTo`. */
  latest(upTo: number): Promise<Checkpoint | undefined>;
  /**
   * Publishes a checkpoint; older ones become garbage unless `final`. Bytes that a draft brings
   * itself are removed from the disk then; blobs that were put are left to the garbage collector,
   * since outputs may name them.
   */
  save(position: number, draft: StepOutput, options?: { final?: boolean }): Promise<void>;
}

/** @template P parameters; @template S services the engine passes through unseen */
export interface StepContext<P = Record<string, Json>, S = unknown> {
  readonly params: P;
  /** One artifact a port; an array for ports declared `many`. Absent optional ports are missing. */
  readonly inputs: Readonly<Record<string, Artifact | readonly Artifact[]>>;
  readonly services: S;
  /** Aborted at the first interrupt or a timeout: save what can be saved, then throw `signal.reason`. */
  readonly signal: AbortSignal;
  /** Worker threads that this instance may use beside itself. */
  readonly cpus: number;
  log(message: string): void;
  warn(message: string): void;
  progress(update: Progress): void;
  /** Stores bytes at once so that memory stays bounded. */
  put(bytes: Uint8Array): Promise<Blob>;
  /** Reads a blob by digest, stored or external. @throws {DataError} if gone, changed or corrupt */
  get(blob: Blob): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Digest of a file outside the store through the hash memo; its path is remembered beside the
   * digest (never in a key) and it is checked for change again before the step's outputs are published.
   */
  external(path: string): Promise<Blob>;
  /**
   * A cached part of a step, such as one volume's slices. Its key is the step's kind and version,
   * `key` and nothing else, so it survives a change of the rest of the step.
   */
  memo(key: Json, compute: () => Promise<Uint8Array>): Promise<Blob>;
  readonly checkpoints?: CheckpointChain;
}

/** In place of an input that no step has made yet: what its step declares of it beforehand. */
export interface DeclaredInput {
  readonly declared: Json;
}

/** An input, or what its step declares of it. */
export type PreflightInput = Artifact | DeclaredInput;

/** @template P parameters */
export interface PreflightContext<P = Record<string, Json>> {
  readonly params: P;
  /** The ports of `reads` that are connected. */
  readonly inputs: Readonly<Record<string, PreflightInput | readonly PreflightInput[]>>;
}

/** A check of some inputs before the others exist. */
export interface Preflight<P = Record<string, Json>> {
  /** Ports that the check reads, as soon as each exists or the step that makes it declares it. */
  reads: readonly string[];
  /**
   * @returns what is known of each output already, for steps whose preflight reads it
   * @throws {DataError} on inputs that `run` would refuse
   */
  check(context: PreflightContext<P>): Promise<Readonly<Record<string, Json>>>;
}

export interface InputPort {
  /** Artifact types that fit. */
  types: readonly string[];
  description: string;
  optional?: boolean;
  /** Takes every instance of a fan-in reference `step[*]`, or one. */
  many?: boolean;
}

export interface OutputPort {
  /** Artifact type; `folds` is a list of `fold`, written `list: "fold"`. */
  type: string;
  /** Type of the elements when the output is a list. */
  list?: string;
  /** Number of elements of a list, where the parameters tell. */
  length?: number;
  description: string;
  /**
   * Files that `[publish]` writes for this output, by relative path; the artifact's own files when
   * absent. An output that is published to a path with an extension must have exactly one file.
   */
  publish?: (artifact: Artifact, target: PublishTarget) => Promise<void>;
}

/** Files may be written side by side. */
export interface PublishTarget {
  /** @param content a large one may come in pieces, which stand one after another */
  write(path: string, content: Uint8Array | string | readonly Uint8Array[]): Promise<void>;
  /** Copies a stored blob without loading it. */
  copy(path: string, blob: Blob): Promise<void>;
}

/** What an instance is expected to cost; shown by `gyrus plan` and used to schedule. */
export interface Estimate {
  seconds?: number;
  /** Of the store. */
  diskBytes?: number;
  deviceBytes?: number;
  memoryBytes?: number;
}

export interface StepKind<Schema extends z.ZodObject = z.ZodObject, S = unknown> {
  /** As written after `uses`, such as `extract.slices`. */
  kind: string;
  /** Raised whenever the same inputs give other bytes. */
  version: number;
  /** Of a user's own step: the digest of its modules, which enters the key beside the version. */
  code?: Digest;
  /** One line. */
  summary: string;
  /** Markdown for STEPS.md: what it does, its differences from ClinicaDL. */
  description?: string;
  /** Every field has a description. Fields of type path are made by `pathParameter`. */
  params: Schema;
  inputs: Readonly<Record<string, InputPort>>;
  /** A function where output names depend on parameters (`subset_name`). */
  outputs:
    | Readonly<Record<string, OutputPort>>
    | ((params: z.output<Schema>) => Readonly<Record<string, OutputPort>>);
  /**
   * Where it runs: `inline` on the main thread (cheap tables), `worker` on a thread of its own,
   * `device` likewise, with a slot of the gpu pool and the numeric class in its key.
   */
  runs: "inline" | "worker" | "device";
  /** Processors to ask for where the workflow names no `resources.cpu`, or as many as there are; else 1. */
  cpu?: number;
  /**
   * Whether it reads the outside world (`caps.open`): it then runs at plan time and its record is
   * never trusted without looking again.
   */
  source?: boolean;
  /** The numeric parameter that training can be continued along, such as `epochs`. */
  chain?: string;
  /** Parameters that never change a result, such as `checkpoint_interval`: no part of any key. */
  unkeyed?: readonly string[];
  /**
   * A parameter that names a file of parameters (`config_file`): the reader parses it before
   * validation, what the step writes itself goes before it, and the parameter leaves no trace.
   */
  preset?: {
    parameter: string;
    /** @throws {DataError} when the file can't be understood */
    parse(text: string, subject: string): Readonly<Record<string, Json>>;
  };
  // Checks before `run`, in the order in which they are called:
  //
  // | hook          | when                                  | sees                              |
  // |---------------|---------------------------------------|-----------------------------------|
  // | `checkParams` | reading the file, `gyrus check`       | parameters                        |
  // | `planNotes`   | `gyrus plan`                          | parameters, names of inputs       |
  // | `preflight`   | the inputs it reads exist or are      | parameters, those inputs          |
  // |               | declared                              |                                   |
  // | `checkInputs` | all inputs exist, nothing long has    | parameters, all inputs            |
  // |               | started that waits for a pool         |                                   |
  //
  // `checkParams` returns problems, the last two throw a DataError, `planNotes` does neither.

  /** Problems that a schema can't express: one message each, naming the parameter. */
  checkParams?(
    params: z.output<Schema>,
  ): readonly { parameter?: string; message: string; suggestion?: string }[];
  /**
   * What a plan prints with the reason, such as which initial weights a training uses.
   *
   * @param connected names of the ports that the workflow connects
   */
  planNotes?(params: z.output<Schema>, connected: readonly string[]): readonly string[];
  /** Reports bad label tables before slices are cut, and leakage before a model is trained. */
  preflight?: Preflight<z.output<Schema>>;
  /**
   * Reports a problem of the last fold before the first one is trained.
   *
   * @throws {DataError} on inputs that `run` would refuse
   */
  checkInputs?(context: Pick<StepContext<z.output<Schema>, S>, "params" | "inputs">): Promise<void>;
  estimate?(
    params: z.output<Schema>,
    inputs: Readonly<Record<string, readonly Artifact[]>>,
  ): Estimate;
  run(context: StepContext<z.output<Schema>, S>): Promise<Readonly<Record<string, StepOutput>>>;
}

/** Step kinds by name, each loaded when it is asked for. */
export type StepModules = Readonly<Record<string, () => Promise<{ default: StepKind }>>>;

/** Declares a step kind; it only fixes the types. Algorithms are imported inside `run`. */
export function defineStep<Schema extends z.ZodObject, S = unknown>(
  kind: StepKind<Schema, S>,
): StepKind<Schema, S> {
  return kind;
}
