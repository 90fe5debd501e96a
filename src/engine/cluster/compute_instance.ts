/**
 * Computes one instance of a frozen plan, as a job does: it verifies its inputs, looks its key up again,
 * computes, and publishes. Cheap steps between two jobs are computed by whichever job needs them first.
 *
 * Two processes that compute one instance do no harm: they publish the same bytes.
 */
import { DataError } from "../../errors.ts";
import type { Instance } from "../../workflow/graph.ts";
import { type Digest, isQuick, type StepKind } from "../../workflow/step.ts";
import {
  boundInputs,
  type DeviceCode,
  inputParts,
  Keying,
  type OutputRefs,
} from "../plan/keying.ts";
import { producersOf } from "../plan/select.ts";
import { publishedFiles } from "../publish/ledger.ts";
import { allPresent, commit } from "../run/commit.ts";
import { openArtifact } from "../store/artifact.ts";
import { chainKey, instanceKey, type KeyParts, shapeKey } from "../store/key.ts";
import type { InstanceRecord } from "../store/record.ts";
import type { Store } from "../store/store.ts";
import { attempt } from "../task/attempt.ts";
import type { Executor } from "../task/executors/executor.ts";
import { checkInputs, type TaskListener } from "../task/task.ts";
import type { FrozenInstance, FrozenPlan } from "./frozen_plan.ts";
import { untilVisible, VISIBILITY_LIMIT_MS } from "./visibility.ts";

export interface ComputeOptions {
  /** @param module of a user's own step */
  loadKind(name: string, module: string | undefined): Promise<StepKind | undefined>;
  deviceCode?: DeviceCode;
  executor: Executor;
  /** Asks the step to save what it can and stop. */
  signal: AbortSignal;
  listener: Omit<TaskListener, "stored">;
  /** Bytes that the process has used at most. */
  memoryPeak?: () => number;
  /** How long results of other jobs are waited for; milliseconds. */
  visibilityMs?: number;
}

export interface Computed {
  key: Digest;
  /** False when there was a record already. */
  computed: boolean;
}

/**
 * @throws {DataError} when an input has no result, or the program, a file or a step differs from what was
 *   planned; whatever the step throws
 */
export async function computeInstance(
  store: Store,
  plan: FrozenPlan,
  name: string,
  options: ComputeOptions,
): Promise<Computed> {
  return await new Computation(store, plan, options).compute(name);
}

type FixedParts = Omit<KeyParts, "inputs">;

class Computation {
  readonly #frozen: ReadonlyMap<string, FrozenInstance>;
  readonly #keying: Keying;
  readonly #kinds = new Map<string, Promise<StepKind>>();
  readonly #records = new Map<string, Promise<InstanceRecord>>();

