/** Applies transforms to items outside of a training. */
import { itemsBytes } from "../../../kernels/augment/grid.ts";
import type { Device } from "../../gpu/device.ts";
import { ProgramBuilder } from "../../gpu/program.ts";
import type { ItemGeometry } from "./transform.ts";
import { type TransformEntry, Transforms } from "./mod.ts";

/**
 * What a list of transforms makes of the first samples of an epoch.
 *
 * @param items `[count][depth][height][width]`
 * @returns the same shape
 */
export async function applyTransforms(
  device: Device,
  entries: readonly TransformEntry[],
  geometry: ItemGeometry,
  items: Float32Array<ArrayBuffer>,
  { seed, epoch }: { seed: number; epoch: number },
): Promise<Float32Array> {
  const [depth, height, width] = geometry.size;
  const batch = items.length / (depth * height * width);
  const shape = { batch, depth, height, width };
  const transforms = new Transforms(entries, geometry, batch);
  const records = device.buffer("transforms", transforms.bytes);
  const [given, result] = [
    device.buffer("items", items),
    device.buffer("result", itemsBytes(shape)),
  ];
  try {
    transforms.upload(device, records, { seed, epoch, first: 0, size: batch });
    const builder = new ProgramBuilder(device, "transforms");
    const x = builder.tensor("items", itemsBytes(shape));
    builder.copy(given, x);
    builder.copy(transforms.record(builder, { shape, x }, records), result);
    (await builder.build()).run();
    return (await device.readFloats(result)).subarray(0, items.length);
  } finally {
    for (const buffer of [records, given, result]) device.free(buffer);
  }
}
