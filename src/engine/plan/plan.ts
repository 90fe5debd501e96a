/**
 * Which instances are cached, will run or may run, and why.
 *
 * First, producers before consumers, every key that can be known is made and looked up: a record has
 * its outputs' digests even when their bytes are gone. Then, consumers first, outputs that will be
 * read are checked for presence. Source steps run here, so that their consumers' keys are known.
 */
import { StepError } from "../../errors.ts";
import type { Instance, Workflow } from "../../workflow/graph.ts";
import type { Digest } from "../../workflow/step.ts";
import { outputState } from "../store/artifact.ts";
import { findBundledSource } from "./bundled_source.ts";
import { fetchOutputs, hasOutputs } from "../store/fetch_outputs.ts";
import type { EventBody } from "./events.ts";
import { forecast, type RunEstimate, sumEstimates } from "./forecast.ts";
import { chainKey, instanceKey, type KeyParts } from "../store/key.ts";
import {
  boundInputs,
  type DeviceCode,
  inputParts,
  Keying,
  type NumericClass,
  type OutputRefs,
} from "./keying.ts";
import { publishedFiles } from "../publish/ledger.ts";
import { NearestRecords } from "./nearest.ts";
import { NO_MEMORY, type PlanMemory } from "./plan_memory.ts";
import { compareParts, type Reason } from "./reason.ts";
import { isPending, type PlannedInstance, type PlanState } from "./planned_instance.ts";
import type { InstanceRecord } from "../store/record.ts";
import {
  bindingsOf,
  type InstanceSelection,
  isBinding,
  producersOf,
  type SelectedInstances,
  selectInstances,
} from "./select.ts";
import { recordSource } from "./source.ts";
import type { Store } from "../store/store.ts";

export interface PlanOptions extends InstanceSelection {
  /** Needed when a step runs on a device. */
  numericClass?: NumericClass;
  deviceCode?: DeviceCode;
  /** Of earlier plans by the same program. */
  planMemory?: PlanMemory;
  /**
   * Whether what will be read or published is copied from the store's shared cache; else that is only
   * asked whether it has it. Default false.
   */
  download?: boolean;
  signal?: AbortSignal;
  onEvent?: (event: EventBody) => void;
}

export interface Plan {
  workflow: Workflow;
  /** In the workflow's order. */
  instances: readonly PlannedInstance[];
  byName: ReadonlyMap<string, PlannedInstance>;
  selected: SelectedInstances;
  keying: Keying;
  /** Why an instance with these parts is not cached. */
  compare(instance: Instance, parts: KeyParts): Reason[];
  counts: Readonly<Record<PlanState, number>>;
  estimate: RunEstimate;
}

type LostOutput = Extract<Reason, { cause: "missing" | "corrupt" }>;
type Keys = Required<Pick<PlannedInstance, "key" | "parts">> & Pick<PlannedInstance, "chain">;

/** Above this, listing all records is quicker than asking for each. */
const LISTING_PAYS = 1000;

/**
 * @throws {WorkflowError} on an unknown target; {StepError} when a source step can't read its data
 * or something needed lies outside `--only`
 */
export async function plan(
  store: Store,
  workflow: Workflow,
  options: PlanOptions = {},
): Promise<Plan> {
  const planner = new Planner(store, workflow, options);
  for (const instance of workflow.instances) {
    const lookups = planner.lookupsOfProducers(instance);
    if (lookups) await lookups;
    const waiting = planner.planInstance(instance);
    if (waiting) await waiting;
  }
  await planner.lookupsDone();
  await store.externals.flush();
  await store.sync();
  await planner.checkReaders();
  await forecast(store, planner.planned, options.planMemory ?? NO_MEMORY);
  return planner.result();
}

class Planner {
  readonly planned = new Map<string, PlannedInstance>();
  readonly #selected: SelectedInstances;
  readonly #keying: Keying;
  readonly #nearest: NearestRecords;
  readonly #known: Set<Digest> | undefined;
  /** By instance: questions to the shared cache, of which many are under way together. */
  readonly #lookups = new Map<string, Promise<void>>();

  constructor(readonly store: Store, readonly workflow: Workflow, readonly options: PlanOptions) {
    this.#selected = selectInstances(workflow, options);
    const published = () => publishedFiles(store, workflow);
    this.#keying = new Keying(store, options.numericClass, options.deviceCode, published);
    this.#nearest = new NearestRecords(store, workflow.name);
    this.#known = workflow.instances.length > LISTING_PAYS ? store.recordKeys() : undefined;
  }

