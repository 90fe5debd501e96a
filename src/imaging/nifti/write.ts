/** Writes NIfTI-1 images whose bytes depend on the content alone. */
import { type Affine, affineQuaternion } from "./affine.ts";
import { deflate } from "./gzip.ts";

export interface WritableVolume {
  /** Three extents, or four with the volumes along the fourth; each at most 32767. */
  shape: readonly number[];
  /** First axis fastest. */
  voxels: Float32Array | Int16Array | Uint8Array;
  /** Voxel indices to world coordinates (RAS), 4x4 row-major, mm. */
  affine: Affine;
  /** What the world coordinates mean; the NIfTI transform code. */
  space?: "scanner" | "aligned" | "talairach" | "mni152";
  /** At most 79 Latin-1 characters. */
  description?: string;
}

const SPACE_CODES = { scanner: 1, aligned: 2, talairach: 3, mni152: 4 } as const;
const HEADER_SIZE = 352;

/**
 * A gzipped single-file NIfTI-1 image (`.nii.gz`), little-endian, unscaled. The sform holds the
 * affine; the qform too where the affine has no shear.
 *
 * @throws {RangeError} when the shape does not fit the voxels or the format
 */
export function writeNifti(volume: WritableVolume): Uint8Array<ArrayBuffer> {
  const { shape, voxels, affine } = volume;
  const count = shape.reduce((product, extent) => product * extent, 1);
  const fits = (shape.length === 3 || shape.length === 4) &&
    shape.every((extent) => Number.isInteger(extent) && extent >= 1 && extent <= 32767);
  if (!fits || count !== voxels.length) {
    throw new RangeError(`shape ${shape.join(" x ")} does not fit ${voxels.length} voxels`);
  }
  const [datatype, bitpix] = voxelCode(voxels);
  const file = new Uint8Array(HEADER_SIZE + voxels.byteLength);
  const view = new DataView(file.buffer);
  view.setInt32(0, 348, true);
  const zooms = [0, 1, 2].map((j) => Math.hypot(affine[j], affine[4 + j], affine[8 + j]));
  const dims = [shape.length, ...shape];
  for (let i = 0; i < 8; i++) view.setInt16(40 + 2 * i, dims[i] ?? 1, true);
  view.setInt16(70, datatype, true);
  view.setInt16(72, bitpix, true);
  const rotation = affineQuaternion(affine);
  [rotation?.qfac ?? 1, ...zooms, 1].forEach((size, i) => view.setFloat32(76 + 4 * i, size, true));
  view.setFloat32(108, HEADER_SIZE, true);
  view.setFloat32(112, 1, true);
  view.setUint8(123, 2 | 8); // mm and seconds
  writeText(file.subarray(148, 227), volume.description ?? "");
  const code = SPACE_CODES[volume.space ?? "aligned"];
  if (rotation) {
    view.setInt16(252, code, true);
    [...rotation.quaternion, ...rotation.offset].forEach((value, i) => {
      view.setFloat32(256 + 4 * i, value, true);
    });
  }
  view.setInt16(254, code, true);
  for (let i = 0; i < 12; i++) view.setFloat32(280 + 4 * i, affine[i], true);
  file.set([0x6e, 0x2b, 0x31, 0], 344); // "n+1\0"
  writeVoxels(file, view, voxels);
  return deflate(file);
}

function voxelCode(voxels: WritableVolume["voxels"]): [datatype: number, bitpix: number] {
  if (voxels instanceof Float32Array) return [16, 32];
  if (voxels instanceof Int16Array) return [4, 16];
  return [2, 8];
}

function writeText(field: Uint8Array, text: string): void {
  for (let i = 0; i < Math.min(text.length, field.length); i++) field[i] = text.charCodeAt(i);
}

function writeVoxels(file: Uint8Array, view: DataView, voxels: WritableVolume["voxels"]): void {
  const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  if (littleEndian || voxels instanceof Uint8Array) {
    file.set(new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength), HEADER_SIZE);
  } else if (voxels instanceof Float32Array) {
    voxels.forEach((value, i) => view.setFloat32(HEADER_SIZE + 4 * i, value, true));
  } else {
    voxels.forEach((value, i) => view.setInt16(HEADER_SIZE + 2 * i, value, true));
  }
}
