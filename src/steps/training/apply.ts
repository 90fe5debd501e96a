/** Applies stored networks to items of a data set, as many side by side as fit the device. */
import { readSafetensors } from "../../formats/safetensors.ts";
import type { Device } from "../../gpu/device.ts";
import { infer } from "../../nn/infer.ts";
import type { Network } from "../../nn/network.ts";
import { importState } from "../../nn/state_dict.ts";
import type { Blob, StepContext } from "../../workflow/step.ts";
import type { ElementData } from "./data.ts";
import { sideBySide } from "./memory.ts";
import type { ScoredItems } from "./scores.ts";

export interface StoredNetwork {
  network: Network;
  weights: Blob;
  /** Items of the data set that it is applied to. */
  items: Uint32Array<ArrayBuffer>;
}

/** @throws {DataError} when stored weights don't fit their network */
export async function apply(
  { get, signal }: Pick<StepContext, "get" | "signal">,
  device: Device,
  { data, level, batchSize, networks }: {
    data: ElementData;
    level: "element" | "image" | "none";
    batchSize: number;
    networks: readonly StoredNetwork[];
  },
): Promise<ScoredItems[]> {
  const scored: ScoredItems[] = [];
  while (scored.length < networks.length) {
    const rest = networks.slice(scored.length);
    const group = rest.slice(0, sideBySide(rest.map(({ network }) => network), batchSize));
    const runs = [];
    for (const { network, weights, items } of group) {
      const file = readSafetensors(await get(weights), "stored weights");
      runs.push({
        network,
        items,
        weights: importState(network, file.tensors(), "stored weights"),
      });
    }
    const outputs = await infer(device, {
      data,
      normalisation: level === "element" ? "element" : "none",
      batchSize,
      runs,
      signal,
    });
    outputs.forEach((output, i) => scored.push({ outputs: output, items: group[i].items }));
  }
  return scored;
}
