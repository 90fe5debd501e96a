/**
 * What a step kind declares, and the context that its `run` receives.
 *
 * Validation, defaults, types, `schema.json`, `STEPS.md`, `gyrus steps NAME` and the cache key all
 * derive from one `defineStep`. The `User...` types are the part that a user's own step may use;
 * `mod.ts` exports them.
 */
import type { z } from "zod";
import { pathParametersOf } from "./path_names.ts";
import type { Artifact, Blob, Digest, Json, StepOutput } from "./artifact.ts";

export type { Artifact, ArtifactFile, Blob, Digest, Json, StepOutput } from "./artifact.ts";

/** How far a step has come. */
export interface Progress {
  /** Between 0 and 1. */
  fraction?: number;
  /** For instance "epoch 3/20"; shown next to the bar. */
  message?: string;
  /** Such as `{ loss: 0.41, balanced_accuracy: 0.8 }`; recorded as events for curves. */
  metrics?: Readonly<Record<string, number>>;
}

/** The newest intermediate state of a step that can go on where it stopped. */
export interface Checkpoint {
  /** Value of the chain parameter that the state has reached, such as the epoch. */
  position: number;
  /** What was saved. */
  artifact: Artifact;
}

/** Present when the step kind declares `chain`. */
export interface CheckpointChain {
  /** The newest checkpoint at or before `upTo`. */
  latest(upTo: number): Promise<Checkpoint | undefined>;
  /**
   * Publishes a checkpoint; older ones become garbage unless they are `final`. Bytes that an older
   * one brought itself are then removed from the disk; blobs that were put are left to the garbage
   * collector, since outputs may name them.
   */
  save(position: number, state: StepOutput, options?: { final?: boolean }): Promise<void>;
}

/**
 * The part of a zod schema that types need: every zod schema fits, such as `z.object({ ... })`.
 */
export interface ParameterSchema {
  /** Types of what the schema accepts and of what it returns. */
  readonly _zod: { readonly input: unknown; readonly output: unknown };
}

/**
 * What the `run` of a user's own step receives.
 *
 * @template P parameters
 */
export interface UserStepContext<P = Record<string, Json>> {
  /** Validated, with defaults filled in; paths are absolute. */
  readonly params: P;
  /** One artifact a port; an array for ports declared `many`. Absent optional ports are missing. */
  readonly inputs: Readonly<Record<string, Artifact | readonly Artifact[]>>;
  /** Aborted at the first interrupt or a timeout: save what can be saved, then throw `signal.reason`. */
  readonly signal: AbortSignal;
  /** Worker threads that this instance may use besides its own. */
  readonly cpus: number;
  /** Adds a line to the instance's log. */
  log(message: string): void;
  /** As {@link UserStepContext.log}; the line is also shown in the terminal and in the report. */
  warn(message: string): void;
  /** Reports how far the step has come. */
  progress(update: Progress): void;
  /** Stores bytes at once so that memory stays bounded. */
  put(bytes: Uint8Array): Promise<Blob>;
  /**
   * Reads a blob by digest, stored or external.
   *
   * @throws {DataError} when it is gone, changed or corrupt
   */
  get(blob: Blob): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Digest of a file outside the store through the hash memo. The path is stored with the digest
   * (never in a key); the file is checked for changes again before the step's outputs are published.
   */
  external(path: string): Promise<Blob>;
  /**
   * A cached part of a step, such as one volume's slices. Its key is the step's kind and version,
   * `key` and nothing else, so it survives a change of the rest of the step.
   */
  memo(key: Json, compute: () => Promise<Uint8Array>): Promise<Blob>;
  /** Present when the step declares `chain`. */
  readonly checkpoints?: CheckpointChain;
}

/** @template P parameters; @template S services that the engine passes on without using them */
export interface StepContext<P = Record<string, Json>, S = unknown> extends UserStepContext<P> {
  readonly services: S;
}

/** Replaces an input that no step has made yet: what the step that will make it declares of it. */
export interface DeclaredInput {
  readonly declared: Json;
}

/** An input, or what its step declares of it. */
export type PreflightInput = Artifact | DeclaredInput;

/** @template P parameters */
export interface PreflightContext<P = Record<string, Json>> {
  readonly params: P;
  /** The connected ports of `reads`, and those of `readsIfKnown` that are known. */
  readonly inputs: Readonly<Record<string, PreflightInput | readonly PreflightInput[]>>;
  /** The connected ports of `readsIfKnown` of which nothing is known yet. */
  readonly unknown: readonly string[];
}

