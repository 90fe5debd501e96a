/**
 * Checks inputs as soon as they are known, so that problems are reported before steps that wait for a
 * pool start.
 */
import { StepError } from "../../errors.ts";
import type { Binding, Instance } from "../../workflow/graph.ts";
import type { Json, PreflightInput } from "../../workflow/step.ts";
import { openArtifact } from "../store/artifact.ts";
import { messageOf } from "./failure.ts";
import { boundInputs, boundRef } from "../plan/keying.ts";
import { buildNodes, type Node } from "./node.ts";
import { isPending, type Plan } from "../plan/plan.ts";
import { isBinding } from "../plan/select.ts";
import { ObjectError, type Store } from "../store/store.ts";
import { checkInputs } from "../task/task.ts";

export class PreflightChecks {
  readonly #underWay = new Set<Promise<void>>();
  /** By instance, then by output: what is declared of outputs that do not exist yet. */
  readonly #declared = new Map<string, Readonly<Record<string, Json>>>();
  /** By producer: instances that check its outputs or what is declared of them. */
  readonly #readers = new Map<string, Node[]>();

  /** @param fail called with a node that has no outcome yet */
  constructor(
    readonly store: Store,
    readonly nodes: ReadonlyMap<string, Node>,
    readonly fail: (node: Node, error: unknown) => void,
  ) {
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
    const readers = this.#readers.get(instance) ?? [];
    this.#readers.delete(instance);
    for (const node of readers) this.#preflight(node);
  }

  /** Runs the check of an instance once each input that it reads exists or is declared. */
  #preflight(node: Node): void {
    const { instance } = node.planned;
    const { preflight } = instance.kind;
    const { name } = instance;
    if (!preflight || node.outcome !== undefined || this.#declared.has(name)) return;
    if (!preflightBindingsOf(instance).every((binding) => this.#isKnown(binding))) return;
    this.#declared.set(name, {});
    this.#start(node, async () => {
      const { params } = instance;
      this.#declared.set(name, await preflight.check({ params, inputs: this.#inputsOf(instance) }));
      this.continueAfter(name);
    });
  }

  #start(node: Node, check: () => Promise<void>): void {
    const underWay = check()
      .catch((error) => {
        // What is missing from the store is computed again when the instance has its turn.
        if (error instanceof ObjectError || node.outcome !== undefined) return;
        this.fail(node, error);
      })
      .finally(() => this.#underWay.delete(underWay));
    this.#underWay.add(underWay);
  }

  #inputsOf(instance: Instance): Record<string, PreflightInput | readonly PreflightInput[]> {
    const inputs: Record<string, PreflightInput | readonly PreflightInput[]> = {};
    for (const port of instance.kind.preflight?.reads ?? []) {
      const input = instance.inputs[port];
      if (input === undefined) continue;
      const many = !isBinding(input) || instance.kind.inputs[port].many;
      const known = [input].flat().map((binding) => this.#known(binding));
      inputs[port] = many ? known : known[0];
    }
    return inputs;
  }

  #isKnown({ instance, output, index }: Binding): boolean {
    if (this.#outputsOf(instance)) return true;
    return index === undefined && this.#declared.get(instance)?.[output] !== undefined;
  }

  #known(binding: Binding): PreflightInput {
    const { instance, output } = binding;
    const outputs = this.#outputsOf(instance);
    if (outputs) {
      return openArtifact(this.store, boundRef(binding, outputs), this.#axesOf(instance));
    }
    return { declared: this.#declared.get(instance)![output] };
  }

  #outputsOf = (name: string) => this.nodes.get(name)?.outputs;
  #axesOf = (name: string) => this.nodes.get(name)!.planned.instance.axes;
}

/** Problems of what will or may run that existing inputs show; nothing is run. */
export async function findDeclaredProblems(store: Store, plan: Plan): Promise<StepError[]> {
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
  });
  for (const node of nodes.values()) if (node.outcome === undefined) preflight.checkInputs(node);
  await preflight.done();
  return problems;
}

/** Bindings of the ports that the preflight check reads. */
function preflightBindingsOf({ kind, inputs }: Instance): Binding[] {
  return (kind.preflight?.reads ?? []).flatMap((port) => inputs[port] ?? []);
}
