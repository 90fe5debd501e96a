/**
 * Checks inputs as soon as they are known, so that problems are reported before steps that wait for a
 * pool start.
 */
import { StepError } from "../../errors.ts";
import type { Binding, Instance } from "../../workflow/graph.ts";
import { messageOf } from "./failure.ts";
import { preflightPortsOf, runPreflight } from "../plan/forecast.ts";
import { boundInputs } from "../plan/keying.ts";
import { KnownOutputs } from "../plan/known_outputs.ts";
import { buildNodes, type Node } from "./node.ts";
import type { Plan } from "../plan/plan.ts";
import { NO_MEMORY, type PlanMemory } from "../plan/plan_memory.ts";
import { isPending } from "../plan/planned_instance.ts";
import type { Store } from "../store/store.ts";
import { ObjectError } from "../store/store_error.ts";
import { checkInputs } from "../task/task.ts";

export class PreflightChecks {
  readonly #underWay = new Set<Promise<void>>();
  readonly #known: KnownOutputs;
  /** By producer: instances that check its outputs or what is declared of them. */
  readonly #readers = new Map<string, Node[]>();
  /** By instance: its newest check, and what was known of its inputs then. */
  readonly #checks = new Map<string, { inputs: string; ended: Promise<void> }>();

  /** @param fail called with a node that has no outcome yet */
  constructor(
    readonly store: Store,
    readonly nodes: ReadonlyMap<string, Node>,
    readonly fail: (node: Node, error: unknown) => void,
    readonly memory: PlanMemory = NO_MEMORY,
  ) {
    this.#known = new KnownOutputs(store, this.#outputsOf, this.#axesOf);
    for (const node of nodes.values()) {
      if (node.outcome !== undefined || !node.planned.instance.kind.preflight) continue;
      const producers = new Set(
        preflightBindingsOf(node.planned.instance).map(({ instance }) => instance),
      );
      for (const producer of producers) {
        const readers = this.#readers.get(producer);
        if (readers) readers.push(node);
        else this.#readers.set(producer, [node]);
      }
      this.#preflight(node);
    }
  }

  get size(): number {
    return this.#underWay.size;
  }

  /** Returns when no check is under way, including those that others start. */
  async done(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Checks the inputs of an instance, all of which exist. */
  checkInputs(node: Node): void {
    const { instance } = node.planned;
    const { kind, params } = instance;
    if (!kind.checkInputs) return;
    const inputs = boundInputs(instance, this.#outputsOf, this.#axesOf);
    if (inputs) this.#start(node, () => checkInputs(this.store, kind, { params, inputs }));
  }

  /** Continues with the checks that need the outputs of an instance, which exist now. */
  continueAfter(instance: string): void {
    for (const node of this.#readers.get(instance) ?? []) this.#preflight(node);
  }

  /**
   * Runs the check of an instance once each input that it reads exists or is declared, and again when
   * more is known of them.
   */
  #preflight(node: Node): void {
    const { instance } = node.planned;
    const { preflight } = instance.kind;
    const { name } = instance;
    if (!preflight || node.outcome !== undefined) return;
    if (!this.#known.has(instance, preflight.reads)) return;
    const inputs = this.#known.stateOf(instance, preflightPortsOf(instance));
    const before = this.#checks.get(name);
    if (before?.inputs === inputs) return;
    const ended = this.#start(node, async () => {
      await before?.ended;
      if (node.outcome !== undefined) return;
      this.#known.declare(name, await runPreflight(instance, this.#known, this.memory));
      this.continueAfter(name);
    });
    this.#checks.set(name, { inputs, ended });
  }

  #start(node: Node, check: () => Promise<void>): Promise<void> {
    const underWay = check()
      .catch((error) => {
        // What is missing from the store is computed again when the instance has its turn.
        if (error instanceof ObjectError || node.outcome !== undefined) return;
        this.fail(node, error);
      })
      .finally(() => this.#underWay.delete(underWay));
    this.#underWay.add(underWay);
    return underWay;
  }

  #outputsOf = (name: string) => this.nodes.get(name)?.outputs;
  #axesOf = (name: string) => this.nodes.get(name)!.planned.instance.axes;
}

/** Problems of what will or may run that existing inputs show; nothing is run. */
export async function findDeclaredProblems(
  store: Store,
  plan: Plan,
  memory?: PlanMemory,
): Promise<StepError[]> {
  const hasChecks = plan.instances.some((planned) => {
    const { preflight, checkInputs } = planned.instance.kind;
    return isPending(planned) && (preflight || checkInputs);
  });
  if (!hasChecks) return [];
  const nodes = buildNodes(plan, () => ({ cpu: 0, gpu: 0, memory: 0 }));
  for (const node of nodes.values()) {
    const { state, outputs } = node.planned;
    if (state === "cached" || state === "unwanted") {
      Object.assign(node, { outcome: state, outputs });
    }
  }
  const problems: StepError[] = [];
  const preflight = new PreflightChecks(store, nodes, (node, cause) => {
    node.outcome = "failed";
    const { name } = node.planned.instance;
    problems.push(new StepError(name, messageOf(cause), undefined, { cause }));
  }, memory);
  for (const node of nodes.values()) if (node.outcome === undefined) preflight.checkInputs(node);
  await preflight.done();
  return problems;
}

/** Bindings of the ports that the preflight check reads. */
function preflightBindingsOf(instance: Instance): Binding[] {
  return preflightPortsOf(instance).flatMap((port) => instance.inputs[port] ?? []);
}
