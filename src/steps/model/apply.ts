/** Applies stored networks to items of a data set, as many side by side as fit the device. */
import { readWeights } from "../../artifacts/model.ts";
import type { Device } from "../../gpu/device.ts";
import { infer, type InferOptions } from "../../nn/infer.ts";
import type { Network } from "../../nn/network.ts";
import { reconstruct, type Reconstruction } from "../../nn/reconstruct.ts";
import { importState } from "../../nn/state_dict.ts";
import type { Blob, StepContext } from "../../workflow/step.ts";
import { type ElementData, numbersRead } from "./element_data.ts";
import { countSideBySide, fittingBatch, inferenceMemory, residentBytes } from "./memory.ts";
import type { ScoredItems } from "./scores.ts";

export interface StoredNetwork {
  network: Network;
  weights: Blob;
  /** Items of the data set that it is applied to. */
  items: Uint32Array<ArrayBuffer>;
}

export interface Applied {
  data: ElementData;
  /** Of items at a time, fewer where these do not fit the device. */
  batchSize: number;
  networks: readonly StoredNetwork[];
}

export type Context = Pick<StepContext, "get" | "signal">;

/** @throws {DataError} when stored weights don't fit their network */
export async function apply(
  context: Context,
  device: Device,
  applied: Applied,
): Promise<ScoredItems[]> {
  const scored: ScoredItems[] = [];
  for await (const { items, options } of groups(context, device, applied, inferenceMemory)) {
    const outputs = await infer(device, options);
    outputs.forEach((output, i) => scored.push({ outputs: output, items: items[i] }));
  }
  return scored;
}

/** What a network gives back of an item of the data set. */
export type ReconstructedItem = Omit<Reconstruction, "run">;

/**
 * Calls `use` with every item that the networks give back, some at a time in memory.
 *
 * @throws {DataError} when stored weights don't fit their network
 */
export async function reconstructStored(
  context: Context,
  device: Device,
  applied: Applied,
  use: (item: ReconstructedItem) => void | Promise<void>,
): Promise<void> {
  const { varied, elements } = applied.data;
  for await (const { items, options } of groups(context, device, applied, inferenceMemory)) {
    const element = items[0][0] % elements;
    await reconstruct(device, options, async ({ run: _, item, ...values }) => {
      await use({ ...values, item: varied ? item * elements + element : item });
    });
  }
}

export interface Group {
  /** Items of each network. */
  items: readonly Uint32Array[];
  options: InferOptions;
}

/** As many networks at a time as fit side by side, with their weights; one where elements differ in shape. */
export async function* groups(
  { get, signal }: Context,
  device: Device,
  { data, batchSize: asked, networks }: Applied,
  bytesOf: (device: Device, network: Network, batchSize: number) => Promise<number>,
): AsyncGenerator<Group> {
  const sizes = networks.map(({ network }) =>
    fittingBatch(device, asked, (size) => bytesOf(device, network, size))
  );
  const batchSize = Math.min(...await Promise.all(sizes));
  for (let first = 0; first < networks.length;) {
    const rest = networks.slice(first);
    const bytes = await Promise.all(
      rest.map(({ network }) => bytesOf(device, network, batchSize)),
    );
    const group = rest.slice(0, data.varied ? 1 : countSideBySide(device, bytes));
    const runs = [];
    for (const { network, weights, items } of group) {
      const { parameters } = readWeights(await get(weights), "stored weights");
      const state = importState(network, parameters, "stored weights");
      runs.push({ network, items: numbersRead(data, items), weights: state });
    }
    first += group.length;
    const read = data.varied ? data.ofElement(group[0].items[0] % data.elements) : data;
    yield {
      items: group.map(({ items }) => items),
      options: { data: read, batchSize, runs, signal, residentBytes: residentBytes(device) },
    };
  }
}
