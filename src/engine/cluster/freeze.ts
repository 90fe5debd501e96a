/** Makes the frozen plan of a plan, and the digests by which jobs of another run are known again. */
import type { Binding, Instance } from "../../workflow/graph.ts";
import type { Digest, Json } from "../../workflow/step.ts";
import { runPlace } from "../../workflow/step.ts";
import { isBinding } from "../plan/select.ts";
import type { Plan } from "../plan/plan.ts";
import { canonicalJson } from "../store/canonical.ts";
import { digestOf } from "../store/digest.ts";
import { type KeyParts, shapeKey } from "../store/key.ts";
import type { Store } from "../store/store.ts";
import type { FrozenInstance, FrozenPlan } from "./frozen_plan.ts";

type FixedParts = Omit<KeyParts, "inputs">;

export interface Frozen {
  plan: FrozenPlan;
  /**
   * By instance: a digest of what it will compute and of what its inputs will be made of. Two jobs with
   * the same make the same key, also where nobody knows it yet.
   */
  lineages: ReadonlyMap<string, Digest>;
}

/** @param started time of the run: forced instances, and those with `cache = false`, are made from then on */
export async function freeze(store: Store, plan: Plan, started: string): Promise<Frozen> {
  const instances: FrozenInstance[] = [];
  const kinds: Record<string, FrozenPlan["kinds"][string]> = {};
  const numericClasses: Record<string, Json> = {};
  const lineages = new Map<string, Digest>();
  const axesOf = (name: string): Json => plan.byName.get(name)!.instance.axes;
  for (const { instance, state, key } of plan.instances) {
    if (state === "unwanted") continue;
    const { kind } = instance;
    const fixed = await plan.keying.fixedParts(instance);
    const isForced = plan.selected.forced.has(instance.name) || !instance.execution.cache;
    const known = kind.source ? key : undefined;
    const lineage = lineageOf(instance, fixed, known, isForced && started, lineages, axesOf);
    lineages.set(instance.name, lineage);
    kinds[kind.kind] = {
      version: kind.version,
      ...(fixed.code !== undefined && { code: fixed.code }),
      ...(kind.module !== undefined && { module: kind.module }),
    };
    if (runPlace(instance) === "device" && fixed.numericClass !== undefined) {
      numericClasses[instance.execution.device] = fixed.numericClass;
    }
    const { name, step, axes, params, inputs, needs, execution } = instance;
    instances.push({
      name,
      step,
      kind: kind.kind,
      axes,
      params,
      inputs,
      needs,
      execution,
      shape: shapeKey(fixed),
      paths: fixed.paths,
      ...(known !== undefined && { key: known }),
      ...(isForced && { madeSince: started }),
    });
  }
  const { name, file, folder } = plan.workflow;
  return {
    plan: {
      version: 1,
      workflow: { name, file, folder },
      cache: [store.root, ...store.lower],
      kinds,
      numericClasses,
      instances,
    },
    lineages,
  };
}

function lineageOf(
  instance: Instance,
  fixed: FixedParts,
  key: Digest | undefined,
  forced: string | false,
  earlier: ReadonlyMap<string, Digest>,
  axesOf: (instance: string) => Json,
): Digest {
  if (key !== undefined) return key;
  const from = ({ instance: producer, output, index }: Binding): Json => [
    earlier.get(producer)!,
    output,
    index ?? null,
  ];
  const inputs = Object.entries(instance.inputs).map(([port, input]): Json => [
    port,
    isBinding(input) ? from(input) : input.map((each) => [from(each), axesOf(each.instance)]),
  ]);
  return digestOf(canonicalJson([shapeKey(fixed), forced || null, inputs]));
}
