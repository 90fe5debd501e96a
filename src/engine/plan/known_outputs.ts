/** What is known of outputs: those that exist, and what steps declare of those that do not. */
import type { Binding, Instance } from "../../workflow/graph.ts";
import type { Json, PreflightInput } from "../../workflow/step.ts";
import { openArtifact } from "../store/artifact.ts";
import type { Store } from "../store/store.ts";
import { boundRef, type OutputRefs } from "./keying.ts";
import { isBinding } from "./select.ts";

export class KnownOutputs {
  /** By instance, then by output. */
  readonly #declared = new Map<string, Readonly<Record<string, Json>>>();

  constructor(
    readonly store: Store,
    readonly outputsOf: (instance: string) => OutputRefs | undefined,
    readonly axesOf: (instance: string) => Instance["axes"],
  ) {}

  declare(instance: string, outputs: Readonly<Record<string, Json>>): void {
    this.#declared.set(instance, outputs);
  }

  /** Whether every port is known or unconnected. */
  has({ inputs }: Instance, ports: readonly string[]): boolean {
    return ports.flatMap((port) => inputs[port] ?? []).every((binding) => this.#has(binding));
  }

  /** The ports that are known; an array for those that accept several. */
  inputsOf(
    instance: Instance,
    ports: readonly string[],
  ): Record<string, PreflightInput | readonly PreflightInput[]> {
    const known: Record<string, PreflightInput | readonly PreflightInput[]> = {};
    for (const port of ports) {
      const input = instance.inputs[port];
      if (input === undefined || !this.has(instance, [port])) continue;
      const values = [input].flat().map((binding) => this.#get(binding));
      known[port] = isBinding(input) && !instance.kind.inputs[port].many ? values[0] : values;
    }
    return known;
  }

  /** Equal as long as nothing more is known of the ports than before. */
  stateOf({ inputs }: Instance, ports: readonly string[]): string {
    const states = ports.flatMap((port) => inputs[port] ?? []).map(({ instance, output }) =>
      this.#declared.get(instance)?.[output] ?? (this.outputsOf(instance) !== undefined)
    );
    return JSON.stringify(states);
  }

  #has({ instance, output, index }: Binding): boolean {
    if (this.outputsOf(instance)) return true;
    return index === undefined && this.#declared.get(instance)?.[output] !== undefined;
  }

  #get(binding: Binding): PreflightInput {
    const outputs = this.outputsOf(binding.instance);
    if (!outputs) return { declared: this.#declared.get(binding.instance)![binding.output] };
    const axes = this.axesOf(binding.instance);
    return openArtifact(this.store, boundRef(binding, outputs), axes);
  }
}
