/** What a run on a cluster needs of the program: the executor of its profile, and the device of its nodes. */
import { ClusterExecutor, type ClusterOptions } from "../../engine/cluster/cluster_executor.ts";
import { CommandScheduler } from "../../engine/cluster/command.ts";
import type { JobScheduler } from "../../engine/cluster/job_scheduler.ts";
import { firstRequest } from "../../engine/cluster/requests.ts";
import { SlurmScheduler } from "../../engine/cluster/slurm.ts";
import type { Plan } from "../../engine/plan/plan.ts";
import type { RunOptions } from "../../engine/run/run.ts";
import type { Store } from "../../engine/store/store.ts";
import type { Executor } from "../../engine/task/executors/executor.ts";
import { LocalExecutor } from "../../engine/task/executors/local.ts";
import { DataError } from "../../errors.ts";
import { running } from "../../steps/engine_options.ts";
import type {
  ClusterExecutor as ClusterProfile,
  Instance,
  Workflow,
} from "../../workflow/graph.ts";
import { runPlace } from "../../workflow/step.ts";
import { UsageError } from "../arguments.ts";

/** Milliseconds, where a test is in a hurry: see {@link ClusterOptions}. */
export type Pace = Pick<ClusterOptions, "recordsMs" | "queueMs" | "visibilityMs">;

/** Options of the engine that replace those of a run on this machine. */
export type ClusterRunOptions = Pick<
  RunOptions,
  "numericClass" | "confirmDevice" | "deviceSlots" | "executor"
>;

/**
 * Undefined for a workflow whose profile runs everything on this machine.
 *
 * @param local runs the cheap steps; default: one that is made for the run
 * @throws {DataError} when nothing can be submitted with this cache or program
 */
export function openCluster(
  store: Store,
  workflow: Workflow,
  signal: AbortSignal,
  report: (message: string) => void,
  local?: Executor,
  pace: Pace = {},
): ClusterRunOptions | undefined {
  const profile = workflow.profile?.executor;
  if (!profile) return undefined;
  if (!store.writable) {
    throw new DataError(
      store.root,
      "is read-only, and the jobs of a cluster write their results there",
    );
  }
  const scheduler = schedulerOf(profile);
  const program = programPath();
  const nodeAdapter = async () => {
    const { askNode } = await import("./doctor_job.ts");
    return await askNode({
      store,
      profile,
      scheduler,
      program,
      request: deviceRequest(workflow.instances, profile),
      signal,
      report,
      ...pace,
    });
  };
  return {
    numericClass: async (policy) => {
      const { numericClassOf } = await import("../../device/numeric_class.ts");
      return policy === "any" ? {} : numericClassOf(policy, store, await nodeAdapter());
    },
    confirmDevice: () => Promise.resolve(true),
    deviceSlots: () => Promise.resolve(1),
    executor: (run: string, plan: Plan) =>
      new ClusterExecutor(store, plan, run, local ?? new LocalExecutor(store, running), {
        profile,
        scheduler,
        program,
        vectorWidth: async () => {
          const { readNodeAdapter, vectorWidthOf } = await import("../../device/node_adapter.ts");
          const adapter = readNodeAdapter(store, profile);
          return adapter && vectorWidthOf(adapter);
        },
        ...pace,
        onOtherDevice: async () => {
          const { forgetNodeAdapter } = await import("../../device/node_adapter.ts");
          forgetNodeAdapter(store, profile);
        },
        report,
      }),
  };
}

export function schedulerOf(profile: ClusterProfile): JobScheduler {
  return profile.kind === "slurm" ? new SlurmScheduler(profile) : new CommandScheduler(profile);
}

/** What the first step that runs on a device asks for. */
function deviceRequest(instances: readonly Instance[], profile: ClusterProfile) {
  const first = instances.find((instance) => runPlace(instance) === "device");
  return first ? firstRequest(first, {}, profile) : { cpu: 1, gpu: 0 };
}

/** The program as a node starts it. */
function programPath(): string {
  if (Deno.build.standalone) return Deno.execPath();
  const launcher = new URL("../../../gyrus", import.meta.url);
  if (launcher.protocol === "file:") return decodeURIComponent(launcher.pathname);
  throw new UsageError(
    "a cluster's nodes can't start this installation of Gyrus",
    "use a checkout or the compiled program, in a folder that every node sees",
  );
}
