/** Runs a workflow: plans it, executes what is not cached, publishes, and records all of it. */
import type { DataError } from "../../errors.ts";
import type { Workflow } from "../../workflow/graph.ts";
import { runPlace } from "../../workflow/step.ts";
import type { Counts, EngineEvent, EventBody, EventListener, RunStatus } from "../plan/events.ts";
import type { Executor } from "../task/executors/executor.ts";
import { LocalExecutor } from "../task/executors/local.ts";
import { findFullDisks } from "../plan/disk_space.ts";
import { readLastKeys } from "../plan/nearest.ts";
import { type Plan, plan, type PlanOptions } from "../plan/plan.ts";
import { publishOutputs } from "../publish/publish.ts";
import {
  type InstanceEntry,
  newRunId,
  RunFolder,
  type RunRecord,
  type RunRequest,
} from "./run_folder.ts";
import { isPending } from "../plan/planned_instance.ts";
import { keysOf, type Node } from "./node.ts";
import { Pools } from "./pools.ts";
import { Scheduler, type SchedulerOptions } from "./scheduler.ts";
import type { Store } from "../store/store.ts";

export interface RunOptions extends Omit<PlanOptions, "onEvent" | "signal">, SchedulerOptions {
  /** Threads that may work at once; default: as many as the processor has. */
  jobs?: number;
  /**
   * Whether the device is the one that the keys of the store's plans name; called before device steps
   * run. If it is not, the workflow is planned again.
   */
  confirmDevice?: (store: Store) => Promise<boolean>;
  /** Device steps at once, asked when there are any; default 1. */
  deviceSlots?: () => Promise<number>;
  /** Bytes that steps may ask for together; unbounded when absent. */
  memory?: number;
  /** Overwrites published files that were edited, and files that Gyrus did not write. */
  forcePublish?: boolean;
  /** See {@link LocalOptions.stepModule}. */
  stepModule?: string;
  onEvent?: EventListener;
  /** Used instead of the local executor; or makes one for a run and its plan. */
  executor?: Executor | ((run: string, plan: Plan) => Executor);
  /** What the workflow was read with, kept in the run's record. */
  request?: RunRequest;
  /** A plan just made of this workflow and store, which is used instead of planning. */
  planned?: Plan;
  /** Events that come before those of the plan. */
  before?: readonly EventBody[];
}

export interface RunResult {
  /** Absent when the store is read-only. */
  id?: string;
  status: RunStatus;
  counts: Counts;
  plan: Plan;
  nodes: ReadonlyMap<string, Node>;
  seconds: number;
  /** Errors of failed instances and refused publications, in order of time. */
  errors: readonly Error[];
  /** Why the run's record or a log is incomplete; such a run is not done. */
  recordProblem?: DataError;
}

/**
 * A failed step throws nothing: it is in `status` and `errors`.
 *
 * @throws {WorkflowError} on an unknown target; {StepError} when a source step fails while planning;
 *   {DataError} when the store can't be written and something must run
 */
export async function run(
  store: Store,
  workflow: Workflow,
  options: RunOptions = {},
): Promise<RunResult> {
  const started = new Date();
  const clock = performance.now();
  const id = newRunId(started);
  /** What happens while planning; a run that can't be planned leaves no folder. */
  const early: EngineEvent[] = [];
  let folder: RunFolder | undefined;
  const emit = (body: EventBody) => {
    const event: EngineEvent = { time: new Date().toISOString(), ...body };
    if (folder) folder.event(event);
    else early.push(event);
    options.onEvent?.(event);
  };
  store.onCorruption = (corruption) => emit({ type: "corruption", ...corruption });
  const { shared } = store;
  if (shared) {
    if (options.signal) shared.signal = options.signal;
    shared.onLost = (message) => {
      emit({ type: "shared-cache-lost", address: shared.address, message });
    };
  }
  let executor = typeof options.executor === "object" ? options.executor : undefined;
  try {
    options.before?.forEach(emit);
    const { onEvent: _, ...planOptions } = options;
    const planNow = () => plan(store, workflow, { ...planOptions, onEvent: emit, download: true });
    // A plan that copied nothing from the shared cache is no ground to run on.
    let planned = (shared ? undefined : options.planned) ?? await planNow();
    const isConfirmed = !needsDevice(planned) || (await options.confirmDevice?.(store) ?? true);
    if (!isConfirmed) planned = await planNow();
    const todo = planned.counts["will-run"] + planned.counts["may-run"];
    folder = store.writable ? new RunFolder(store, id, todo > 0) : undefined;
    for (const event of early) {
      folder?.event(event);
      if (event.type === "instance-log") folder?.log(event.instance, event.level, event.message);
    }
    emit({
      type: "run-started",
      run: id,
      workflow: workflow.name,
      file: workflow.file,
      instances: planned.instances.length - planned.counts.unwanted,
      cached: planned.counts.cached,
      pending: todo,
      ...await runEstimate(store, planned),
    });
    const pools = new Pools({
      cpu: Math.max(1, options.jobs ?? navigator.hardwareConcurrency),
      gpu: await countDeviceSlots(planned, options),
      memory: options.memory ?? Infinity,
    });
    executor = typeof options.executor === "function"
      ? options.executor(id, planned)
      : executor ?? new LocalExecutor(store, options);
    const scheduler = new Scheduler(store, planned, pools, executor, folder, options, emit);
    const record = runRecord(id, started, workflow, planned, scheduler, options.request);
    if (todo > 0) await folder?.write(record("running"), true);
    const { status: ran, counts } = await scheduler.run();
    const errors = [...scheduler.errors];
    let status = ran;
    if (ran === "done") {
      errors.push(...await publishAll(store, planned, scheduler, options, emit));
      if (errors.length > 0) status = "unpublished";
    }
    if (folder) {
      const earlier = readLastKeys(store, workflow.name);
      await folder.writeLastKeys(workflow.name, keysOf(scheduler.nodes, earlier));
      if (folder.problem) {
        errors.push(folder.problem);
        if (ran === "done") status = "failed";
      }
    }
    if (shared && shared.taken.results > 0) {
      emit({ type: "shared-cache-read", address: shared.address, ...shared.taken });
    }
    const seconds = (performance.now() - clock) / 1000;
    emit({ type: "run-finished", run: id, status, counts, seconds });
    await folder?.write(record(status, seconds), todo > 0);
    const recordProblem = folder?.problem;
    return {
      ...(folder && { id }),
      status,
      counts,
      plan: planned,
      nodes: scheduler.nodes,
      seconds,
      errors,
      ...(recordProblem && { recordProblem }),
    };
  } finally {
    executor?.close();
    folder?.close();
  }
}

