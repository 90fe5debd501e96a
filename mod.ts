/**
 * Gyrus's public interface; run as a program it is the command line.
 *
 * - A user's own step imports {@link defineStep}, {@link z} and {@link pathParameter} from `gyrus`.
 * - A program calls {@link readWorkflow}, {@link openStore}, and {@link plan} or {@link run}.
 *
 * ```ts
 * import { openStore, plan, readWorkflow } from "gyrus";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(
 *   `${folder}/workflow.toml`,
 *   'version = 1\n[steps.caps]\nuses = "generate.phantom"\n',
 * );
 * const workflow = await readWorkflow(`${folder}/workflow.toml`);
 * const { counts } = await plan(await openStore(`${folder}/.gyrus`), workflow);
 * console.assert(counts["will-run"] === 1);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @module
 */
import type { z as Zod } from "zod";
import type { FullDisk } from "./src/engine/plan/disk_space.ts";
import type { Counts, EngineEvent, EventBody, RunStatus } from "./src/engine/plan/events.ts";
import type { RunEstimate } from "./src/engine/plan/forecast.ts";
import type { PlanState } from "./src/engine/plan/planned_instance.ts";
import type { Reason } from "./src/engine/plan/reason.ts";
import type { InstanceSelection } from "./src/engine/plan/select.ts";
import type { Store as OpenedStore, VerifyPolicy } from "./src/engine/store/store.ts";
import type { AxisValue, Workflow as ReadWorkflow } from "./src/workflow/graph.ts";
import type { Digest, Estimate, Json, ParameterSchema, UserStep } from "./src/workflow/step.ts";

export {
  DataError,
  DeviceError,
  type Issue,
  type Location,
  StepError,
  WorkflowError,
} from "./src/errors.ts";
export type { AxisValue, Origin, Place } from "./src/workflow/graph.ts";
export type {
  Artifact,
  ArtifactFile,
  Blob,
  Checkpoint,
  CheckpointChain,
  Digest,
  Estimate,
  InputPort,
  Json,
  ParameterSchema,
  Progress,
  StepOutput,
  UserOutputPort,
  UserStep,
  UserStepContext,
} from "./src/workflow/step.ts";
export type {
  Counts,
  EngineEvent,
  EventBody,
  FullDisk,
  InstanceSelection,
  PlanState,
  Reason,
  RunEstimate,
  RunStatus,
  VerifyPolicy,
};

/** Constructors of parameters. As a program this module omits them: zod takes 25 ms to load. */
const { z: zod, pathParameter: path } = import.meta.main
  ? {} as never
  : { ...await import("zod"), ...await import("./src/workflow/path_parameter.ts") };

/**
 * Zod 4, which declares the parameters of a step.
 *
 * @example
 * ```ts
 * import { z } from "gyrus";
 *
 * const params = z.object({ threshold: z.number().min(0).default(0.5).describe("Lowest score") });
 * console.assert(params.parse({}).threshold === 0.5);
 * ```
 */
export const z: typeof Zod = zod;

/** Types of what a zod schema accepts and of what it returns. */
export declare namespace z {
  /** The type of a schema's result. */
  type infer<Schema extends ParameterSchema> = Schema["_zod"]["output"];
  /** The type of what a schema accepts. */
  type input<Schema extends ParameterSchema> = Schema["_zod"]["input"];
  /** The type of a schema's result. */
  type output<Schema extends ParameterSchema> = Schema["_zod"]["output"];
}

/**
 * A parameter that is a path, relative to the workflow file's folder: a zod string, which
 * `z.array`, `.optional()` and `.default()` accept. The content that the path names, not its text,
 * enters the step's key.
 *
 * @example
 * ```ts
 * import { pathParameter, z } from "gyrus";
 *
 * const params = z.object({ atlas: pathParameter().optional().describe("A NIfTI file") });
 * console.assert(params.parse({ atlas: "atlas.nii" }).atlas === "atlas.nii");
 * ```
 */
export const pathParameter: () => InstanceType<(typeof Zod)["ZodString"]> = path;

/**
 * Declares a step of one's own: the default export of a module that a workflow names by
 * `uses = "./my_step.ts"`. Returns its argument and infers the types of the parameters.
 *
 * @example
 * ```ts
 * import { type Artifact, defineStep, z } from "gyrus";
 *
 * const step = defineStep({
 *   kind: "count.rows",
 *   version: 1,
 *   summary: "Counts the rows of a table",
 *   params: z.object({
 *     header: z.boolean().default(true).describe("Whether the first line is a header"),
 *   }),
 *   inputs: { labels: { types: ["labels"], description: "The table" } },
 *   outputs: { table: { type: "table", description: "One number" } },
 *   async run({ params, inputs }) {
 *     const text = await (inputs.labels as Artifact).readText("table.tsv");
 *     const rows = text.trimEnd().split("\n").length - (params.header ? 1 : 0);
 *     return { table: { files: { "table.tsv": `rows\n${rows}\n` } } };
 *   },
 * });
 * console.assert(step.kind === "count.rows");
 * ```
 */
