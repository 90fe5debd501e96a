import process from "node:process";
import { computeInstance } from "../../../engine/cluster/compute_instance.ts";
import { type FrozenPlan, readFrozenPlan } from "../../../engine/cluster/frozen_plan.ts";
import { jobEventsPath, JobEventWriter } from "../../../engine/cluster/job_events.ts";
import { openStore } from "../../../engine/store/store.ts";
import { LocalExecutor } from "../../../engine/task/executors/local.ts";
import { running } from "../../../steps/engine_options.ts";
import { loadKind } from "../../../steps/mod.ts";
import { dirname, resolve } from "../../../workflow/paths.ts";
import { runPlace, type StepKind } from "../../../workflow/step.ts";
import { type Arguments, UsageError } from "../../arguments.ts";
import { adapterRefusal, gpuRefusal } from "../../cluster/refusals.ts";
import type { Command } from "../../command.ts";
import { readIfPresent } from "../../../disk/read.ts";
import { ExitCode, isKnownError } from "../../failure.ts";

/** Signals that ask a job to save its state: near its time limit, and when it is cancelled. */
const SIGNALS = ["SIGUSR1", "SIGUSR2", "SIGTERM", "SIGINT"] as const;

export default {
  arguments: [
    { name: "PLAN", help: "A frozen plan: plan.json in a folder of jobs/ in the cache" },
    { name: "INSTANCE", help: "Name of an instance, or its position in the plan", many: true },
  ],
  options: {
    job: { value: "ID", help: "What the scheduler calls the job, for messages" },
    gpus: { value: "N", help: "GPUs that the job can open" },
  },
  details:
    `The jobs of a cluster call it. It verifies the inputs, looks the result up in the cache, computes it
and publishes it there. On SIGUSR1, SIGUSR2 or SIGTERM a training saves its state and stops; the next job continues.`,
  async run(args, { err }) {
    const [file, ...names] = args.positionals;
    const path = resolve(file);
    const plan = readFrozenPlan(path, readIfPresent(path));
    const positions = names.map((name) => positionOf(plan, name));
    const [root, ...lower] = plan.cache;
    const store = openStore(root, { lower });
    const job = args.value("job") ?? `${Deno.pid}`;
    const writerOf = (position: number) =>
      new JobEventWriter(store.files, jobEventsPath(dirname(path), position));
    const stop = new AbortController();
    const left = new Set(positions);
    const listeners = SIGNALS.map((signal) => ({
      signal,
      listen() {
        if (stop.signal.aborted) return;
        for (const position of left) writerOf(position).write({ type: "stopped", signal });
        stop.abort(new DOMException(`stopped by ${signal}`, "AbortError"));
      },
    }));
    for (const { signal, listen } of listeners) Deno.addSignalListener(signal, listen);
    const executor = new LocalExecutor(store, running);
    let code: number = ExitCode.done;
    try {
      for (const position of positions) {
        if (stop.signal.aborted) break;
        const events = writerOf(position);
        events.write({ type: "started", job, host: Deno.hostname() });
        try {
          await checkDevice(plan, position, args, events);
          const done = await computeInstance(store, plan, plan.instances[position].name, {
            loadKind: loadAnyKind,
            deviceCode: running.deviceCode,
            executor,
            signal: stop.signal,
            listener: {
              log: (level, message) => events.write({ type: "log", level, message }),
              progress: (progress) => events.write({ type: "progress", ...progress }),
            },
            memoryPeak: () => process.resourceUsage().maxRSS * 1024,
          });
          events.write({ type: "done", ...done });
        } catch (error) {
          if (stop.signal.aborted) break;
          // Others that share the job do not depend on this one.
          code = ExitCode.failed;
          const message = error instanceof Error ? error.message || error.name : String(error);
          const stack = error instanceof Error && !isKnownError(error) ? error.stack : undefined;
          events.write({ type: "failed", message, ...(stack !== undefined && { stack }) });
          err.line(stack ?? message);
        }
        left.delete(position);
      }
    } finally {
      executor.close();
      for (const { signal, listen } of listeners) Deno.removeSignalListener(signal, listen);
    }
    return stop.signal.aborted && left.size > 0 ? ExitCode.interrupted : code;
  },
} satisfies Command;

/** @throws {UsageError} when the plan has no such instance */
function positionOf({ instances }: FrozenPlan, name: string): number {
  const position = /^\d+$/.test(name)
    ? Number(name)
    : instances.findIndex((instance) => instance.name === name);
  if (position in instances) return position;
  throw new UsageError(`the plan has no instance ${name}; it has ${instances.length}`);
}

/** Kinds that this process has loaded: a user's own starts a thread each time. */
const kinds = new Map<string, Promise<StepKind | undefined>>();

function loadAnyKind(name: string, module: string | undefined): Promise<StepKind | undefined> {
  return kinds.getOrInsertComputed(module ?? name, async () => {
    if (module === undefined) return await loadKind(name);
    const { loadUserStep } = await import("../../../steps/user/load.ts");
    return await loadUserStep(module, dirname(module));
  });
}

/** @throws {DataError} when the device is not the one of the plan, or not the job's alone */
async function checkDevice(
  { instances, kinds, numericClasses }: FrozenPlan,
  position: number,
  args: Arguments,
  events: JobEventWriter,
): Promise<void> {
  const frozen = instances[position];
  const kind = await loadAnyKind(frozen.kind, kinds[frozen.kind].module);
  if (!kind || runPlace({ kind, params: frozen.params }) !== "device") return;
  const refusal = gpuRefusal(frozen, args.value("gpus"));
  if (refusal) throw refusal;
  const other = await adapterRefusal(numericClasses[frozen.execution.device]);
  if (!other) return;
  events.write({ type: "other-device" });
  throw other;
}
