/**
 * Gyrus's public interface; run as a program it is the command line.
 *
 * A step of one's own imports {@link defineStep}, {@link z} and {@link pathParameter} from `gyrus`.
 * A program reads a workflow, opens a cache, and plans or runs:
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
 */
import type { z as Zod } from "zod";
import type { Plan, PlanOptions } from "./src/engine/plan/plan.ts";
import type { RunOptions, RunResult } from "./src/engine/run/run.ts";
import type { Store, StoreOptions } from "./src/engine/store/store.ts";
import type { Workflow } from "./src/workflow/graph.ts";
import type { ReadOptions } from "./src/workflow/read.ts";

export { DataError, DeviceError, type Issue, StepError, WorkflowError } from "./src/errors.ts";
export type { EngineEvent } from "./src/engine/plan/events.ts";
export type { Workflow } from "./src/workflow/graph.ts";
export {
  type Artifact,
  type ArtifactFile,
  type Blob,
  type Checkpoint,
  type CheckpointChain,
  defineStep,
  type Digest,
  type InputPort,
  type Json,
  type OutputPort,
  type Progress,
  type StepContext,
  type StepKind,
  type StepOutput,
} from "./src/workflow/step.ts";
export type { Plan, PlanOptions, ReadOptions, RunOptions, RunResult, Store, StoreOptions };

/** What declares parameters. As a program this module does without: zod takes 25 ms to load. */
const { z: zod, pathParameter: path } = import.meta.main
  ? {} as never
  : { ...await import("zod"), ...await import("./src/workflow/path_parameter.ts") };

/** Zod, for a step's parameters. */
export const z: typeof Zod = zod;

export declare namespace z {
  type infer<Schema extends Zod.ZodType> = Zod.infer<Schema>;
  type input<Schema extends Zod.ZodType> = Zod.input<Schema>;
  type output<Schema extends Zod.ZodType> = Zod.output<Schema>;
}

/** A path, relative to the workflow file's folder; wrap it in `z.array`, `.optional()`, `.default()`. */
export const pathParameter: () => Zod.ZodString = path;

/**
 * Reads, checks and expands a workflow file; it knows Gyrus's own step kinds and loads a user's.
 *
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
 *
 * @throws {WorkflowError} with everything that is wrong with the file and the options
 */
export async function readWorkflow(
  path: string,
  options: Partial<ReadOptions> = {},
): Promise<Workflow> {
  const { reading } = await import("./src/steps/engine_options.ts");
  const { readWorkflow: read } = await import("./src/workflow/read.ts");
  return await read(path, { ...reading, ...options });
}

/**
 * Opens a cache folder, and makes it where it is missing.
 *
 * @throws {DataError} when it can be neither read nor made
 */
export async function openStore(folder: string, options?: StoreOptions): Promise<Store> {
  return (await import("./src/engine/store/store.ts")).openStore(folder, options);
}

/**
 * Which instances are cached, will run or may run, and why. Steps that look at files outside do so.
 *
 * @throws {WorkflowError} on an unknown target
 * @throws {StepError} when a step can't read its data
 */
export async function plan(
  store: Store,
  workflow: Workflow,
  options: PlanOptions = {},
): Promise<Plan> {
  const { planning } = await import("./src/steps/engine_options.ts");
  return await (await import("./src/engine/plan/plan.ts")).plan(store, workflow, {
    ...planning,
    ...options,
  });
}

/**
 * Runs what is not cached, and publishes. A failed step is no exception: look at the result's
 * `status` and `errors`.
 *
 * @throws {WorkflowError} on an unknown target
 * @throws {StepError} when a step can't read its data while planning
 * @throws {DataError} when the cache can't be written
 */
export async function run(
  store: Store,
  workflow: Workflow,
  options: RunOptions = {},
): Promise<RunResult> {
  const { running } = await import("./src/steps/engine_options.ts");
  return await (await import("./src/engine/run/run.ts")).run(store, workflow, {
    ...running,
    ...options,
  });
}

if (import.meta.main) {
  const { main } = await import("./src/cli/main.ts");
  Deno.exit(await main(Deno.args));
}