export function defineStep<Schema extends ParameterSchema>(
  step: UserStep<Schema>,
): UserStep<Schema> {
  return step;
}

/** Changes to a workflow file while it is read. */
export interface ReadOptions {
  /** As `--set`: `params.x=1` or `step.parameter=1`. */
  readonly set?: readonly string[];
  /** As `--sweep`: `step.parameter=1,2`. */
  readonly sweep?: readonly string[];
  /** Name of a `[profile.NAME]`. */
  readonly profile?: string;
}

/** A step at one point of its matrix. */
export interface Instance {
  /** `train[fold=2,multi_network=true]`; the bare step name without a matrix. */
  readonly name: string;
  /** Name of the step. */
  readonly step: string;
  /** Its point of the matrix. */
  readonly axes: Readonly<Record<string, AxisValue>>;
  /** Validated, with defaults filled in; paths are absolute. */
  readonly params: Readonly<Record<string, Json>>;
}

/** A workflow file, checked and expanded by {@link readWorkflow}. */
export interface Workflow {
  /** The file's `name`; its base name where it has none. */
  readonly name: string;
  /** The file's `description`. */
  readonly description?: string;
  /** Absolute path of the file. */
  readonly file: string;
  /** Absolute path of the file's folder. */
  readonly folder: string;
  /** Values of `[params]`. */
  readonly params: Readonly<Record<string, Json>>;
  /** In a topological order. */
  readonly instances: readonly Instance[];
}

/** How a cache folder is opened. */
export interface StoreOptions {
  /** Further cache folders, read-only: what the first lacks is looked up there, in order. */
  readonly lower?: readonly string[];
  /** When the digests of stored files are checked; default `first`. */
  readonly verify?: VerifyPolicy;
}

/** A cache folder, opened by {@link openStore}. */
export interface Store {
  /** Path of the folder. */
  readonly root: string;
  /** Further cache folders, read-only. */
  readonly lower: readonly string[];
  /** False on a disk that refuses writes: cached results are found, nothing can run. */
  readonly writable: boolean;
}

/** Which instances to plan, and who listens. */
export interface PlanOptions extends InstanceSelection {
  /** Stops the steps that read files outside the store. */
  readonly signal?: AbortSignal;
  /** Called with what those steps log. */
  readonly onEvent?: (event: EventBody) => void;
}

/** An instance with its state and the reasons for it. */
export interface PlannedInstance {
  /** The instance. */
  readonly instance: Instance;
  /** Whether it is cached. */
  readonly state: PlanState;
  /** Of its record; unknown while an input is. */
  readonly key?: Digest;
  /** Why it will or may run; empty when cached. */
  readonly reasons: readonly Reason[];
  /** Of its cost; empty when cached. */
  readonly estimate: Estimate;
  /** Value of the chain parameter, such as the epoch, of the checkpoint that it will resume from. */
  readonly resumesFrom?: number;
}

/** What {@link plan} returns. */
export interface Plan {
  /** In the workflow's order. */
  readonly instances: readonly PlannedInstance[];
  /** Instances by state. */
  readonly counts: Readonly<Record<PlanState, number>>;
  /** Sums over what will or may run; `deviceBytes` and `memoryBytes` are the largest. */
  readonly estimate: RunEstimate;
}

/** Which instances to run, and how. */
export interface RunOptions extends InstanceSelection {
  /** First interrupt: nothing more starts; running steps are asked to save and stop. */
  readonly signal?: AbortSignal;
  /** Second interrupt: nothing is waited for. */
  readonly kill?: AbortSignal;
  /** Whether instances that don't depend on a failed one still run. */
  readonly keepGoing?: boolean;
  /** Whether stored parts and checkpoints of steps are ignored. */
  readonly fresh?: boolean;
  /** Threads that may work at once; default: as many as the processor has. */
  readonly jobs?: number;
  /** Bytes that steps may ask for together; unbounded when absent. */
  readonly memory?: number;
  /** Whether published files that were edited, and files that Gyrus did not write, are overwritten. */
  readonly forcePublish?: boolean;
  /** Called with every event; must not throw. */
  readonly onEvent?: (event: EngineEvent) => void;
}

/** What {@link run} returns. */
export interface RunResult {
  /** Names the run's folder in the store; absent when the store is read-only. */
  readonly id?: string;
  /** How it ended. */
  readonly status: RunStatus;
  /** Instances by outcome. */
  readonly counts: Counts;
  /** What was planned. */
  readonly plan: Plan;
  /** How long it took. */
  readonly seconds: number;
  /** Errors of failed instances and refused publications, in order of time. */
  readonly errors: readonly Error[];
}

