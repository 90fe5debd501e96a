/**
 * Runs the instances of a plan: as many at once as the pools allow, longest remaining path first.
 *
 * The key of each instance is made again from what its inputs turned out to be, and looked up again,
 * so that early cut-off and the results of other runs count.
 */
import { allPresent } from "./commit.ts";
import type { Counts, EventBody, RunStatus } from "../plan/events.ts";
import type { Executor } from "../task/executors/executor.ts";
import { chainKey, instanceKey, type KeyParts } from "../store/key.ts";
import { boundInputs, inputParts } from "../plan/keying.ts";
import { fetchOutputs } from "../store/fetch_outputs.ts";
import { type Lease, takeLease } from "../store/lease.ts";
import { isAbort, recordFailure } from "./failure.ts";
import { PreflightChecks } from "./preflight.ts";
import { Execution } from "./execution.ts";
import { buildNodes, countOutcomes, type Node, wantsThread, whySkipped } from "./node.ts";
import type { Plan } from "../plan/plan.ts";
import { NOTHING, type Pools } from "./pools.ts";
import { ReadyQueue } from "./ready_queue.ts";
import type { RunFolder } from "./run_folder.ts";
import { producersOf } from "../plan/select.ts";
import type { Store } from "../store/store.ts";
import { ObjectError } from "../store/store_error.ts";
import { refsOf, type Task } from "../task/task.ts";

/** Between tries to take a lease that another run holds, from the first to the longest; ms. */
const FIRST_LEASE_WAIT = 50;
const LONGEST_LEASE_WAIT = 1000;
/** So many times an instance has corrupt inputs computed again; then it fails. */
const MAX_RECOMPUTES = 3;

export interface SchedulerOptions {
  /** First interrupt: nothing more is started; running steps are asked to save and stop. */
  signal?: AbortSignal;
  /** Second interrupt: running steps are not waited for. */
  kill?: AbortSignal;
  /** Whether instances that do not depend on a failure still run. */
  keepGoing?: boolean;
  /** Memoized parts and checkpoints are computed again and not kept. */
  fresh?: boolean;
}

export class Scheduler {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly errors: Error[] = [];
  readonly #ready = new ReadyQueue<Node>();
  readonly #quick = new ReadyQueue<Node>();
  #preflight!: PreflightChecks;
  #running = 0;
  #runningQuick = 0;
  #awaitingLease = 0;
  /** What forced instances have left by then is computed again, but not what this run makes. */
  readonly #started = new Date().toISOString();
  /** Nothing more is started. */
  #stopped = false;
  readonly #done = Promise.withResolvers<void>();
  readonly #signal: AbortSignal;
  readonly #execution: Execution;

  constructor(
    readonly store: Store,
    readonly plan: Plan,
    readonly pools: Pools,
    readonly executor: Executor,
    readonly folder: RunFolder | undefined,
    readonly options: SchedulerOptions,
    readonly emit: (body: EventBody) => void,
  ) {
    const kill = options.kill ?? new AbortController().signal;
    this.#signal = options.signal ? AbortSignal.any([options.signal, kill]) : kill;
    this.#execution = new Execution(store, plan, executor, folder, this.#signal, kill, emit);
    this.nodes = buildNodes(
      plan,
      (instance) => this.#execution.isElsewhere(instance) ? NOTHING : this.pools.demandOf(instance),
    );
  }

  async run(): Promise<{ status: RunStatus; counts: Counts }> {
    const stop = () => {
      this.#stopped = true;
      this.#finishIfIdle();
    };
    this.#signal.addEventListener("abort", stop);
    if (this.#signal.aborted) this.#stopped = true;
    for (const node of this.nodes.values()) this.#finishPlanned(node);
    this.#preflight = new PreflightChecks(this.store, this.nodes, (node, error) => {
      this.#fail(node, error);
    });
    for (const node of this.nodes.values()) {
      if (node.outcome === undefined && node.waiting === 0) this.#enqueue(node);
    }
    const wanted = [...this.nodes.values()].filter(wantsThread);
    if (wanted.some(({ planned }) => !this.#execution.isElsewhere(planned.instance))) {
      this.executor.expect?.();
    }
    this.#startReady();
    this.#finishIfIdle();
    await this.#done.promise;
    await this.#preflight.done();
    this.#signal.removeEventListener("abort", stop);
    this.#skipRest();
    return { status: this.#status(), counts: countOutcomes(this.nodes) };
  }

  /** Gives what the plan found cached, or nobody wants, its outcome without a turn. */
  #finishPlanned(node: Node): void {
    const { state, key, outputs, instance, from } = node.planned;
    if (state !== "cached" && state !== "unwanted") return;
    node.outcome = state;
    for (const consumer of node.consumers) consumer.waiting--;
    if (state === "unwanted") return;
    if (outputs) node.outputs = outputs;
    if (key === undefined) return;
    node.key = key;
    this.emit({
      type: "instance-cached",
      instance: instance.name,
      key,
      by: "plan",
      ...(from !== undefined && { from }),
    });
  }

