/** Brings volumes to one shape without interpolation. */
import type { Affine } from "../nifti/affine.ts";
import type { Volume } from "../nifti/nifti.ts";
import { scaledVoxels } from "./voxels.ts";

/**
 * The volume cropped or padded with zeros about its centre along each axis. As in TorchIO's CropOrPad, the
 * odd voxel is cropped or added at the beginning of the axis. World coordinates stay.
 *
 * @throws {DataError} when a voxel is infinite
 */
export function cropOrPad(
  volume: Volume,
  shape: readonly [number, number, number],
  subject: string,
): Volume {
  if (shape.every((extent, axis) => extent === volume.shape[axis])) return volume;
  const source = scaledVoxels(volume, subject);
  const first = shape.map((extent, axis) => {
    const surplus = volume.shape[axis] - extent;
    return surplus > 0 ? Math.ceil(surplus / 2) : -Math.ceil(-surplus / 2);
  });
  const voxels = new Float32Array(shape[0] * shape[1] * shape[2]);
  const [begin, end] = [
    Math.max(0, -first[0]),
    Math.min(shape[0], volume.shape[0] - first[0]),
  ];
  for (let z = 0; z < shape[2]; z++) {
    for (let y = 0; y < shape[1]; y++) {
      const [fromY, fromZ] = [y + first[1], z + first[2]];
      if (fromY < 0 || fromY >= volume.shape[1] || fromZ < 0 || fromZ >= volume.shape[2]) continue;
      const line = (fromZ * volume.shape[1] + fromY) * volume.shape[0] + first[0];
      voxels.set(source.subarray(line + begin, line + end), (z * shape[1] + y) * shape[0] + begin);
    }
  }
  const affine = moved(volume.affine, first);
  return { shape, voxels, slope: 1, intercept: 0, affine, type: "float32" };
}

/** The affine of a grid whose first voxel is another one. */
function moved(affine: Affine, first: readonly number[]): Affine {
  const result = Float64Array.from(affine);
  for (let row = 0; row < 3; row++) {
    first.forEach((voxels, axis) => result[4 * row + 3] += affine[4 * row + axis] * voxels);
  }
  return result;
}
