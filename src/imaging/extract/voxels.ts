/**
 * Voxels of a volume as float32, in the layouts that extraction needs. All that leaves this file is
 * finite: NaN becomes 0, and infinite voxels are an error. What is made of it relies on that.
 */
import { DataError } from "../../errors.ts";
import { type Frame, frameShape, type Volume, type Voxels } from "../nifti/nifti.ts";

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
  const plan: GatherPlan = {
    source: {
      x: selection[0],
      outer: selection[outer].map((index) => index * sourceStrides[outer]),
      inner: selection[inner][0] * sourceStrides[inner],
      innerStep: regularStep(selection[inner]) * sourceStrides[inner],
    },
    target: {
      xStep: targetStrides[0],
      outerStep: targetStrides[outer],
      innerStep: targetStrides[inner],
    },
    innerCount: selection[inner].length,
  };
  const { voxels, slope, intercept } = volume;
  const unscaled = voxels instanceof Float32Array && slope === 1 && intercept === 0;
  if (unscaled && plan.target.innerStep === 1 && copyBits(voxels, plan, out)) return;
  if (!copyScaled(voxels, plan, out, scaling(volume))) {
    throw new DataError(subject, "the image has voxels that are infinite, or beyond float32");
  }
}

/**
 * Offsets of the voxels to read in the source, and steps between those to write in the target. Writes
 * go along the inner axis, the faster of axes 1 and 2 in the output; the outer axis is the other one.
 * A block of axis 0 (x) is read from the same cache lines.
 */
interface GatherPlan {
  source: {
    /** Offset of each voxel along axis 0. */
    x: Int32Array;
    /** Offset of each voxel along the outer axis. */
    outer: Int32Array;
    /** Offset of the first voxel along the inner axis, and the step from one to the next. */
    inner: number;
    innerStep: number;
  };
  target: { xStep: number; outerStep: number; innerStep: number };
  /** Voxels along the inner axis. */
  innerCount: number;
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
function copyBits(voxels: Float32Array, plan: GatherPlan, out: Float32Array): boolean {
  const { x, outer, inner, innerStep } = plan.source;
  const { xStep, outerStep } = plan.target;
  const source = new Int32Array(voxels.buffer, voxels.byteOffset, voxels.length);
  const target = new Int32Array(out.buffer, out.byteOffset, out.length);
  let bits = 0;
  for (let o = 0; o < outer.length; o++) {
    let from = outer[o] + inner;
    let to = o * outerStep;
    const end = to + plan.innerCount;
    for (; to + 8 <= end; to += 8, from += 8 * innerStep) {
      bits |= copyEightRows(source, from, innerStep, x, target, to, xStep);
    }
    for (; to < end; to++, from += innerStep) bits |= copyRow(source, from, x, target, to, xStep);
  }
  return (bits & NOT_FINITE) === 0;
}

const NOT_FINITE = 1 << 31;

/** Sets the bit {@link NOT_FINITE} when the exponent is all ones: NaN or infinite. */
function markNotFinite(voxel: number): number {
  return (voxel & 0x7f800000) + 0x00800000;
}

function copyRow(
  source: Int32Array,
  from: number,
  offsets: Int32Array,
  target: Int32Array,
  to: number,
  xStep: number,
): number {
  let bits = 0;
  for (let i = 0; i < offsets.length; i++, to += xStep) {
    const voxel = source[from + offsets[i]];
    target[to] = voxel;
    bits |= markNotFinite(voxel);
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
  offsets: Int32Array,
  target: Int32Array,
  to: number,
  xStep: number,
): number {
  let bits = 0;
  for (let i = 0; i < offsets.length; i++, to += xStep) {
    const x = from + offsets[i];
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
    bits |= markNotFinite(a) | markNotFinite(b) | markNotFinite(c) | markNotFinite(d) |
      markNotFinite(e) | markNotFinite(f) | markNotFinite(g) | markNotFinite(h);
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
  { source, target, innerCount }: GatherPlan,
  out: Float32Array,
  { slope, intercept, single }: Scaling,
): boolean {
  const { x, outer, inner, innerStep } = source;
  let finite = true;
  for (let o = 0; o < outer.length; o++) {
    for (let block = 0; block < x.length; block += X_BLOCK) {
      const end = Math.min(block + X_BLOCK, x.length);
      for (let i = block; i < end; i++) {
        let from = outer[o] + x[i] + inner;
        let to = o * target.outerStep + i * target.xStep;
        for (let n = 0; n < innerCount; n++) {
          const product = voxels[from] * slope;
          let value = Math.fround((single ? Math.fround(product) : product) + intercept);
          if (value - value !== 0) {
            if (value === value) finite = false;
            value = 0;
          }
          out[to] = value;
          from += innerStep;
          to += target.innerStep;
        }
      }
    }
  }
  return finite;
}

/**
 * One volume of an image of several; their mean is computed in float64 of the scaled voxels and
 * stored as float32.
 *
 * @param weights of the volumes in their mean, one each; absent: all alike
 * @throws {DataError} when there is no such frame, or a voxel to average is infinite
 */
export function selectFrame(
  volume: Volume,
  frame: Frame,
  subject: string,
  weights?: readonly number[],
): Volume {
  const shape = frameShape(volume.shape, frame, subject);
  const size = shape[0] * shape[1] * shape[2];
  const volumes = volume.voxels.length / size;
  if (volumes === 1) return { ...volume, shape };
  if (frame !== "mean") {
    return { ...volume, shape, voxels: volume.voxels.subarray(frame * size, (frame + 1) * size) };
  }
  const scaled = scaledVoxels(volume, subject);
  const weight = weights ?? new Array<number>(volumes).fill(1);
  const total = weight.reduce((sum, one) => sum + one, 0);
  const voxels = new Float32Array(size);
  for (let at = 0; at < size; at++) {
    let sum = 0;
    for (let n = 0; n < volumes; n++) sum += scaled[at + n * size] * weight[n];
    voxels[at] = sum / total;
  }
  return { ...volume, shape, voxels, slope: 1, intercept: 0, type: "float32" };
}

/** Every voxel of a 3D or 4D image, first axis fastest, scaled as above. */
export function scaledVoxels(volume: Volume, subject: string): Float32Array<ArrayBuffer> {
  const [x, y = 1, ...rest] = volume.shape;
  const z = rest.reduce((product, extent) => product * extent, 1);
  const out = new Float32Array(volume.voxels.length);
  const selection: Selection = [range(0, x), range(0, y), range(0, z)];
  gatherVoxels({ ...volume, shape: [x, y, z] }, selection, [2, 1, 0], out, subject);
  return out;
}
