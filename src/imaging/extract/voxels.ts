/** Voxels of a volume as float32, in the layouts that extraction needs. */
import { DataError } from "../../errors.ts";
import type { Volume, Voxels } from "../nifti/nifti.ts";

/** Voxel indices taken along axes 0, 1 and 2. */
export type Selection = readonly [Int32Array, Int32Array, Int32Array];

/** The axes of an output from the slowest to the fastest. */
export type AxisOrder = readonly [number, number, number];

/** Voxels of axis 0 that are moved together: a cache line of float32. */
const X_BLOCK = 16;

/** Indices start, start + step, ... below `end`. */
export function range(start: number, end: number, step = 1): Int32Array {
  return Int32Array.from(
    { length: Math.max(0, Math.ceil((end - start) / step)) },
    (_, i) => start + i * step,
  );
}

/**
 * Copies selected voxels of one volume into `out`, scaled as nibabel's `get_fdata(dtype="float32")`
 * scales them, with NaN as 0.
 *
 * @param volume its first three axes are read, in the array order of the file
 * @param order axes of the output, slowest first; [0, 1, 2] is NumPy's order
 * @throws {DataError} when a selected voxel is infinite
 */
export function gatherVoxels(
  volume: Volume,
  selection: Selection,
  order: AxisOrder,
  out: Float32Array,
  subject: string,
): void {
  const [nx, ny] = volume.shape;
  const sourceStrides = [1, nx, nx * ny];
  const targetStrides = [0, 0, 0];
  let stride = 1;
  for (const axis of order.toReversed()) {
    targetStrides[axis] = stride;
    stride *= selection[axis].length;
  }
  if (out.length !== stride) {
    throw new RangeError(`${stride} voxels do not fit an array of ${out.length}`);
  }
  const [outer, inner] = targetStrides[1] < targetStrides[2] ? [2, 1] : [1, 2];
  const paths: Paths = {
    xs: selection[0],
    xTarget: targetStrides[0],
    outers: selection[outer].map((index) => index * sourceStrides[outer]),
    outerTarget: targetStrides[outer],
    count: selection[inner].length,
    start: selection[inner][0] * sourceStrides[inner],
    step: regularStep(selection[inner]) * sourceStrides[inner],
    innerTarget: targetStrides[inner],
  };
  const { voxels, slope, intercept } = volume;
  const plain = voxels instanceof Float32Array && slope === 1 && intercept === 0;
  if (plain && paths.innerTarget === 1 && copyBits(voxels, paths, out)) return;
  if (!copyScaled(voxels, paths, out, scaling(volume))) {
    throw new DataError(subject, "the image has infinite voxels");
  }
}

/**
 * How voxels run. Writes go along the inner axis, the faster of axes 1 and 2 in the output; a block
 * of axis 0 is read from the same cache lines.
 */
interface Paths {
  /** Offsets along axis 0. */
  xs: Int32Array;
  xTarget: number;
  outers: Int32Array;
  outerTarget: number;
  count: number;
  start: number;
  step: number;
  innerTarget: number;
}

function regularStep(indices: Int32Array): number {
  const step = indices.length > 1 ? indices[1] - indices[0] : 1;
  for (let i = 2; i < indices.length; i++) {
    if (indices[i] - indices[i - 1] !== step) {
      throw new RangeError("only the slowest axis of an output may be irregular");
    }
  }
  return step;
}

/** Copies float32 voxels as they are, to neighbours. @returns whether all of them are finite */
function copyBits(voxels: Float32Array, paths: Paths, out: Float32Array): boolean {
  const { xs, xTarget, outers, outerTarget, count, start, step } = paths;
  const source = new Int32Array(voxels.buffer, voxels.byteOffset, voxels.length);
  const target = new Int32Array(out.buffer, out.byteOffset, out.length);
  let bits = 0;
  for (let o = 0; o < outers.length; o++) {
    let from = outers[o] + start;
    let to = o * outerTarget;
    const end = to + count;
    for (; to + 8 <= end; to += 8, from += 8 * step) {
      bits |= copyEightRows(source, from, step, xs, target, to, xTarget);
    }
    for (; to < end; to++, from += step) bits |= copyRow(source, from, xs, target, to, xTarget);
  }
  return bits >= 0;
}

