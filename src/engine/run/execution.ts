/** Executes one instance: its attempts, what it reports, and the record that publishes its result. */
import type { Instance } from "../../workflow/graph.ts";
import type { Blob } from "../../workflow/step.ts";
import type { EventBody } from "../plan/events.ts";
import type { Plan } from "../plan/plan.ts";
import type { KeyParts } from "../store/key.ts";
import type { Store } from "../store/store.ts";
import { ObjectError } from "../store/store_error.ts";
import { attempt, backOffDelay, pause } from "../task/attempt.ts";
import type { Executor, Job } from "../task/executors/executor.ts";
import type { Task, TaskListener, TaskResult } from "../task/task.ts";
import { commit } from "./commit.ts";
import { messageOf } from "./failure.ts";
import type { Node } from "./node.ts";
import { logPath, type RunFolder } from "./run_folder.ts";

export class Execution {
  /**
   * @param signal first interrupt: running steps are asked to save and stop
   * @param kill second interrupt: running steps are not waited for
   */
  constructor(
    readonly store: Store,
    readonly plan: Plan,
    readonly executor: Executor,
    readonly folder: RunFolder | undefined,
    readonly signal: AbortSignal,
    readonly kill: AbortSignal,
    readonly emit: (body: EventBody) => void,
  ) {}

  /**
   * Computes a node and sets its outputs, times and log.
   *
   * @throws whatever the last attempt throws
   */
  async run(node: Node, task: Task, parts: KeyParts, key: string): Promise<void> {
    const { instance, estimate } = node.planned;
    // Planned before its inputs were known, it waited for them; now they show what has changed.
    const waited = node.planned.reasons.some(({ cause }) => cause === "upstream");
    const reasons = waited ? this.plan.compare(instance, parts) : node.planned.reasons;
    node.reasons = reasons;
    node.started = new Date().toISOString();
    node.logPath = logPath(this.store, this.folder?.id ?? "none", instance.name);
    for (let number = 1;; number++) {
      this.emit({
        type: "instance-started",
        instance: instance.name,
        step: instance.step,
        kind: instance.kind.kind,
        key,
        attempt: number,
        reasons,
        ...(estimate.seconds !== undefined && { estimateSeconds: estimate.seconds }),
        logPath: node.logPath,
      });
      const start = performance.now();
      try {
        const result = await this.#attempt(instance, task, {
          key,
          signal: this.signal,
          kill: this.kill,
          listener: this.#listener(node, task),
        });
        node.seconds = (performance.now() - start) / 1000;
        return await this.#commit(node, parts, key, result);
      } catch (error) {
        node.seconds = (performance.now() - start) / 1000;
        const final = number > instance.execution.retry || this.signal.aborted ||
          error instanceof ObjectError;
        if (final) throw error;
        const delay = backOffDelay(number);
        this.emit({
          type: "instance-retried",
          instance: instance.name,
          attempt: number,
          message: messageOf(error),
          delaySeconds: delay / 1000,
        });
        await pause(delay, this.signal);
      }
    }
  }

  /** A job has its timeout where it runs: here it may wait in a queue. */
  async #attempt(
    instance: Instance,
    task: Task,
    control: Omit<Job, "instance" | "task">,
  ): Promise<TaskResult> {
    return this.isElsewhere(instance)
      ? await this.executor.run({ instance, task, ...control })
      : await attempt(this.executor, instance, task, control);
  }

  isElsewhere(instance: Instance): boolean {
    return this.executor.isElsewhere?.(instance) ?? false;
  }

  #listener(node: Node, task: Task): TaskListener {
    const { name } = node.planned.instance;
    const stored: Blob[] = [];
    node.failure = { task, stored };
    return {
      log: (level, message) => {
        this.folder?.log(name, level, message);
        this.emit({ type: "instance-log", instance: name, level, message });
      },
      progress: (update) => this.emit({ type: "instance-progress", instance: name, ...update }),
      stored: (blob) => void stored.push(blob),
    };
  }

  /** Publishes the record, after which the result survives a kill. */
  async #commit(node: Node, parts: KeyParts, key: string, result: TaskResult): Promise<void> {
    const { instance } = node.planned;
    const { name } = instance;
    const { published } = result;
    if (published) node.seconds = published.seconds;
    const committed = published
      ? { ...result, ...published, unchanged: false }
      : await commit(this.store, {
        key,
        parts,
        result,
        seconds: node.seconds ?? 0,
        log: this.folder?.tail(name, Infinity) ?? [],
        recorded: instance.execution.cache,
        replaces: node.recomputeFor !== undefined,
        onDifference: (difference) =>
          this.emit({ type: "nondeterminism", instance: name, key, ...difference }),
      });
    node.outputs = committed.outputs;
    node.finished = new Date().toISOString();
    this.emit({
      type: "instance-finished",
      instance: name,
      key,
      seconds: node.seconds ?? 0,
      bytes: committed.bytes,
      outputs: Object.fromEntries(
        Object.entries(committed.outputs).map(([output, { digest }]) => [output, digest]),
      ),
      unchanged: committed.unchanged,
    });
  }
}
