/** Declares the transforms of training items, with TorchIO's names, ranges and defaults. */
import { z } from "zod";
import { MOST_BIAS_ORDER } from "../../nn/names.ts";

const number = z.number();
const share = z.number().min(0).max(1);
const positive = z.number().positive();
const atLeast0 = z.number().min(0);

/** Two numbers, the lower first. */
const bounds = (value: z.ZodNumber) =>
  z.tuple([value, value]).refine(([low, high]) => low <= high, "must list the lower number first");

const range = (value: z.ZodNumber, single = value) => z.union([single, bounds(value)]);

/** One number for all axes, bounds for all, one number an axis, or bounds of each. */
const axisRanges = (value: z.ZodNumber, single = value) =>
  z.union([
    single,
    bounds(value),
    z.tuple([single, single, single]),
    z.tuple([value, value, value, value, value, value]).refine(
      ([a, b, c, d, e, f]) => a <= b && c <= d && e <= f,
      "must list the lower number of each axis first",
    ),
  ]);

const eachAxis = <T extends z.ZodType>(value: T) =>
  z.union([value, z.tuple([value, value, value])]);

const p = share.default(1).describe("Probability that an item is changed.");
const axes = z.array(z.int().min(0).max(2)).min(1).default([0, 1, 2]).describe(
  "Axes of the tensor of which one is drawn.",
);

/** Anatomical axes. */
export const ANATOMICAL_AXES = ["left_right", "anterior_posterior", "inferior_superior"] as const;

/** What to consider of flips that exchange left and right. */
export const LATERAL_FLIPS =
  "augmentations flip left and right: what depends on the side, labels among it, is lost";

const flip = z.strictObject({
  axes: z.array(z.enum(ANATOMICAL_AXES)).min(1).default(["anterior_posterior", "inferior_superior"])
    .describe("Axes that may be reversed."),
  flip_probability: share.default(0.5).describe("Probability that an axis is reversed."),
  p,
});

const affine = z.strictObject({
  scales: axisRanges(positive, atLeast0.max(0.99) as z.ZodNumber).default(0.1).describe(
    "Scaling: d for 1 - d to 1 + d.",
  ),
  degrees: axisRanges(number, atLeast0).default(10).describe("Rotation about each axis."),
  translation: axisRanges(number, atLeast0).default(0).describe("Along each axis, mm."),
  isotropic: z.boolean().default(false).describe("Whether all axes are scaled alike."),
  default_pad_value: z.union([z.enum(["minimum", "mean", "otsu"]), number]).default("minimum")
    .describe(
      "Value outside the item: a number, its `minimum`, the `mean` of its border, or by `otsu` that of the dark part of its border.",
    ),
  p,
});

const elastic = z.strictObject({
  num_control_points: eachAxis(z.int().min(4).max(32)).default(7).describe("Along each axis."),
  max_displacement: eachAxis(atLeast0).default(7.5).describe("Of a control point, mm."),
  locked_borders: z.int().min(0).max(2).default(2).describe(
    "Layers of control points at the border that stay.",
  ),
  p,
});

const gamma = z.strictObject({
  log_gamma: range(number, atLeast0).default([-0.3, 0.3]).describe("Logarithm of the exponent."),
  p,
});

const biasField = z.strictObject({
  coefficients: range(number, atLeast0).default(0.5).describe("Coefficients of the polynomial."),
  order: z.int().min(0).max(MOST_BIAS_ORDER).default(3).describe("Order of the polynomial."),
  p,
});

const blur = z.strictObject({
  std: axisRanges(atLeast0).default([0, 2]).describe("Deviation along each axis, mm."),
  p,
});

const noise = z.strictObject({
  mean: range(number, atLeast0).default(0).describe("Mean."),
  std: range(atLeast0).default([0, 0.25]).describe("Standard deviation."),
  p,
});

const anisotropy = z.strictObject({
  axes,
  downsampling: range(z.number().min(1)).default([1.5, 5]).describe(
    "Factor of the coarser spacing.",
  ),
  p,
});

const motion = z.strictObject({
  degrees: range(number, atLeast0).default(10).describe("Rotation of each movement."),
  translation: range(number, atLeast0).default(10).describe("Of each movement, mm."),
  num_transforms: z.int().min(1).max(20).default(2).describe("Movements."),
  p,
});

const ghosting = z.strictObject({
  num_ghosts: range(z.int().min(0).max(1000) as unknown as z.ZodNumber).default([4, 10]).describe(
    "Every n-th plane of the spectrum is weakened.",
  ),
  axes,
  intensity: range(atLeast0).default([0.5, 1]).describe("Share of a plane that is taken away."),
  restore: range(share).optional().describe(
    "Share of the centre of the spectrum that stays; its middle plane alone when absent.",
  ),
  p,
});

const spike = z.strictObject({
  num_spikes: range(z.int().min(0).max(100) as unknown as z.ZodNumber).default([1, 1]).describe(
    "Spikes.",
  ),
  intensity: range(number, atLeast0).default([1, 3]).describe(
    "Height in terms of the spectrum's largest magnitude.",
  ),
  p,
});

const swap = z.strictObject({
  patch_size: eachAxis(z.int().min(1)).default(15).describe("Voxels of a patch along each axis."),
  num_iterations: z.int().min(0).max(10_000).default(100).describe("Pairs that change places."),
  p,
});

const entry = z.strictObject({
  flip: flip.optional(),
  affine: affine.optional(),
  elastic: elastic.optional(),
  gamma: gamma.optional(),
  bias_field: biasField.optional(),
  blur: blur.optional(),
  noise: noise.optional(),
  anisotropy: anisotropy.optional(),
  motion: motion.optional(),
  ghosting: ghosting.optional(),
  spike: spike.optional(),
  swap: swap.optional(),
}).refine(
  (value) => Object.keys(value).length === 1,
  "must have one transform, such as { affine = { degrees = 5 } }",
);

export const augmentationList = z.array(entry).max(32);

export const augmentationsParameter = augmentationList.optional().describe(
  "Transforms of training items, one table each, in this order and before data_augmentation: `[{ affine = { degrees = 5 } }, { noise = { p = 0.5 } }]`. Names and parameters are TorchIO's in snake_case; docs/how-to/augmentations.md lists them.",
);

/** A list of transforms as the parameters have it. */
export type Augmentations = NonNullable<z.output<typeof augmentationsParameter>>;