  #enqueue(node: Node): void {
    if (node.outcome === undefined) this.#preflight.checkInputs(node);
    const queue = node.quick ? this.#quick : this.#ready;
    queue.push(node, node.demand, node.priority, node.order);
  }

  #finish(node: Node, outcome: "cached" | "done" | "interrupted"): void {
    node.outcome = outcome;
    const waiting = node.recomputeFor ?? node.consumers;
    delete node.recomputeFor;
    if (outcome === "interrupted") return;
    this.#preflight.continueAfter(node.planned.instance.name);
    for (const consumer of waiting) {
      if (--consumer.waiting === 0 && consumer.outcome === undefined) this.#enqueue(consumer);
    }
  }

  // ---- pools ----

  #startReady(): void {
    while (!this.#stopped) {
      const node = this.#takeNext();
      if (!node) return;
      this.pools.hold(node.demand);
      this.#running++;
      if (node.quick) this.#runningQuick++;
      void this.#takeTurn(node).finally(() => {
        this.pools.release(node.demand);
        this.#running--;
        if (node.quick) this.#runningQuick--;
        this.#startReady();
        this.#finishIfIdle();
      });
    }
  }

  /** Quick ones first and by themselves, so that problems of tables are reported at once. */
  #takeNext(): Node | undefined {
    const quick = this.#quick.pop(this.pools.fits);
    if (quick || this.#runningQuick > 0) return quick;
    return this.#ready.pop(this.pools.fits);
  }

  #finishIfIdle(): void {
    if (this.#running > 0) return;
    const left = this.#ready.size + this.#quick.size + this.#awaitingLease;
    if (this.#stopped || left === 0) this.#done.resolve();
  }

  // ---- one instance ----

  /** Gives a node its turn; what that throws becomes the outcome. */
  async #takeTurn(node: Node): Promise<void> {
    try {
      if (this.#preflight.size > 0) {
        const problems = this.errors.length;
        await this.#preflight.done();
        if (this.#stopped && this.errors.length > problems) return;
      }
      if (node.outcome === "failed") return;
      await this.#lookUpOrRun(node);
    } catch (error) {
      if (this.#signal.aborted && isAbort(error, this.#signal)) {
        this.#finish(node, "interrupted");
        node.message = "interrupted";
        this.emit({
          type: "instance-interrupted",
          instance: node.planned.instance.name,
          message: this.#execution.isElsewhere(node.planned.instance)
            ? "its job goes on"
            : "stopped before it was done; its checkpoints are kept",
        });
      } else if (!(error instanceof ObjectError && this.#recomputeInputs(node, error))) {
        this.#fail(node, error);
      }
    }
  }

  /** Looks the result up under the key that the inputs now give; computes what is not there. */
  async #lookUpOrRun(node: Node): Promise<void> {
    const { instance } = node.planned;
    const inputs = boundInputs(instance, this.#outputsOf, this.#axesOf);
    if (!inputs) throw new Error(`${instance.name} was started before its inputs were there`);
    const parts: KeyParts = {
      ...await this.plan.keying.fixedParts(instance),
      inputs: inputParts(inputs),
    };
    const key = instanceKey(parts);
    const demanded = this.plan.selected.forced.has(instance.name);
    const forced = demanded || !instance.execution.cache || instance.kind.source === true;
    node.key = key;
    // The plan has just missed this very key.
    const missed = node.planned.state === "will-run" && node.planned.key === key;
    if (!forced && !missed && await this.#useRecord(node, key, "key")) return;
    const chain = parts.position && chainKey(parts);
    // Only results that are recorded are shared with other runs; a job's lease would be of no use here.
    const isJob = this.#execution.isElsewhere(instance);
    const isShared = instance.execution.cache && !isJob;
    using lease = isShared ? this.#takeLease(node, chain ?? key) : undefined;
    if (!lease && isShared) return;
    if (!forced && await this.#useRecord(node, key, "other-run")) return;
    // Threads have no network. What stays missing is computed again when the task asks for it.
    if (this.store.shared) await fetchOutputs(this.store, refsOf(inputs));
    const task: Task = {
      instance: instance.name,
      kind: instance.kind.kind,
      params: instance.params,
      inputs,
      ...(chain !== undefined && { chain }),
      ...(parts.numericClass !== undefined && { numericClass: parts.numericClass }),
      cpus: Math.max(0, node.demand.cpu - 1),
      ...(this.options.fresh && { fresh: true }),
      // A job's result is found by its record, which must be of this run.
      ...((demanded || isJob && !instance.execution.cache) && { madeSince: this.#started }),
    };
    await this.#execution.run(node, task, parts, key);
    this.#finish(node, "done");
  }

  #outputsOf = (name: string) => this.nodes.get(name)?.outputs;
  #axesOf = (name: string) => this.nodes.get(name)!.planned.instance.axes;

  async #useRecord(node: Node, key: string, by: "key" | "other-run"): Promise<boolean> {
    if (node.recomputeFor) return false;
    const record = this.store.record(key) ?? await this.store.shared?.fetchRecord(key);
    if (!record || !await fetchOutputs(this.store, Object.values(record.outputs))) return false;
    // A job of this run has made it: the executor reports what it cost.
    const isElsewhere = this.#execution.isElsewhere(node.planned.instance);
    if (isElsewhere && record.created >= this.#started) return false;
    node.outputs = record.outputs;
    const { from } = record;
    if (from !== undefined) node.from = from;
    this.emit({
      type: "instance-cached",
      instance: node.planned.instance.name,
      key,
      by,
      ...(from !== undefined && { from }),
    });
    this.#finish(node, "cached");
    return true;
  }

  /** Undefined when another run computes the key: the instance is then queued again later. */
  #takeLease(node: Node, key: string): Lease | undefined {
    const lease = takeLease(`${this.store.root}/leases`, key);
    if (lease) return lease;
    const { name } = node.planned.instance;
    this.emit({ type: "instance-waiting", instance: name, key });
    this.#awaitingLease++;
    let delay = FIRST_LEASE_WAIT;
    const retry = () => {
      const free = this.#stopped ? undefined : takeLease(`${this.store.root}/leases`, key);
      if (!free && !this.#stopped) {
        delay = Math.min(LONGEST_LEASE_WAIT, delay * 1.5);
        setTimeout(retry, delay);
        return;
      }
      free?.release();
      this.#awaitingLease--;
      this.#enqueue(node);
      this.#startReady();
      this.#finishIfIdle();
    };
    setTimeout(retry, delay);
    return undefined;
  }

  // ---- failures ----

  #fail(node: Node, error: unknown): void {
    const { failure, event } = recordFailure(this.store, this.folder, node, error);
    this.errors.push(failure);
    this.emit(event);
    node.outcome = "failed";
    if (!this.options.keepGoing && !this.executor.goesOn) this.#stopped = true;
  }

  /**
   * Runs the producers of missing or corrupt inputs again, and then this instance.
   * @returns false when that was tried too often
   */
  #recomputeInputs(node: Node, error: ObjectError): boolean {
    if (node.recomputes >= MAX_RECOMPUTES || this.#stopped) return false;
    const made = [...producersOf(node.planned.instance)].map((name) => this.nodes.get(name)!)
      .filter(({ recomputeFor, outputs }) =>
        recomputeFor || !allPresent(this.store, outputs ?? {})
      );
    // Another instance had them computed in the meantime.
    if (made.length === 0) this.#enqueue(node);
    node.recomputes++;
    for (const producer of made) {
      node.waiting++;
      if (producer.recomputeFor) {
        producer.recomputeFor.push(node);
        continue;
      }
      producer.recomputeFor = [node];
      delete producer.outcome;
      this.#enqueue(producer);
      this.emit({
        type: "instance-log",
        instance: producer.planned.instance.name,
        level: "warning",
        message: `runs again: ${error.message}`,
      });
    }
    return true;
  }

  #skipRest(): void {
    for (const node of this.nodes.values()) {
      if (node.outcome !== undefined) continue;
      node.outcome = "skipped";
      const because = whySkipped(node, this.nodes);
      this.emit({ type: "instance-skipped", instance: node.planned.instance.name, because });
    }
  }

  #status(): RunStatus {
    if (this.#signal.aborted) return "interrupted";
    return this.errors.length > 0 ? "failed" : "done";
  }
}
