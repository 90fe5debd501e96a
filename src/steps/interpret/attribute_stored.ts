/** Maps of the items of a data set by stored networks; what trains or predicts does not depend on it. */
import type { Device } from "../../gpu/device.ts";
import { attribute, type AttributionMethod } from "../../nn/attribute.ts";
import type { Network } from "../../nn/network.ts";
import { type Applied, type Context, groups } from "../model/apply.ts";
import { trainingMemory } from "../model/memory.ts";

/**
 * A map of every item of every network, see `attribute`.
 *
 * @throws {DataError} when stored weights don't fit their network
 */
export async function attributeStored(
  context: Context,
  device: Device,
  applied: Applied,
  { method, target }: { method: AttributionMethod; target: number },
): Promise<{ maps: Float32Array; items: Uint32Array }[]> {
  const attributed: { maps: Float32Array; items: Uint32Array }[] = [];
  for await (const { items, options } of groups(context, device, applied, gradientMemory)) {
    const maps = await attribute(device, { ...options, method, target });
    maps.forEach((map, i) => attributed.push({ maps: map, items: items[i] }));
  }
  return attributed;
}

/** An attribution keeps what a training without moments does. */
function gradientMemory(device: Device, network: Network, batchSize: number): Promise<number> {
  return trainingMemory(device, {
    network,
    batchSize,
    optimizer: { name: "SGD", learningRate: 0 },
  });
}