/** Sets the sign bit when the exponent is all ones: NaN or infinite. */
function signIfNotFinite(voxel: number): number {
  return (voxel & 0x7f800000) + 0x00800000;
}

function copyRow(
  source: Int32Array,
  from: number,
  xs: Int32Array,
  target: Int32Array,
  to: number,
  xTarget: number,
): number {
  let bits = 0;
  for (let i = 0; i < xs.length; i++, to += xTarget) {
    const voxel = source[from + xs[i]];
    target[to] = voxel;
    bits |= signIfNotFinite(voxel);
  }
  return bits;
}

/**
 * Eight rows along axis 0 at once: each is read in the order of the file, and eight neighbours are
 * written together, half a cache line. Rows one by one take up to twice as long.
 */
function copyEightRows(
  source: Int32Array,
  from: number,
  step: number,
  xs: Int32Array,
  target: Int32Array,
  to: number,
  xTarget: number,
): number {
  let bits = 0;
  for (let i = 0; i < xs.length; i++, to += xTarget) {
    const x = from + xs[i];
    const a = source[x];
    const b = source[x + step];
    const c = source[x + 2 * step];
    const d = source[x + 3 * step];
    const e = source[x + 4 * step];
    const f = source[x + 5 * step];
    const g = source[x + 6 * step];
    const h = source[x + 7 * step];
    target[to] = a;
    target[to + 1] = b;
    target[to + 2] = c;
    target[to + 3] = d;
    target[to + 4] = e;
    target[to + 5] = f;
    target[to + 6] = g;
    target[to + 7] = h;
    bits |= signIfNotFinite(a) | signIfNotFinite(b) | signIfNotFinite(c) | signIfNotFinite(d) |
      signIfNotFinite(e) | signIfNotFinite(f) | signIfNotFinite(g) | signIfNotFinite(h);
  }
  return bits;
}

interface Scaling {
  slope: number;
  intercept: number;
  /** Whether the product is rounded to float32 before the intercept is added. */
  single: boolean;
}

/** nibabel computes in float32 where float32 holds every stored value. */
function scaling({ slope, intercept, type }: Volume): Scaling {
  const wide = ["int32", "uint32", "int64", "uint64", "float64"].includes(type);
  return { slope: Math.fround(slope), intercept: Math.fround(intercept), single: !wide };
}

/** NaN becomes 0. @returns whether no voxel is infinite */
function copyScaled(
  voxels: Voxels,
  paths: Paths,
  out: Float32Array,
  { slope, intercept, single }: Scaling,
): boolean {
  const { xs, xTarget, outers, outerTarget, count, start, step, innerTarget } = paths;
  let finite = true;
  for (let o = 0; o < outers.length; o++) {
    for (let block = 0; block < xs.length; block += X_BLOCK) {
      const end = Math.min(block + X_BLOCK, xs.length);
      for (let x = block; x < end; x++) {
        let from = outers[o] + xs[x] + start;
        let to = o * outerTarget + x * xTarget;
        for (let i = 0; i < count; i++) {
          const product = voxels[from] * slope;
          let value = Math.fround((single ? Math.fround(product) : product) + intercept);
          if (value - value !== 0) {
            if (value === value) finite = false;
            value = 0;
          }
          out[to] = value;
          from += step;
          to += innerTarget;
        }
      }
    }
  }
  return finite;
}

/** Every voxel of a 3D or 4D image, first axis fastest, scaled and NaN-free as above. */
export function scaledVoxels(volume: Volume, subject: string): Float32Array<ArrayBuffer> {
  const [x, y = 1, ...rest] = volume.shape;
  const z = rest.reduce((product, extent) => product * extent, 1);
  const out = new Float32Array(volume.voxels.length);
  const selection: Selection = [range(0, x), range(0, y), range(0, z)];
  gatherVoxels({ ...volume, shape: [x, y, z] }, selection, [2, 1, 0], out, subject);
  return out;
}
