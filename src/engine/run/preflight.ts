/** Problems of inputs, told as soon as these are known: before what waits for a pool begins. */
import { StepError } from "../../errors.ts";
import type { Binding, Instance } from "../../workflow/graph.ts";
import type { Json, PreflightInput } from "../../workflow/step.ts";
import { openArtifact } from "../store/artifact.ts";
import { messageOf } from "./failure.ts";
import { boundInputs, boundRef } from "../plan/keying.ts";
import { buildNodes, type Node } from "./node.ts";
import { pending, type Plan } from "../plan/plan.ts";
import { isBinding } from "../plan/select.ts";
import { ObjectError, type Store } from "../store/store.ts";
import { checkInputs } from "../task/task.ts";

export class PreflightChecks {
  readonly #underWay = new Set<Promise<void>>();
  /** By instance, then by output: what was said of outputs that are still to be made. */
  readonly #declared = new Map<string, Readonly<Record<string, Json>>>();
  /** By producer: those that look at its outputs, or at what is said of them. */
  readonly #readers = new Map<string, Node[]>();

  /** @param fail is told of a node that has no outcome yet */
  constructor(
    readonly store: Store,
    readonly nodes: ReadonlyMap<string, Node>,
    readonly fail: (node: Node, error: unknown) => void,
  ) {
    for (const node of nodes.values()) {
      if (node.outcome !== undefined || !node.planned.instance.kind.preflight) continue;
      const producers = new Set(
        readBindings(node.planned.instance).map(({ instance }) => instance),
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

  /** Until none is under way, those included that others lead to. */
  async done(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Every input of an instance is there. */
  checkInputs(node: Node): void {
    const { instance } = node.planned;
    const { kind, params } = instance;
    if (!kind.checkInputs) return;
    const inputs = boundInputs(instance, this.#outputsOf, this.#axesOf);
    if (inputs) this.#begin(node, () => checkInputs(this.store, kind, { params, inputs }));
  }

  /** Outputs of an instance are there. */
  made(instance: string): void {
    const readers = this.#readers.get(instance) ?? [];
    this.#readers.delete(instance);
    for (const node of readers) this.#preflight(node);
  }

  /** Looks, once something is known of each input that is read. */
  #preflight(node: Node): void {
    const { instance } = node.planned;
    const { preflight } = instance.kind;
    const { name } = instance;
    if (!preflight || node.outcome !== undefined || this.#declared.has(name)) return;
    if (!readBindings(instance).every((binding) => this.#isKnown(binding))) return;
    this.#declared.set(name, {});
    this.#begin(node, async () => {
      const { params } = instance;
      this.#declared.set(name, await preflight.check({ params, inputs: this.#inputsOf(instance) }));
      this.made(name);
    });
  }

  #begin(node: Node, check: () => Promise<void>): void {
    const underWay = check()
      .catch((error) => {
        // What is missing from the store is mended when the instance has its turn.
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

/** Problems that what is there shows already of what will or may run; nothing is run for it. */
export async function declaredProblems(store: Store, plan: Plan): Promise<StepError[]> {
  const looks = plan.instances.some((planned) => {
    const { preflight, checkInputs } = planned.instance.kind;
    return pending(planned) && (preflight || checkInputs);
  });
  if (!looks) return [];
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

/** What an instance connects to the ports that it looks at beforehand. */
function readBindings({ kind, inputs }: Instance): Binding[] {
  return (kind.preflight?.reads ?? []).flatMap((port) => inputs[port] ?? []);
}
