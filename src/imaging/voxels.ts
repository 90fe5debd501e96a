/** Voxels of a volume as float32, in the layouts that extraction needs. */
import type { Volume } from "./nifti.ts";

/**
 * All voxels as float32, first axis fastest, scaled as nibabel's `get_fdata(dtype="float32")`
 * scales them: in float32 for voxels that float32 holds exactly, otherwise in float64.
 */
export function scaledVoxels(volume: Volume): Float32Array<ArrayBuffer> {
  const { voxels } = volume;
  if (volume.slope === 1 && volume.intercept === 0) return Float32Array.from(voxels);
  const out = new Float32Array(voxels.length);
  const { slope, intercept, round } = scaling(volume);
  for (let i = 0; i < out.length; i++) {
    const product = voxels[i] * slope;
    out[i] = (round ? Math.fround(product) : product) + intercept;
  }
  return out;
}

interface Scaling {
  slope: number;
  intercept: number;
  /** Whether the product is rounded to float32 before the intercept is added. */
  round: boolean;
}

function scaling({ slope, intercept, type }: Volume): Scaling {
  const wide = ["int32", "uint32", "int64", "uint64", "float64"].includes(type);
  return { slope: Math.fround(slope), intercept: Math.fround(intercept), round: !wide };
}
