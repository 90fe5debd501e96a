/** Why a job must not compute on the device that it has. */
import type { FrozenInstance } from "../../engine/cluster/frozen_plan.ts";
import { DataError } from "../../errors.ts";
import { isJsonObject } from "../../json.ts";
import type { Json } from "../../workflow/step.ts";

/** One process computes on one GPU, and WebGPU takes the first, which may not be the job's. */
export function gpuRefusal(
  { name, execution }: FrozenInstance,
  visible: string | undefined,
): DataError | undefined {
  const count = Number(visible ?? 0);
  if (execution.resources.gpu === 0 || !(count > 1)) return undefined;
  return new DataError(
    name,
    `its job can open ${count} GPUs, and WebGPU can't choose among them: ask for one (gres = "gpu:1") on ` +
      "a cluster that confines jobs to their devices (ConstrainDevices=yes), or use nodes with one GPU",
  );
}

/** The plan was made for another adapter than this machine's. */
export async function adapterRefusal(planned: Json | undefined): Promise<DataError | undefined> {
  const { askAdapter } = await import("../../device/adapter_memory.ts");
  const { adapterMatches } = await import("../../device/numeric_class.ts");
  const adapter = await askAdapter();
  if (planned === undefined || adapterMatches(planned, adapter)) return undefined;
  const facts = isJsonObject(planned) ? planned : {};
  return new DataError(
    Deno.hostname(),
    `computes on ${adapter.description || adapter.device}, and the plan is for ` +
      `${
        facts.description ?? facts.architecture ?? facts.vendor
      }: give the profile nodes of one kind, as ` +
      'by options = ["--constraint=..."], or write device = "class" in the step; the next run asks a ' +
      "node again",
  );
}
