/** Refuses batches on which batch normalisation can't train, before anything is trained. */
import { DataError } from "../../errors.ts";
import { pixels } from "../../../kernels/tensors.ts";
import { dimensionsOf, type Network } from "../../nn/network.ts";
import type { TrainingParams } from "./parameters.ts";

/** Batch sizes that an error proposes. */
const PROPOSED = 3;

/**
 * Batch normalisation divides by a standard deviation over batch and positions. Where a network has
 * maps of one pixel or voxel, a batch of one item leaves a single value a channel.
 *
 * @param counts training samples, and elements of each
 * @throws {DataError} when such a batch occurs, with batch sizes that work
 */
export function checkBatches(
  params: Pick<TrainingParams, "batch_size" | "multi_network">,
  networks: readonly Network[],
  { elements, training }: { elements: number; training: number },
): void {
  const items = training * (params.multi_network ? 1 : elements);
  if (!leavesOne(items, params.batch_size)) return;
  const network = networks.find((each) => onePixelLayer(each) !== undefined);
  if (network === undefined) return;
  const position = dimensionsOf(network.input) === 3 ? "voxel" : "pixel";
  const reason = `${onePixelLayer(network)} has maps of one ${position}, so that batch ` +
    "normalisation needs two items a batch";
  const proposed = workingSizes(items, params.batch_size);
  if (proposed.length === 0) {
    throw new DataError("batch_size", `there is one training item only, and ${reason}`);
  }
  throw new DataError(
    "batch_size",
    params.batch_size === 1
      ? `is 1, and ${reason}; use ${proposed.join(", ")}`
      : `${params.batch_size} leaves one of ${items} training items in the last batch, and ${reason}; ` +
        `use ${proposed.join(", ")}`,
  );
}

/** Whether the last batch of an epoch, or each, has one item. */
function leavesOne(items: number, batchSize: number): boolean {
  return batchSize === 1 || items % batchSize === 1;
}

/** Sizes that leave no single item, nearest to the given one first. */
function workingSizes(items: number, batchSize: number): number[] {
  const sizes: number[] = [];
  for (let distance = 1; distance <= Math.max(batchSize, items); distance++) {
    for (const size of [batchSize - distance, batchSize + distance]) {
      if (size < 2 || size > items || leavesOne(items, size)) continue;
      sizes.push(size);
      if (sizes.length === PROPOSED) return sizes;
    }
  }
  return sizes;
}

function onePixelLayer(network: Network): string | undefined {
  return network.summarise().find(({ kind, output }) =>
    kind.startsWith("BatchNorm") && pixels(output) === 1
  )?.name;
}
