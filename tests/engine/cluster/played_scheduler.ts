/** A scheduler that plays what a test demands: its jobs compute in this process, or end without a result. */
import { computeInstance } from "../../../src/engine/cluster/compute_instance.ts";
import {
  ClusterExecutor,
  type ClusterOptions,
} from "../../../src/engine/cluster/cluster_executor.ts";
import { readFrozenPlan } from "../../../src/engine/cluster/frozen_plan.ts";
import { jobEventsPath, JobEventWriter } from "../../../src/engine/cluster/job_events.ts";
import {
  type EndCause,
  type JobArray,
  type JobScheduler,
  type JobState,
  placeKey,
  type QueueState,
  type SubmittedArray,
} from "../../../src/engine/cluster/job_scheduler.ts";
import { run, type RunOptions, type RunResult } from "../../../src/engine/run/run.ts";
import type { Store } from "../../../src/engine/store/store.ts";
import { LocalExecutor } from "../../../src/engine/task/executors/local.ts";
import type { Workflow } from "../../../src/workflow/graph.ts";
import { loadKind } from "../toy_steps.ts";

/** What becomes of a job: it computes, or ends for a reason after the signal that a time limit sends. */
export type Fate = "compute" | EndCause | { stopAfterMs: number; signal: string };

export class PlayedScheduler implements JobScheduler {
  readonly chains = true;
  readonly submitted: JobArray[] = [];
  readonly #states = new Map<string, JobState>();
  readonly #ids = new Map<string, string>();

  /** @param fates of the jobs by instance, in the order in which they are submitted; then `compute` */
  constructor(readonly store: Store, readonly fates: Record<string, Fate[]> = {}) {}

  arraySize(): Promise<number> {
    return Promise.resolve(1001);
  }

  submit(array: JobArray): Promise<string> {
    const id = String(100 + this.submitted.push(array));
    this.#ids.set(array.name, id);
    for (const index of array.indices) {
      this.#states.set(placeKey({ job: id, index }), { state: "running" });
      void this.#play(array, id, index);
    }
    return Promise.resolve(id);
  }

  async #play(array: JobArray, job: string, index: number): Promise<void> {
    const path = `${array.folder}/plan.json`;
    const plan = readFrozenPlan(path, this.store.files.readSync(path));
    const lines = new TextDecoder().decode(this.store.files.readSync(array.list!)).split("\n");
    const position = Number(lines[index]);
    const { name } = plan.instances[position];
    const fate = this.fates[name]?.shift() ?? "compute";
    const end = (cause: EndCause) =>
      this.#states.set(placeKey({ job, index }), { state: "ended", cause, text: cause });
    if (typeof fate === "string" && fate !== "compute") return void end(fate);
    const events = new JobEventWriter(
      this.store.files,
      jobEventsPath(array.folder, position),
    );
    events.write({ type: "started", job: `${job}_${index}`, host: "played" });
    const stop = new AbortController();
    if (fate !== "compute") {
      setTimeout(() => {
        events.write({ type: "stopped", signal: fate.signal });
        stop.abort(new DOMException("stopped", "AbortError"));
      }, fate.stopAfterMs);
    }
    try {
      const done = await computeInstance(this.store, plan, name, {
        loadKind: (kind) => loadKind(kind),
        executor: new LocalExecutor(this.store, {}),
        signal: stop.signal,
        listener: {
          log: (level, message) => events.write({ type: "log", level, message }),
          progress: (progress) => events.write({ type: "progress", ...progress }),
        },
        memoryPeak: () => 12345,
        visibilityMs: 5_000,
      });
      events.write({ type: "done", ...done });
      end("completed");
    } catch (error) {
      if (!stop.signal.aborted) events.write({ type: "failed", message: (error as Error).message });
      end("lost");
    }
  }

  states(asked: readonly SubmittedArray[]): Promise<QueueState> {
    const ids = new Map(asked.flatMap(({ name }) => {
      const id = this.#ids.get(name);
      return id === undefined ? [] : [[name, id]];
    }));
    return Promise.resolve({ states: new Map(this.#states), ids });
  }

  cancel(): Promise<void> {
    return Promise.resolve();
  }
}

/** Runs a workflow of toy steps as jobs of the scheduler. */
export async function runPlayed(
  store: Store,
  workflow: Workflow,
  scheduler: JobScheduler,
  profile: Partial<ClusterOptions["profile"]> = {},
  options: RunOptions = {},
): Promise<RunResult & { lines: string[] }> {
  const lines: string[] = [];
  const result = await run(store, workflow, {
    ...options,
    executor: (id, plan) =>
      new ClusterExecutor(store, plan, id, new LocalExecutor(store, {}), {
        profile: { kind: "slurm", profile: "p", options: [], ...profile } as never,
        scheduler,
        program: "/gyrus",
        report: (line) => lines.push(line),
        recordsMs: 10,
        queueMs: 20,
        visibilityMs: 300,
      }),
  });
  return { ...result, lines };
}
