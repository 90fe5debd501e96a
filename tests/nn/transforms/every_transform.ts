/** A list with every transform, for items of 16 pixels along each axis and more. */
import type { TransformEntry } from "../../../src/nn/transforms/mod.ts";

const p = 0.75;

export const everyTransform: readonly TransformEntry[] = [
  { flip: { axes: [0, 1], flip_probability: 0.5, p } },
  {
    affine: {
      scales: 0.1,
      degrees: [-10, 10],
      translation: [1, 2, 3],
      isotropic: false,
      default_pad_value: "minimum",
      p,
    },
  },
  {
    affine: {
      scales: [0.9, 1.2],
      degrees: 0,
      translation: [-1, 1, 0, 2, 0, 0],
      isotropic: true,
      default_pad_value: 0.5,
      p,
    },
  },
  { elastic: { num_control_points: 6, max_displacement: 2, locked_borders: 1, p } },
  // A flip that no affine map follows is a pass of its own.
  { flip: { axes: [1], flip_probability: 0.5, p } },
  { bias_field: { coefficients: 0.5, order: 3, p } },
  {
    affine: {
      scales: 0,
      degrees: 5,
      translation: 0,
      isotropic: true,
      default_pad_value: "mean",
      p,
    },
  },
  { bias_field: { coefficients: 0.2, order: 4, p } },
  {
    affine: {
      scales: 0.1,
      degrees: 0,
      translation: 1,
      isotropic: false,
      default_pad_value: "otsu",
      p,
    },
  },
  { anisotropy: { axes: [0, 1], downsampling: [1.5, 3], p } },
  { blur: { std: [0, 1.5], p } },
  { motion: { degrees: 5, translation: 2, num_transforms: 2, p } },
  { ghosting: { num_ghosts: [2, 5], axes: [0, 1], intensity: [0.2, 0.6], restore: 0.2, p } },
  { spike: { num_spikes: [1, 2], intensity: [0.1, 0.4], p } },
  { swap: { patch_size: 4, num_iterations: 5, p } },
  { gamma: { log_gamma: [-0.3, 0.3], p } },
  { noise: { mean: 0, std: [0, 0.1], p } },
];