/** What `run-started` states of the cost. */
async function runEstimate(store: Store, { estimate, workflow }: Plan) {
  const { seconds, diskBytes, publishedBytes, withoutEstimate } = estimate;
  const fullDisks = await findFullDisks(store, workflow, estimate);
  return {
    ...(seconds !== undefined && { estimateSeconds: seconds }),
    ...(diskBytes !== undefined && { estimateDiskBytes: diskBytes }),
    ...(publishedBytes !== undefined && { estimatePublishedBytes: publishedBytes }),
    withoutEstimate,
    ...(fullDisks.length > 0 && { fullDisks }),
  };
}

function needsDevice({ instances }: Plan): boolean {
  return instances.some((planned) => runPlace(planned.instance) === "device" && isPending(planned));
}

async function countDeviceSlots(planned: Plan, { deviceSlots }: RunOptions): Promise<number> {
  return needsDevice(planned) && deviceSlots ? await deviceSlots() : 1;
}

/** Publishes what `[publish]` names of the instances that are done; returns what was refused. */
function publishAll(
  store: Store,
  planned: Plan,
  scheduler: Scheduler,
  options: RunOptions,
  emit: (body: EventBody) => void,
): Promise<Error[]> {
  return publishOutputs(store, planned.workflow, (name) => scheduler.nodes.get(name)?.outputs, {
    force: options.forcePublish ?? false,
    wanted: planned.selected.wanted,
    onEvent: emit,
  });
}

function runRecord(
  id: string,
  started: Date,
  workflow: Workflow,
  planned: Plan,
  scheduler: Scheduler,
  request: RunRequest | undefined,
): (status: RunRecord["status"], seconds?: number) => RunRecord {
  return (status, seconds) => {
    const device = planned.keying.device();
    return {
      version: 1,
      id,
      status,
      workflow: {
        name: workflow.name,
        ...(workflow.description !== undefined && { description: workflow.description }),
        file: workflow.file,
        folder: workflow.folder,
        sources: Object.fromEntries(workflow.sources),
        params: workflow.params,
      },
      ...(request && { request }),
      instances: [...scheduler.nodes.values()].map(entryOf),
      publications: workflow.publications.map(({ path, isFile, binding }) => ({
        path,
        isFile,
        ...binding,
      })),
      started: started.toISOString(),
      ...(seconds !== undefined && { finished: new Date().toISOString(), seconds }),
      ...(device !== undefined && { device }),
      versions: { deno: Deno.version.deno, v8: Deno.version.v8 },
    };
  };
}

function entryOf(node: Node): InstanceEntry {
  const { instance, key } = node.planned;
  const actualKey = node.key ?? key;
  const from = node.outcome === "cached" ? node.from ?? node.planned.from : undefined;
  return {
    name: instance.name,
    step: instance.step,
    kind: instance.kind.kind,
    version: instance.kind.version,
    axes: instance.axes,
    params: instance.params,
    inputs: instance.inputs,
    keep: instance.execution.keep,
    outcome: node.outcome ?? "pending",
    ...(actualKey !== undefined && { key: actualKey }),
    reasons: node.reasons ?? node.planned.reasons,
    ...(node.started && { started: node.started }),
    ...(node.finished && { finished: node.finished }),
    ...(node.seconds !== undefined && { seconds: node.seconds }),
    ...(node.outputs && { outputs: node.outputs }),
    ...(from !== undefined && { from }),
    ...(node.message !== undefined && { message: node.message }),
    ...(node.logPath !== undefined && { logPath: node.logPath }),
  };
}