  /** Returns when the producers of an instance are planned; undefined where none is looked up. */
  lookupsOfProducers(instance: Instance): Promise<unknown> | undefined {
    if (this.#lookups.size === 0) return undefined;
    return Promise.all([...producersOf(instance)].map((name) => this.#lookups.get(name)));
  }

  async lookupsDone(): Promise<void> {
    await Promise.all(this.#lookups.values());
  }

  /** Plans one instance; returns a promise only where files or the device must be examined. */
  planInstance(instance: Instance): Promise<void> | undefined {
    if (!this.#selected.closure.has(instance.name)) {
      this.#set({ instance, state: "unwanted", reasons: [], estimate: {} });
      return;
    }
    try {
      const inputs = boundInputs(instance, this.#outputsOf, this.#axesOf);
      if (instance.kind.source && inputs) return this.#planSource(instance, inputs);
      const fixed = this.#keying.fixedParts(instance);
      if (fixed instanceof Promise) {
        return fixed.then((parts) => this.#decide(instance, parts, inputs), (error) => {
          throw this.#asStepError(instance, error);
        });
      }
      this.#decide(instance, fixed, inputs);
    } catch (error) {
      throw this.#asStepError(instance, error);
    }
  }

  #asStepError(instance: Instance, error: unknown): unknown {
    if (!(error instanceof Error) || error.name !== "DataError") return error;
    return new StepError(instance.name, error.message, undefined, { cause: error });
  }

  #outputsOf = (name: string): OutputRefs | undefined => this.planned.get(name)?.outputs;
  #axesOf = (name: string) => this.planned.get(name)?.instance.axes ?? {};

  #decide(
    instance: Instance,
    fixed: Omit<KeyParts, "inputs">,
    inputs: ReturnType<typeof boundInputs>,
  ): void {
    if (!inputs) return this.#planWaiting(instance, fixed);
    const parts: KeyParts = { ...fixed, inputs: inputParts(inputs) };
    const key = instanceKey(parts);
    const keys = {
      key,
      parts,
      ...(parts.position && { chain: chainKey(parts) }),
    };
    const forced = this.#selected.forced.has(instance.name);
    if (forced || !instance.execution.cache) {
      this.#willRun(instance, keys, [{ cause: forced ? "forced" : "uncached" }]);
      return;
    }
    if (instance.kind.source) {
      this.#willRun(instance, keys, [{ cause: "source" }]);
      return;
    }
    const record = this.#known?.has(key) === false ? undefined : this.store.record(key);
    if (record || !this.store.shared) return this.#decideBy(record, instance, keys);
    const lookup = this.store.shared.fetchRecord(key)
      .then((fetched) => this.#decideBy(fetched, instance, keys));
    // Reported by the first that awaits it.
    lookup.catch(() => {});
    this.#lookups.set(instance.name, lookup);
  }

  #decideBy(record: InstanceRecord | undefined, instance: Instance, keys: Keys): void {
    if (!record) return void this.#willRun(instance, keys, undefined);
    const { outputs, from } = record;
    this.#set({
      instance,
      state: "cached",
      ...keys,
      outputs,
      ...(from !== undefined && { from }),
      reasons: [],
      estimate: {},
    });
  }

