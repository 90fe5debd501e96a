/** The voxels of a head, skull and fluid included. */
import { otsuThreshold } from "../otsu.ts";
import type { ScalarImage } from "../scalar_image.ts";

/**
 * 1 for the voxels of a head, 0 elsewhere: those of a row along the first axis from its first to its
 * last voxel above Otsu's threshold, so that bone, fluid and air cells between bright tissues count too.
 * Without contrast no voxel is in the head.
 */
export function headRegion({ shape, data }: Pick<ScalarImage, "shape" | "data">): Uint8Array {
  const region = new Uint8Array(data.length);
  const threshold = otsuThreshold(data) ?? Infinity;
  const [length] = shape;
  for (let row = 0; row < data.length; row += length) {
    let first = row, last = row + length - 1;
    while (first <= last && !(data[first] > threshold)) first++;
    while (last > first && !(data[last] > threshold)) last--;
    region.fill(1, first, last + 1);
  }
  return region;
}
