/** Costs that no earlier run has shown, from what steps declare of inputs that do not exist yet. */
import type { Instance, Workflow } from "../../workflow/graph.ts";
import type { Estimate, Json, PreflightInput } from "../../workflow/step.ts";
import type { Store } from "../store/store.ts";
import { KnownOutputs } from "./known_outputs.ts";
import { NO_MEMORY, type PlanMemory } from "./plan_memory.ts";
import { isPending, type PlannedInstance } from "./planned_instance.ts";

/** Ports that the preflight check reads, needed or not. */
export function preflightPortsOf({ kind: { preflight } }: Instance): readonly string[] {
  return [...preflight?.reads ?? [], ...preflight?.readsIfKnown ?? []];
}

/** Checks what is known of the inputs. @returns what is known of the outputs */
export async function runPreflight(
  instance: Instance,
  known: KnownOutputs,
  memory: PlanMemory = NO_MEMORY,
): Promise<Readonly<Record<string, Json>>> {
  const { kind: { kind, preflight }, params } = instance;
  const inputs = known.inputsOf(instance, preflightPortsOf(instance));
  const unknown = (preflight?.readsIfKnown ?? []).filter((port) =>
    instance.inputs[port] !== undefined && inputs[port] === undefined
  );
  const check = async () => await preflight?.check({ params, inputs, unknown }) ?? {};
  if (readsFiles(instance, inputs)) return await check();
  return await memory.ask(["preflight", kind, params, declarationsOf(inputs), unknown], check);
}

type KnownInputs = Readonly<Record<string, PreflightInput | readonly PreflightInput[]>>;

/** Whether an answer may depend on more than parameters and what steps declare. */
function readsFiles({ kind, params }: Instance, inputs: KnownInputs): boolean {
  return kind.pathParameters.some((name) => params[name] !== undefined && params[name] !== null) ||
    Object.values(inputs).flat().some((input) => !("declared" in input));
}

function declarationsOf(inputs: KnownInputs): Json {
  return Object.fromEntries(
    Object.entries(inputs).map(([port, input]) => [
      port,
      [input].flat().map((each) => "declared" in each ? each.declared : null),
    ]),
  );
}

/**
 * Completes the estimates of what will or may run by those that the steps make themselves. Disk is
 * computed from the parameters at hand; time, which is measured, stays that of an earlier run.
 */
export async function forecast(
  store: Store,
  byName: ReadonlyMap<string, PlannedInstance>,
  memory: PlanMemory,
): Promise<void> {
  const pending = [...byName.values()].filter(isPending);
  if (!pending.some(({ instance }) => instance.kind.estimate)) return;
  const finished = (name: string) => {
    const planned = byName.get(name);
    return planned && isPending(planned) ? undefined : planned;
  };
  const known = new KnownOutputs(
    store,
    (name) => finished(name)?.outputs,
    (name) => byName.get(name)?.instance.axes ?? {},
  );
  for (const planned of pending) {
    const { instance, instance: { kind } } = planned;
    if (kind.preflight && known.has(instance, kind.preflight.reads)) {
      // A problem is reported by the checks before a run; here the outputs remain unknown.
      known.declare(instance.name, await runPreflight(instance, known, memory).catch(() => ({})));
    }
    if (!kind.estimate) continue;
    const own = await estimateOf(instance, known, byName, memory).catch(() => ({}));
    planned.estimate = { ...own, ...planned.estimate, ...diskOf(own) };
  }
}

async function estimateOf(
  instance: Instance,
  known: KnownOutputs,
  byName: ReadonlyMap<string, PlannedInstance>,
  memory: PlanMemory,
): Promise<Estimate> {
  const { kind, params } = instance;
  const inputs = known.inputsOf(instance, Object.keys(instance.inputs));
  const lists = Object.fromEntries(
    Object.entries(inputs).map(([port, input]) => [port, [input].flat()]),
  );
  const bytes = inputBytesOf(instance, byName);
  const estimate = async () => ({ ...await kind.estimate?.(params, lists, bytes) });
  if (readsFiles(instance, inputs)) return await estimate();
  return await memory.ask(
    ["estimate", kind.kind, params, declarationsOf(inputs), bytes],
    estimate,
  );
}

/** Sizes of the inputs by port, as they are stored or will be published. */
function inputBytesOf(
  { inputs }: Instance,
  byName: ReadonlyMap<string, PlannedInstance>,
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [port, input] of Object.entries(inputs)) {
    let sum: number | undefined = 0;
    for (const { instance, output } of [input].flat()) {
      const { estimate, outputs } = byName.get(instance)!;
      const bytes = estimate.publishedBytes?.[output] ?? outputs?.[output].bytes;
      sum = sum === undefined || bytes === undefined ? undefined : sum + bytes;
    }
    if (sum !== undefined) sums[port] = sum;
  }
  return sums;
}

function diskOf({ diskBytes, publishedBytes }: Estimate): Estimate {
  return {
    ...(diskBytes !== undefined && { diskBytes }),
    ...(publishedBytes && { publishedBytes }),
  };
}

/** What a run is expected to cost, and how much of that is not known. */
export interface RunEstimate extends Omit<Estimate, "publishedBytes"> {
  /** Of everything that will or may be published. */
  publishedBytes?: number;
  /** How many instances that will or may run, and publications of these, have no estimate. */
  withoutEstimate: { seconds: number; diskBytes: number; publishedBytes: number };
}

/** Sums over what will or may run; `deviceBytes` and `memoryBytes` are the largest. */
export function sumEstimates(
  workflow: Workflow,
  byName: ReadonlyMap<string, PlannedInstance>,
): RunEstimate {
  const pending = [...byName.values()].filter(isPending);
  const sum: RunEstimate = { withoutEstimate: { seconds: 0, diskBytes: 0, publishedBytes: 0 } };
  for (const { estimate } of pending) {
    for (const name of ["seconds", "diskBytes"] as const) {
      if (estimate[name] === undefined) sum.withoutEstimate[name]++;
      else sum[name] = (sum[name] ?? 0) + estimate[name];
    }
    for (const name of ["deviceBytes", "memoryBytes"] as const) {
      if (estimate[name] !== undefined) sum[name] = Math.max(sum[name] ?? 0, estimate[name]);
    }
  }
  for (const { binding: { instance, output } } of workflow.publications) {
    const planned = byName.get(instance)!;
    if (!isPending(planned)) continue;
    const bytes = planned.estimate.publishedBytes?.[output];
    if (bytes === undefined) sum.withoutEstimate.publishedBytes++;
    else sum.publishedBytes = (sum.publishedBytes ?? 0) + bytes;
  }
  return sum;
}