/** A check of some inputs before the others exist. */
export interface Preflight<P = Record<string, Json>> {
  /** Ports that the check reads, as soon as each exists or the step that makes it declares it. */
  reads: readonly string[];
  /** Ports that it reads too where they are known; when one becomes known later, it runs again. */
  readsIfKnown?: readonly string[];
  /**
   * Depends on nothing but its argument and the files that it names: a plan keeps what it returns.
   *
   * @returns what is known of each output already, for steps whose preflight reads it
   * @throws {DataError} on inputs that `run` would refuse
   */
  check(context: PreflightContext<P>): Promise<Readonly<Record<string, Json>>>;
}

/** An input of a step. */
export interface InputPort {
  /** Artifact types that fit. */
  types: readonly string[];
  /** One sentence, for the documentation. */
  description: string;
  /** Whether a workflow may leave it unconnected. */
  optional?: boolean;
  /** Accepts every instance of a fan-in reference `step[*]`, or a single artifact. */
  many?: boolean;
}

/** An output of a user's own step; its files are published as they are. */
export interface UserOutputPort {
  /** Artifact type; `folds` is a list of `fold`, written `list: "fold"`. */
  type: string;
  /** Type of the elements when the output is a list. */
  list?: string;
  /** Number of elements of a list, where the parameters determine it. */
  length?: number;
  /** One sentence, for the documentation. */
  description: string;
}

/** An output of a step. */
export interface OutputPort extends UserOutputPort {
  /** Whether its participants are kept for the last test, so that no search may read them. */
  setAside?: boolean;
  /**
   * Files that `[publish]` writes for this output, by relative path; the artifact's own files when
   * absent. For a type that is published as one file it writes exactly one.
   */
  publish?: (artifact: Artifact, target: PublishTarget) => Promise<void>;
}

/** Writes published files; several may be written at once. */
export interface PublishTarget {
  /** @param content a large one may come in pieces, which are joined */
  write(path: string, content: Uint8Array | string | readonly Uint8Array[]): Promise<void>;
  /** Copies a stored blob without loading it. */
  copy(path: string, blob: Blob): Promise<void>;
}

/** What an instance is expected to cost; shown by `gyrus plan` and used to schedule. */
export interface Estimate {
  /** Of computing. */
  seconds?: number;
  /** Added to the store. */
  diskBytes?: number;
  /** Peak of the device's memory. */
  deviceBytes?: number;
  /** Peak of the processor's memory. */
  memoryBytes?: number;
  /** Bytes of an output where it is published. */
  publishedBytes?: Readonly<Record<string, number>>;
}

/**
 * What a user's own step declares.
 *
 * @template Schema of the parameters
 */
export interface UserStep<Schema extends ParameterSchema = ParameterSchema> {
  /** Such as `extract.slices`. */
  kind: string;
  /** A whole number, raised whenever the same inputs give other bytes. */
  version: number;
  /** One line. */
  summary: string;
  /** Markdown for STEPS.md: what it does, its differences from ClinicaDL. */
  description?: string;
  /** A `z.object`; every field has a description. `pathParameter` makes fields of type path. */
  params: Schema;
  /** By name. */
  inputs: Readonly<Record<string, InputPort>>;
  /** By name. */
  outputs: Readonly<Record<string, UserOutputPort>>;
  /** Needs no mention: a user's own step always runs in a worker of its own. */
  runs?: "inline" | "worker";
  /** The numeric parameter that training can be continued along, such as `epochs`. */
  chain?: string;
  /** Parameters that never change a result, such as `checkpoint_interval`: no part of any key. */
  unkeyed?: readonly string[];
  /** Computes the outputs, by name. */
  run(
    context: UserStepContext<Schema["_zod"]["output"]>,
  ): Promise<Readonly<Record<string, StepOutput>>>;
}

export type RunPlace = "inline" | "worker" | "device";