/**
 * Reads, checks and expands a workflow file. Gyrus's own steps are known; a user's are loaded.
 *
 * @param path of the file
 * @throws {WorkflowError} with every problem of the file and the options
 *
 * @example
 * ```ts
 * import { readWorkflow, WorkflowError } from "gyrus";
 *
 * const file = await Deno.makeTempFile({ suffix: ".toml" });
 * await Deno.writeTextFile(file, 'version = 1\n[steps.caps]\nuses = "caps.opne"\n');
 * try {
 *   await readWorkflow(file);
 * } catch (error) {
 *   if (!(error instanceof WorkflowError)) throw error;
 *   console.assert(error.issues[0].suggestion === 'did you mean "caps.open"?');
 * }
 * await Deno.remove(file);
 * ```
 */
export async function readWorkflow(path: string, options: ReadOptions = {}): Promise<Workflow> {
  const { reading } = await import("./src/steps/engine_options.ts");
  const { readWorkflow: read } = await import("./src/workflow/read.ts");
  return await read(path, { ...options, ...reading });
}

/**
 * Opens a cache folder, and makes it where it is missing.
 *
 * @throws {DataError} when it can be neither read nor made
 *
 * @example
 * ```ts
 * import { openStore } from "gyrus";
 *
 * const folder = await Deno.makeTempDir();
 * const store = await openStore(`${folder}/.gyrus`);
 * console.assert(store.writable);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function openStore(folder: string, options?: StoreOptions): Promise<Store> {
  return (await import("./src/engine/store/store.ts")).openStore(folder, options);
}

/**
 * Reports which instances are cached, will run or may run, and why. Steps that read files outside
 * the store (`caps.open`) run now, so that the keys of the steps that depend on them are known.
 *
 * @throws {WorkflowError} on an unknown target
 * @throws {StepError} when a step can't read its data
 *
 * @example
 * ```ts
 * import { openStore, plan, readWorkflow } from "gyrus";
 *
 * const folder = await Deno.makeTempDir();
 * const file = `${folder}/workflow.toml`;
 * await Deno.writeTextFile(file, 'version = 1\n[steps.heads]\nuses = "generate.phantom"\n');
 * const { instances } = await plan(await openStore(`${folder}/.gyrus`), await readWorkflow(file));
 * const [{ instance, state, reasons }] = instances;
 * console.assert(instance.name === "heads" && state === "will-run");
 * console.assert(reasons[0].cause === "no-record");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function plan(
  store: Store,
  workflow: Workflow,
  options: PlanOptions = {},
): Promise<Plan> {
  const { planning } = await import("./src/steps/engine_options.ts");
  const { plan } = await import("./src/engine/plan/plan.ts");
  return await plan(await opened(store), expanded(workflow), { ...options, ...planning });
}

/**
 * Runs what is not cached, and publishes. A failed step is no exception: read `status` and `errors`
 * of the result.
 *
 * @throws {WorkflowError} on an unknown target
 * @throws {StepError} when a step can't read its data while planning
 * @throws {DataError} when the cache can't be written
 *
 * @example
 * ```ts
 * import { openStore, readWorkflow, run } from "gyrus";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(
 *   `${folder}/workflow.toml`,
 *   `version = 1
 * [steps.heads]
 * uses = "generate.shepplogan"
 * with = { n_subjects = 2, image_size = 8 }
 * [publish]
 * "caps" = "heads.caps"
 * `,
 * );
 * const workflow = await readWorkflow(`${folder}/workflow.toml`);
 * const { status, counts } = await run(await openStore(`${folder}/.gyrus`), workflow);
 * console.assert(status === "done" && counts.done === 1);
 * console.assert((await Deno.stat(`${folder}/caps/participants.tsv`)).isFile);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function run(
  store: Store,
  workflow: Workflow,
  options: RunOptions = {},
): Promise<RunResult> {
  const { running } = await import("./src/steps/engine_options.ts");
  const { run } = await import("./src/engine/run/run.ts");
  return await run(await opened(store), expanded(workflow), { ...options, ...running });
}

async function opened(store: Store): Promise<OpenedStore> {
  const { Store } = await import("./src/engine/store/store.ts");
  if (store instanceof Store) return store;
  throw new TypeError("the store must be one that openStore has returned");
}

function expanded(workflow: Workflow): ReadWorkflow {
  if (isExpanded(workflow)) return workflow;
  throw new TypeError("the workflow must be one that readWorkflow has returned");
}

function isExpanded(workflow: Workflow): workflow is ReadWorkflow {
  return "steps" in workflow && "locate" in workflow;
}

if (import.meta.main) {
  const { main } = await import("./src/cli/main.ts");
  Deno.exit(await main(Deno.args));
}
