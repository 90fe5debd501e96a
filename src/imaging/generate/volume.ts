/** The volumes that generators work on. */
import { DataError } from "../../errors.ts";
import { readNifti, type Volume } from "../nifti/nifti.ts";
import { toRas } from "../nifti/orientation.ts";
import { writeNifti } from "../nifti/write.ts";
import type { ScalarImage } from "../scalar_image.ts";
import { scaledVoxels } from "../extract/voxels.ts";

export interface HeadVolume extends ScalarImage {
  /** Whether voxels are stored as integers, as scanners do. */
  integer: boolean;
}

/** @throws {DataError} when the image can't be read or is not three-dimensional */
export function readHead(bytes: Uint8Array, subject: string): HeadVolume {
  return headOf(readNifti(bytes, subject), subject);
}

/** As {@link readHead}, with the axes along right, anterior and superior. */
export function readUpright(bytes: Uint8Array, subject: string): HeadVolume {
  const volume = readNifti(bytes, subject);
  return headOf(toRas(volume) ?? volume, subject);
}

function headOf(volume: Volume, subject: string): HeadVolume {
  const [x, y = 1, z = 1, ...rest] = volume.shape;
  if (rest.some((extent) => extent !== 1)) {
    throw new DataError(subject, `not a 3D image: its shape is ${volume.shape.join(" x ")}`);
  }
  const integer = /^u?int(8|16)$/.test(volume.type) && volume.slope === 1 && volume.intercept === 0;
  return { shape: [x, y, z], data: scaledVoxels(volume, subject), affine: volume.affine, integer };
}

/** A `.nii.gz`: int16 for integers that fit, float32 otherwise. */
export function writeHead(
  volume: HeadVolume,
  description: string,
  space: "mni152" | "scanner" = "mni152",
): Uint8Array<ArrayBuffer> {
  return writeNifti({
    shape: volume.shape,
    voxels: (volume.integer ? roundVoxels(volume.data) : undefined) ?? volume.data,
    affine: volume.affine,
    space,
    description,
  });
}

/** Rounded voxels; undefined when one does not fit. */
function roundVoxels(data: Float32Array): Int16Array | undefined {
  const voxels = new Int16Array(data.length);
  for (let at = 0; at < data.length; at++) {
    const value = Math.round(data[at]);
    if (value > 32767 || value < -32768) return undefined;
    voxels[at] = value;
  }
  return voxels;
}