  constructor(readonly store: Store, readonly plan: FrozenPlan, readonly options: ComputeOptions) {
    this.#frozen = new Map(plan.instances.map((instance) => [instance.name, instance]));
    this.#keying = new Keying(
      store,
      (policy) => plan.numericClasses[policy],
      options.deviceCode,
      () => publishedFiles(store, plan.workflow),
    );
  }

  async compute(name: string): Promise<Computed> {
    const frozen = this.#frozen.get(name)!;
    const instance = await this.#instanceOf(frozen);
    const { parts, key, inputs } = await this.#keyOf(frozen, instance);
    if (this.#usable(key, frozen)) return { key, computed: false };
    const { signal, executor, listener, memoryPeak } = this.options;
    await checkInputs(this.store, instance.kind, { params: instance.params, inputs });
    const log: string[] = [];
    const start = performance.now();
    const result = await attempt(executor, instance, {
      instance: name,
      kind: frozen.kind,
      params: instance.params,
      inputs,
      ...(parts.position && { chain: chainKey(parts) }),
      ...(parts.numericClass !== undefined && { numericClass: parts.numericClass }),
      cpus: instance.execution.resources.cpu - 1,
      ...(frozen.madeSince !== undefined && { madeSince: frozen.madeSince }),
    }, {
      key,
      signal,
      kill: new AbortController().signal,
      listener: {
        ...listener,
        log: (level, message) => {
          log.push(level === "info" ? message : `${level}: ${message}`);
          listener.log(level, message);
        },
        stored: () => {},
      },
    });
    await commit(this.store, {
      key,
      parts,
      result,
      seconds: (performance.now() - start) / 1000,
      log,
      recorded: true,
      replaces: false,
      renews: frozen.madeSince !== undefined,
      memoryBytes: memoryPeak?.(),
      onDifference: ({ output }) =>
        listener.log("warning", `output ${output} differs from the recorded one, which remains`),
    });
    return { key, computed: true };
  }

  async #instanceOf(frozen: FrozenInstance): Promise<Instance> {
    const { shape: _, paths: __, key: ___, madeSince: ____, kind: name, ...rest } = frozen;
    const { module } = this.plan.kinds[name];
    const load = async () => {
      const kind = await this.options.loadKind(name, module);
      if (kind) return kind;
      throw new DataError(frozen.name, `this program has no step kind ${name}; use one program`);
    };
    const kind = await this.#kinds.getOrInsertComputed(name, load);
    return { ...rest, kind, origins: {} };
  }

  async #keyOf(frozen: FrozenInstance, instance: Instance) {
    const fixed = await this.#keying.fixedParts(instance);
    if (shapeKey(fixed) !== frozen.shape) throw this.#changedError(frozen, instance, fixed);
    const outputs = new Map<string, OutputRefs>();
    for (const producer of producersOf(instance)) {
      const { outputs: refs } = await this.#recordOf(producer);
      // The manifests are verified by digest here, the files that they name when each is read.
      for (const ref of Object.values(refs)) openArtifact(this.store, ref);
      outputs.set(producer, refs);
    }
    const inputs = boundInputs(
      instance,
      (name) => outputs.get(name),
      (name) => this.#frozen.get(name)!.axes,
    )!;
    const parts: KeyParts = { ...fixed, inputs: inputParts(inputs) };
    return { parts, key: instanceKey(parts), inputs };
  }

  #recordOf(name: string): Promise<InstanceRecord> {
    return this.#records.getOrInsertComputed(name, () => this.#findRecord(name));
  }

  async #findRecord(name: string): Promise<InstanceRecord> {
    const frozen = this.#frozen.get(name)!;
    const instance = await this.#instanceOf(frozen);
    const key = frozen.key ?? (await this.#keyOf(frozen, instance)).key;
    const found = this.#usable(key, frozen);
    if (found) return found;
    if (isQuick(instance) && !instance.kind.source) {
      await this.compute(name);
      return this.store.record(key)!;
    }
    const { visibilityMs = VISIBILITY_LIMIT_MS, signal } = this.options;
    const appeared = await untilVisible(() => this.#usable(key, frozen), visibilityMs, signal);
    if (appeared) return appeared;
    throw new DataError(
      name,
      `has no result in ${this.store.root} after ${
        Math.round(visibilityMs / 1000)
      } s: its job failed or ` +
        "has not run, or this machine does not see what others write there; the same `gyrus run` " +
        "computes what is missing",
    );
  }

  /** The record, if it is new enough and everything that it names is there. */
  #usable(key: Digest, { madeSince = "" }: FrozenInstance): InstanceRecord | undefined {
    const path = this.store.recordPath(key);
    // A listing makes a network disk look again.
    if (this.store.files.size(path) === undefined) {
      this.store.files.list(path.slice(0, path.lastIndexOf("/")));
    }
    const record = this.store.record(key);
    const isUsable = record && record.created >= madeSince &&
      allPresent(this.store, record.outputs);
    return isUsable ? record : undefined;
  }

  #changedError(frozen: FrozenInstance, { kind }: Instance, fixed: FixedParts): DataError {
    const planned = this.plan.kinds[frozen.kind];
    const changed = kind.version !== planned.version
      ? `step kind ${frozen.kind} has version ${kind.version} here and had ${planned.version}`
      : fixed.code !== planned.code
      ? `the code of step kind ${frozen.kind} differs`
      : Object.keys(frozen.paths).length > 0
      ? `a file that ${Object.keys(frozen.paths).join(" or ")} names has changed`
      : "this program makes another key of it";
    return new DataError(
      frozen.name,
      `was planned as something else: ${changed}; \`gyrus run\` plans it again`,
    );
  }
}