  /** @param reasons when undefined, the comparison with the nearest record */
  #willRun(
    instance: Instance,
    keys: Keys,
    reasons: Reason[] | undefined,
    outputs?: OutputRefs,
  ): PlannedInstance {
    const near = this.#nearest.find(instance, keys.parts);
    const forced = this.#selected.forced.has(instance.name);
    const resumesFrom = forced ? undefined : this.#findCheckpoint(instance, keys.chain);
    return this.#set({
      instance,
      state: "will-run",
      ...keys,
      ...(outputs && { outputs }),
      reasons: reasons ?? compareWith(near, instance, keys.parts),
      estimate: this.#nearest.estimate(instance, near, resumesFrom ?? 0),
      ...(resumesFrom !== undefined && { resumesFrom }),
    });
  }

  /** An input is unknown: if no record has these parameters, no input can make it a hit. */
  #planWaiting(instance: Instance, fixed: Omit<KeyParts, "inputs">): void {
    const { paths } = fixed;
    const forced = this.#selected.forced.has(instance.name);
    const upstream: Reason = {
      cause: "upstream",
      instances: [...producersOf(instance)].filter((name) => !this.planned.get(name)?.outputs),
    };
    if (forced || !instance.execution.cache) {
      const reason: Reason = { cause: forced ? "forced" : "uncached" };
      this.#set({ instance, state: "will-run", paths, reasons: [reason], estimate: {} });
      return;
    }
    const may = !instance.kind.source && this.store.kinds.hasShape(fixed);
    const near = this.#nearest.find(instance, undefined);
    const changes = may || !near ? [] : compareParts(
      near.parts,
      { ...fixed, inputs: near.parts.inputs },
      instance.origins,
      {},
    );
    this.#set({
      instance,
      state: may ? "may-run" : "will-run",
      paths,
      reasons: may ? [upstream] : changes.length > 0 ? changes : [
        near ? upstream : { cause: "no-record" },
      ],
      estimate: this.#nearest.estimate(instance, near, 0),
    });
  }

  async #planSource(
    instance: Instance,
    inputs: NonNullable<ReturnType<typeof boundInputs>>,
  ): Promise<void> {
    const bundled = await findBundledSource(this.store, this.#keying, instance, inputs);
    if (bundled) {
      const message =
        `its data are not on this machine; what ${bundled.from} recorded of them is used`;
      this.options.onEvent?.({
        type: "instance-log",
        instance: instance.name,
        level: "warning",
        message,
      });
      return this.#decideBy(bundled, instance, bundled);
    }
    if (!Object.values(inputs).flat().every((input) => this.#isPresent(input))) {
      return this.#decide(instance, await this.#keying.fixedParts(instance), inputs);
    }
    const { record, isNew } = await recordSource(this.store, this.#keying, instance, inputs, {
      signal: this.options.signal ?? new AbortController().signal,
      onEvent: this.options.onEvent ?? (() => {}),
    });
    const near = isNew ? this.#nearest.find(instance, record.parts) : undefined;
    this.#set({
      instance,
      state: "cached",
      key: record.key,
      parts: record.parts,
      outputs: record.outputs,
      reasons: near ? compareParts(near.parts, record.parts, instance.origins, {}) : [],
      estimate: {},
    });
  }

  #isPresent(input: { digest: Digest; size: number } | { ref: { digest: Digest; size: number } }) {
    return outputState(this.store, "ref" in input ? input.ref : input) === "present";
  }

  #findCheckpoint(instance: Instance, chain: Digest | undefined): number | undefined {
    const target = instance.kind.chain && instance.params[instance.kind.chain];
    if (chain === undefined || typeof target !== "number") return undefined;
    return this.store.chains.read(chain).find((record) => record.position <= target)?.position;
  }

  #set(planned: PlannedInstance): PlannedInstance {
    this.planned.set(planned.instance.name, planned);
    return planned;
  }

  /**
   * Consumers first: marks what nobody wants, and plans again what is cached but gone from the store,
   * and from the shared cache, where it will be read.
   */
  async checkReaders(): Promise<void> {
    /** Instances whose outputs a pending instance will read. */
    const read = new Set<string>();
    /** Instances that a pending instance waits for without reading them. */
    const waitedFor = new Set<string>();
    /** Instances with a wanted consumer. */
    const consumed = new Set<string>();
    const published = new Set(this.workflow.publications.map(({ binding }) => binding.instance));
    for (const instance of this.workflow.instances.toReversed()) {
      let planned = this.planned.get(instance.name)!;
      const { name } = instance;
      const wanted = this.#selected.wanted.has(name);
      const asked = wanted && (!consumed.has(name) || published.has(name) ||
        instance.execution.keep || this.#selected.forced.has(name));
      const needed = asked || read.has(name);
      if (planned.state === "unwanted") continue;
      if (planned.state === "cached") {
        const lost = needed ? this.#lostOutput(planned) : undefined;
        if (lost && !await this.#isShared(planned)) planned = this.#makeAgain(planned, lost);
      } else if (!wanted && !needed && !waitedFor.has(name)) {
        planned.state = "unwanted";
      }
      if (!wanted && this.#selected.closed && isPending(planned)) {
        throw new StepError(name, "is not cached and not among --only; run it first");
      }
      if (wanted) { for (const producer of producersOf(instance)) consumed.add(producer); }
      if (isPending(planned)) {
        for (const { instance: producer } of bindingsOf(instance)) read.add(producer);
        for (const producer of instance.needs) waitedFor.add(producer);
      }
    }
  }

  /** The first output that is missing or corrupt. */
  #lostOutput({ outputs = {} }: PlannedInstance): LostOutput | undefined {
    for (const [output, ref] of Object.entries(outputs)) {
      const cause = outputState(this.store, ref);
      if (cause !== "present") return { cause, output };
    }
  }

  /** Whether the shared cache has all outputs; copies them when the run will read them. */
  async #isShared({ outputs = {} }: PlannedInstance): Promise<boolean> {
    const find = this.options.download ? fetchOutputs : hasOutputs;
    return await find(this.store, Object.values(outputs));
  }

  #makeAgain(planned: PlannedInstance, reason: LostOutput): PlannedInstance {
    const { instance, key, parts, chain, outputs } = planned;
    const keys = { key: key!, parts: parts!, ...(chain !== undefined && { chain }) };
    return this.#willRun(instance, keys, [reason], outputs);
  }

  result(): Plan {
    const instances = this.workflow.instances.map(({ name }) => this.planned.get(name)!);
    const counts = { "cached": 0, "will-run": 0, "may-run": 0, "unwanted": 0 };
    for (const { state } of instances) counts[state]++;
    return {
      workflow: this.workflow,
      instances,
      byName: this.planned,
      selected: this.#selected,
      keying: this.#keying,
      compare: (instance, parts) =>
        compareWith(this.#nearest.find(instance, parts), instance, parts),
      counts,
      estimate: sumEstimates(this.workflow, this.planned),
    };
  }
}

function compareWith(
  near: InstanceRecord | undefined,
  instance: Instance,
  parts: KeyParts,
): Reason[] {
  if (!near) return [{ cause: "no-record" }];
  const reasons = compareParts(near.parts, parts, instance.origins, producersByPort(instance));
  // The record of this very key was lost or set aside, and only its index line is left.
  return reasons.length > 0 ? reasons : [{ cause: "no-record" }];
}

/** Names of the instances that each input comes from. */
export function producersByPort(instance: Instance): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(instance.inputs).map(([port, input]) => [
      port,
      isBinding(input) ? [input.instance] : input.map((binding) => binding.instance),
    ]),
  );
}
