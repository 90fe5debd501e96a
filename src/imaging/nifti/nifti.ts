/** Reads NIfTI-1 and NIfTI-2 images from bytes. */
import { DataError } from "../../errors.ts";
import type { Affine } from "./affine.ts";
import { inflate, inflateStart, isGzip, Scratch } from "./gzip.ts";
import { HEADER_BYTES, type NiftiHeader, parseHeader, type VoxelType } from "./header.ts";

export type Voxels =
  | Uint8Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** An image in memory. */
export interface Volume {
  /** One to seven extents; a 4D image has its volumes along the fourth. */
  shape: readonly number[];
  /** Stored voxels, first axis fastest; 64-bit integers as float64. */
  voxels: Voxels;
  /** value = stored * slope + intercept. */
  slope: number;
  intercept: number;
  /** Voxel indices to world coordinates (RAS), 4x4 row-major, mm. */
  affine: Affine;
  /** Datatype of the file. */
  type: VoxelType;
  /** What contradicts the header and was passed over, as by nibabel. */
  contradictions?: readonly string[];
}

/**
 * @param bytes a `.nii` file or the header of a pair, either gzipped or not
 * @param subject the file, for messages
 * @param image the `.img` file of a pair, gzipped or not
 * @param scratch memory that the voxels may use, until it is used for another image
 * @throws {DataError} when the file is malformed, truncated, too large or of no real datatype; the
 *   header is checked before anything of the declared size is allocated
 */
export function readNifti(
  bytes: Uint8Array,
  subject: string,
  image?: Uint8Array,
  scratch = new Scratch(),
): Volume {
  const header = readHeader(bytes, subject);
  if (header.pair && image === undefined) {
    throw new DataError(subject, "the voxels of this header are in another file (.img)");
  }
  const source = header.pair ? image! : bytes;
  const end = header.offset + header.size;
  const content = isGzip(source) ? inflate(source, end, subject, scratch) : source;
  if (content.length < end) {
    throw new DataError(
      subject,
      `truncated: ${content.length} bytes, but ${header.shape.join(" x ")} ${header.type} voxels ` +
        `from byte ${header.offset} end at ${end}`,
    );
  }
  // A swap or a view needs bytes of our own that are aligned.
  const aligned = (content.byteOffset + header.offset) % header.bytesPerVoxel === 0;
  const own = content !== source && aligned && content.buffer instanceof ArrayBuffer
    ? new Uint8Array(content.buffer, content.byteOffset + header.offset, header.size)
    : new Uint8Array(content.subarray(header.offset, end));
  if (header.littleEndian !== HOST_IS_LITTLE_ENDIAN) swapBytes(own, header.bytesPerVoxel);
  const { shape, slope, intercept, affine, type } = header;
  const contradictions = content.length === end
    ? header.contradictions
    : [...header.contradictions, `${content.length - end} bytes follow its voxels`];
  const voxels = viewVoxels(own, type);
  return { shape, voxels, slope, intercept, affine, type, contradictions };
}

/** The header alone, inflating little more than it. @throws {DataError} when it is malformed */
export function readHeader(bytes: Uint8Array, subject: string): NiftiHeader {
  const start = isGzip(bytes) ? inflateStart(bytes, HEADER_BYTES, subject) : bytes;
  return parseHeader(start, subject);
}

/** A volume of an image of several: its index from 0, or the mean of all. */
export type Frame = number | "mean";

/**
 * Extents of the volume that is meant, trailing axes of extent 1 left out.
 *
 * @param frame needed when the image has several volumes
 * @throws {DataError} when it has several volumes, no such frame, or no three dimensions
 */
export function frameShape(
  shape: readonly number[],
  frame: Frame | undefined,
  subject: string,
): [number, number, number] {
  const [x, y, z, ...rest] = shape;
  if (z === undefined) {
    throw new DataError(subject, `the image has ${shape.length} dimensions, but 3 are needed`);
  }
  const volumes = rest.reduce((product, extent) => product * extent, 1);
  if (volumes !== 1 && frame === undefined) {
    throw new DataError(
      subject,
      `the image has ${volumes} volumes, but 1 is needed; bids.open and caps.open take one of them ` +
        'with frame = 0 to its last, or their mean with frame = "mean"',
    );
  }
  if (typeof frame === "number" && frame >= volumes) {
    throw new DataError(subject, `there is no frame ${frame} among ${volumes} (from 0)`);
  }
  return [x, y, z];
}

/**
 * Extents of an image that is one volume, trailing axes of extent 1 left out.
 *
 * @throws {DataError} when it has several volumes, or no three dimensions
 */
export function volumeShape(shape: readonly number[], subject: string): [number, number, number] {
  return frameShape(shape, undefined, subject);
}

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function swapBytes(bytes: Uint8Array<ArrayBuffer>, width: number): void {
  if (width === 1) return;
  for (let at = 0; at < bytes.length; at += width) {
    for (let low = at, high = at + width - 1; low < high; low++, high--) {
      const byte = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = byte;
    }
  }
}

function viewVoxels(bytes: Uint8Array<ArrayBuffer>, type: VoxelType): Voxels {
  const { buffer, byteOffset, length } = bytes;
  switch (type) {
    case "uint8":
      return bytes;
    case "int8":
      return new Int8Array(buffer, byteOffset, length);
    case "uint16":
      return new Uint16Array(buffer, byteOffset, length / 2);
    case "int16":
      return new Int16Array(buffer, byteOffset, length / 2);
    case "uint32":
      return new Uint32Array(buffer, byteOffset, length / 4);
    case "int32":
      return new Int32Array(buffer, byteOffset, length / 4);
    case "float32":
      return new Float32Array(buffer, byteOffset, length / 4);
    case "float64":
      return new Float64Array(buffer, byteOffset, length / 8);
    case "int64":
      return Float64Array.from(new BigInt64Array(buffer, byteOffset, length / 8), Number);
    case "uint64":
      return Float64Array.from(new BigUint64Array(buffer, byteOffset, length / 8), Number);
  }
}
