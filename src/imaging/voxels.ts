/** Voxels of a volume as float32, in the layouts that extraction needs. */
import { DataError } from "../errors.ts";
import type { Volume, Voxels } from "./nifti.ts";

/** Voxel indices taken along axes 0, 1 and 2. */
export type Selection = readonly [Int32Array, Int32Array, Int32Array];

/** The axes of an output from the slowest to the fastest. */
export type AxisOrder = readonly [number, number, number];

/** Voxels of axis 0 that are moved together (a cache line of float32), and of the inner axis. */
const X_BLOCK = 16;
const INNER_BLOCK = 64;

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
  const offsets = selection.map((indices, axis) =>
    indices.map((index) => index * sourceStrides[axis])
  ) as unknown as Selection;
  // Writes run along the faster of axes 1 and 2; a block of axis 0 is read from the same cache lines.
  const [outer, inner] = targetStrides[1] < targetStrides[2] ? [2, 1] : [1, 2];
  const finite = copy(
    volume.voxels,
    [offsets[0], offsets[outer], offsets[inner]],
    [targetStrides[0], targetStrides[outer], targetStrides[inner]],
    out,
    scaling(volume),
  );
  if (!finite) throw new DataError(subject, "the image has infinite voxels");
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

function copy(
  voxels: Voxels,
  [xs, outers, inners]: Selection,
  [xStride, outerStride, innerStride]: number[],
  out: Float32Array,
  { slope, intercept, single }: Scaling,
): boolean {
  let finite = true;
  for (let o = 0; o < outers.length; o++) {
    for (let xBlock = 0; xBlock < xs.length; xBlock += X_BLOCK) {
      const xEnd = Math.min(xBlock + X_BLOCK, xs.length);
      for (let block = 0; block < inners.length; block += INNER_BLOCK) {
        const end = Math.min(block + INNER_BLOCK, inners.length);
        for (let x = xBlock; x < xEnd; x++) {
          const source = outers[o] + xs[x];
          const target = o * outerStride + x * xStride;
          for (let i = block; i < end; i++) {
            const product = voxels[source + inners[i]] * slope;
            let value = Math.fround((single ? Math.fround(product) : product) + intercept);
            if (value - value !== 0) {
              if (value === value) finite = false;
              value = 0;
            }
            out[target + i * innerStride] = value;
          }
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
