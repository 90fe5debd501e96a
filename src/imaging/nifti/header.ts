/**
 * The fixed part of a NIfTI file, checked. `nifti-reader-js` parses the fields; everything that it
 * does not check, or decides otherwise than nibabel, is done here. Its parser gets the 348 (540)
 * bytes of the header and nothing behind them, so that no extension can lead it astray.
 */
import { NIFTI1, NIFTI2 } from "nifti-reader-js";
import { DataError } from "../../errors.ts";
import { recogniseOther } from "./not_nifti.ts";
import { type Affine, centredAffine, quaternionAffine } from "./affine.ts";

/** Voxels of more bytes than this are refused before anything is allocated. */
export const MAX_IMAGE_BYTES = 2 ** 30;

/** Bytes of which every header needs no more. */
export const HEADER_BYTES = 540;

/** Excess of a unit quaternion's squared length that rounding explains. */
const QUATERNION_TOLERANCE = 1e-4;

export type VoxelType =
  | "uint8"
  | "int16"
  | "int32"
  | "float32"
  | "float64"
  | "int8"
  | "uint16"
  | "uint32"
  | "int64"
  | "uint64";

/** Real datatypes by NIfTI code, with their bytes. */
const VOXEL_TYPES: ReadonlyMap<number, readonly [VoxelType, number]> = new Map([
  [2, ["uint8", 1]],
  [4, ["int16", 2]],
  [8, ["int32", 4]],
  [16, ["float32", 4]],
  [64, ["float64", 8]],
  [256, ["int8", 1]],
  [512, ["uint16", 2]],
  [768, ["uint32", 4]],
  [1024, ["int64", 8]],
  [1280, ["uint64", 8]],
]);

const UNREAL_TYPES: ReadonlyMap<number, string> = new Map([
  [1, "binary"],
  [32, "complex64"],
  [128, "RGB"],
  [1536, "float128"],
  [1792, "complex128"],
  [2048, "complex256"],
  [2304, "RGBA"],
]);

/** A transform that a header states. */
export interface StatedTransform {
  /** What its mm mean: 1 scanner, 2 another image, 3 Talairach, 4 MNI152. */
  code: number;
  affine: Affine;
}

export interface NiftiHeader {
  version: 1 | 2;
  /** Whether the voxels are in another file (`.img`). */
  pair: boolean;
  littleEndian: boolean;
  /** One to seven extents, the first axis varying fastest. */
  shape: readonly number[];
  type: VoxelType;
  bytesPerVoxel: number;
  /** Where the voxels begin, and how many bytes they take. */
  offset: number;
  size: number;
  /** value = stored * slope + intercept; 1 and 0 when the header asks for no scaling. */
  slope: number;
  intercept: number;
  /** Of the sform if there is one, else of the qform if there is one, else about the grid's centre. */
  affine: Affine;
  /** Whether the header states a transform; the affine is nibabel's guess otherwise. */
  oriented: boolean;
  /** Absent where the header states none, or no valid one. */
  sform?: StatedTransform;
  qform?: StatedTransform;
  /** Values that contradict others and are passed over, as by nibabel; such as `bitpix is 8`. */
  contradictions: readonly string[];
  /** Text of `descrip`, up to its first NUL. */
  description: string;
}

/**
 * @param bytes at least {@link HEADER_BYTES} of the file's start, or the file
 * @throws {DataError} naming `subject` and the problem
 */