/** What one of Gyrus's own steps declares. */
export interface StepDeclaration<Schema extends z.ZodObject = z.ZodObject, S = unknown>
  extends Omit<UserStep<Schema>, "outputs" | "runs" | "run"> {
  /** A function where output names depend on parameters (`subset_name`). */
  outputs:
    | Readonly<Record<string, OutputPort>>
    | ((params: z.output<Schema>) => Readonly<Record<string, OutputPort>>);
  /**
   * Where it runs: `inline` on the main thread (cheap tables), `worker` on a thread of its own,
   * `device` likewise, with a slot of the gpu pool and the numeric class in its key. A function where
   * a parameter decides it.
   */
  runs: RunPlace | ((params: z.output<Schema>) => RunPlace);
  /** Processors that it uses where the workflow names no `resources.cpu`, at most all; default 1. */
  cpu?: number;
  /**
   * Whether it reads the outside world (`caps.open`): it then runs at plan time and its record is
   * never trusted without reading it again.
   */
  source?: boolean;
  /**
   * A parameter that names a file of parameters (`config_file`): the reader parses it before
   * validation, values that the step writes itself override it, and the parameter is then dropped.
   */
  preset?: {
    parameter: string;
    /** @throws {DataError} when the file can't be understood */
    parse(text: string, subject: string): Promise<Readonly<Record<string, Json>>>;
    /**
     * Reads the file of a search (its `config_file`): domains by parameter, as in its `space`.
     *
     * @throws {DataError} when the file can't be understood
     */
    parseSpace?(text: string, subject: string): Promise<Readonly<Record<string, Json>>>;
  };
  /**
   * Parameters that decide from which participants or values a metric of the outputs is computed: searches by that metric
   * must not vary them.
   */
  metricParameters?(metric: string): readonly string[];
  /** Parameters that the kind had once, each with what replaces it: the error's suggestion. */
  replaced?: Readonly<Record<string, string>>;
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
  planNotes?(
    params: z.output<Schema>,
    connected: readonly string[],
  ): readonly string[] | Promise<readonly string[]>;
  /** Reports bad label tables before slices are cut, and leakage before a model is trained. */
  preflight?: Preflight<z.output<Schema>>;
  /**
   * Reports a problem of the last fold before the first one is trained.
   *
   * @throws {DataError} on inputs that `run` would refuse
   */
  checkInputs?(context: Pick<StepContext<z.output<Schema>, S>, "params" | "inputs">): Promise<void>;
  /**
   * What a run will cost that no earlier one has shown: disk from parameters and shapes, time only
   * where it was measured. It depends on nothing but its arguments, the files that they name and the
   * number of processors: a plan keeps it for later ones.
   *
   * @param inputs those that exist or are declared, by port
   * @param inputBytes sizes of the inputs, by port, where all of a port are known or estimated
   */
  estimate?(
    params: z.output<Schema>,
    inputs: Readonly<Record<string, readonly PreflightInput[]>>,
    inputBytes: Readonly<Record<string, number>>,
  ): Estimate | Promise<Estimate>;
  run(context: StepContext<z.output<Schema>, S>): Promise<Readonly<Record<string, StepOutput>>>;
}

/** A declared step, Gyrus's own or a user's, as the reader and the engine use it. */
export interface StepKind<Schema extends z.ZodObject = z.ZodObject, S = unknown>
  extends StepDeclaration<Schema, S> {
  /** Names of the parameters that are a path or a list of paths. */
  pathParameters: readonly string[];
  /** Of a user's own step: the digest of its modules, which enters the key with the version. */
  code?: Digest;
  /** Of a user's own step: the absolute path of its module. */
  module?: string;
}

/** Outputs that a kind has with these parameters. */
export function outputPorts(
  kind: StepKind,
  params: Readonly<Record<string, unknown>>,
): Readonly<Record<string, OutputPort>> {
  return typeof kind.outputs === "function" ? kind.outputs(params) : kind.outputs;
}

/** Where an instance of a kind runs. */
export function runPlace(
  { kind, params }: { kind: StepKind; params: Readonly<Record<string, Json>> },
): RunPlace {
  return typeof kind.runs === "function" ? kind.runs(params) : kind.runs;
}

/** Whether it runs on the main thread within milliseconds, as tables do; never a user's own step. */
export function isQuick(
  instance: { kind: StepKind; params: Readonly<Record<string, Json>> },
): boolean {
  return runPlace(instance) === "inline" && instance.kind.code === undefined;
}

/** Step kinds by name, each loaded when it is needed. */
export type StepModules = Readonly<Record<string, () => Promise<{ default: StepKind }>>>;

/** Declares a step kind. Algorithms are imported inside `run`. */
export function defineStep<Schema extends z.ZodObject, S = unknown>(
  declaration: StepDeclaration<Schema, S>,
): StepKind<Schema, S> {
  return { ...declaration, pathParameters: pathParametersOf(declaration.params) };
}
