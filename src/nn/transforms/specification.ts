/** Parameters of the transforms, under TorchIO's names. Axes are numbers of the item's axes. */
import type { AxisRanges, Range } from "./transform.ts";

interface Common {
  /** Probability that an item is changed. */
  p: number;
}

export interface FlipParams extends Common {
  axes: readonly number[];
  /** Probability that an axis is reversed. */
  flip_probability: number;
}

export interface AffineParams extends Common {
  scales: AxisRanges;
  degrees: AxisRanges;
  translation: AxisRanges;
  isotropic: boolean;
  default_pad_value: "minimum" | "mean" | "otsu" | number;
}

export interface ElasticParams extends Common {
  num_control_points: number | readonly number[];
  max_displacement: number | readonly number[];
  locked_borders: number;
}

export interface GammaParams extends Common {
  log_gamma: Range;
}

export interface BiasFieldParams extends Common {
  coefficients: Range;
  order: number;
}

export interface BlurParams extends Common {
  std: AxisRanges;
}

export interface NoiseParams extends Common {
  mean: Range;
  std: Range;
}

export interface AnisotropyParams extends Common {
  axes: readonly number[];
  downsampling: Range;
}

export interface MotionParams extends Common {
  degrees: Range;
  translation: Range;
  num_transforms: number;
}

export interface GhostingParams extends Common {
  num_ghosts: Range;
  axes: readonly number[];
  intensity: Range;
  restore?: Range;
}

export interface SpikeParams extends Common {
  num_spikes: Range;
  intensity: Range;
}

export interface SwapParams extends Common {
  patch_size: number | readonly number[];
  num_iterations: number;
}

/** Transforms by name; an entry of a list has exactly one. */
export interface TransformParams {
  flip: FlipParams;
  affine: AffineParams;
  elastic: ElasticParams;
  gamma: GammaParams;
  bias_field: BiasFieldParams;
  blur: BlurParams;
  noise: NoiseParams;
  anisotropy: AnisotropyParams;
  motion: MotionParams;
  ghosting: GhostingParams;
  spike: SpikeParams;
  swap: SwapParams;
}

export type TransformName = keyof TransformParams;

/** One transform of a list. */
export type TransformEntry = { readonly [Name in TransformName]?: TransformParams[Name] };