export function parseHeader(bytes: Uint8Array, subject: string): NiftiHeader {
  const fail = (problem: string): never => {
    throw new DataError(subject, problem);
  };
  const other = recogniseOther(bytes);
  if (other !== undefined) fail(other);
  if (bytes.length < 348) {
    fail(`not a NIfTI file: ${bytes.length} bytes, where a header has at least 348`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { littleEndian, size } = headerSize(view) ??
    fail("not a NIfTI file: it does not begin with the header size 348 or 540");
  const version = size === 348 ? 1 : 2;
  if (bytes.length < size) fail(`truncated: ${bytes.length} bytes of a ${size}-byte header`);
  const magic = text(bytes, version === 1 ? 344 : 4, version === 1 ? 4 : 8);
  const pair = magic === `ni${version}`;
  if (!pair && magic !== `n+${version}`) {
    const hint = version === 1 && magic === "" ? " (an Analyze 7.5 image? convert it)" : "";
    fail(`not a NIfTI file: magic "${printable(magic)}"${hint}`);
  }

  const header = version === 1 ? new NIFTI1() : new NIFTI2();
  header.readHeader(new Uint8Array(bytes.subarray(0, size)).buffer);
  // The parser's 64-bit integers lose the sign of some values.
  const int64 = (at: number) => Number(view.getBigInt64(at, littleEndian));
  const dims = version === 1 ? header.dims : Array.from({ length: 8 }, (_, i) => int64(16 + 8 * i));
  const shape = checkShape(dims, fail);
  const [type, bytesPerVoxel] = VOXEL_TYPES.get(header.datatypeCode) ??
    fail(unsupported(header.datatypeCode));
  const voxels = shape.reduce((product, extent) => product * extent, 1);
  if (voxels * bytesPerVoxel > MAX_IMAGE_BYTES) {
    fail(`${shape.join(" x ")} ${type} voxels exceed the limit of ${MAX_IMAGE_BYTES} bytes`);
  }
  const offset = version === 1 ? header.vox_offset : int64(168);
  const least = pair ? 0 : version === 1 ? 352 : 544;
  if (!Number.isSafeInteger(offset) || offset < least) {
    fail(`vox_offset is ${offset}, but voxels begin at byte ${least} or later`);
  }
  const { slope, intercept } = scaling(header, fail);
  const sform = readSform(header, view, littleEndian);
  const qform = readQform(header);
  const affine = sform?.affine ?? qform?.affine ?? centredAffine(shape, zoomsOf(header));
  if (!sform && !qform && header.qform_code > 0) {
    const { quatern_b: b, quatern_c: c, quatern_d: d } = header;
    fail(`its qform quaternion (${b}, ${c}, ${d}) is longer than 1`);
  }
  if (!affine.every(Number.isFinite)) fail("its affine has values that are not finite");
  return {
    version,
    pair,
    littleEndian,
    shape,
    type,
    bytesPerVoxel,
    offset,
    size: voxels * bytesPerVoxel,
    slope,
    intercept,
    affine,
    oriented: sform !== undefined || qform !== undefined,
    ...(sform && { sform }),
    ...(qform?.affine.every(Number.isFinite) && { qform }),
    contradictions: header.numBitsPerVoxel === 8 * bytesPerVoxel
      ? []
      : [`bitpix is ${header.numBitsPerVoxel}, but ${type} voxels have ${8 * bytesPerVoxel} bits`],
    description: text(bytes, version === 1 ? 148 : 240, 80),
  };
}

function headerSize(view: DataView): { littleEndian: boolean; size: 348 | 540 } | undefined {
  for (const littleEndian of [true, false]) {
    const size = view.getInt32(0, littleEndian);
    if (size === 348 || size === 540) return { littleEndian, size };
  }
  return undefined;
}

/** Latin-1 text up to the first NUL. */
function text(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return String.fromCharCode(...(end < 0 ? field : field.subarray(0, end)));
}

function printable(magic: string): string {
  return magic.replace(/[^\x20-\x7e]/g, "?");
}

function unsupported(code: number): string {
  const name = UNREAL_TYPES.get(code);
  return name
    ? `voxels of type ${name} (datatype ${code}) are not supported: only real numbers are`
    : `unknown datatype ${code}`;
}

function checkShape(dims: readonly number[], fail: (problem: string) => never): number[] {
  const rank = dims[0];
  if (!(rank >= 1 && rank <= 7)) fail(`dim[0] is ${rank}, but an image has 1 to 7 dimensions`);
  const shape = dims.slice(1, rank + 1);
  shape.forEach((extent, index) => {
    if (!(extent >= 1)) fail(`dim[${index + 1}] is ${extent}, but every extent is at least 1`);
  });
  return shape;
}

function scaling(
  header: NIFTI1 | NIFTI2,
  fail: (problem: string) => never,
): { slope: number; intercept: number } {
  const { scl_slope: slope, scl_inter: intercept } = header;
  if (slope === 0 || !Number.isFinite(slope)) return { slope: 1, intercept: 0 };
  if (!Number.isFinite(intercept)) {
    fail(`scl_inter is ${intercept} next to a valid scl_slope ${slope}`);
  }
  return { slope, intercept };
}

function readSform(
  header: NIFTI1 | NIFTI2,
  view: DataView,
  littleEndian: boolean,
): StatedTransform | undefined {
  if (!(header.sform_code > 0)) return undefined;
  const affine = new Float64Array(16);
  for (let i = 0; i < 12; i++) {
    affine[i] = header instanceof NIFTI1
      ? view.getFloat32(280 + 4 * i, littleEndian)
      : view.getFloat64(400 + 8 * i, littleEndian);
  }
  affine[15] = 1;
  return { code: header.sform_code, affine };
}

/** Undefined when the header has none, or its quaternion is longer than 1. */
function readQform(header: NIFTI1 | NIFTI2): StatedTransform | undefined {
  const { quatern_b: b, quatern_c: c, quatern_d: d } = header;
  if (!(header.qform_code > 0) || b * b + c * c + d * d > 1 + QUATERNION_TOLERANCE) {
    return undefined;
  }
  const affine = quaternionAffine({
    quaternion: [b, c, d],
    zooms: zoomsOf(header),
    offset: [header.qoffset_x, header.qoffset_y, header.qoffset_z],
    qfac: header.pixDims[0] < 0 ? -1 : 1,
  });
  return { code: header.qform_code, affine };
}

/** nibabel mends voxel sizes of zero and below in this way. */
function zoomsOf(header: NIFTI1 | NIFTI2): [number, number, number] {
  const zoom = (axis: number) => Math.abs(header.pixDims[axis]) || 1;
  return [zoom(1), zoom(2), zoom(3)];
}
