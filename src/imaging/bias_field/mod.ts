/**
 * Correction of the smooth, multiplicative field of intensity that the coils of a scanner leave: N4,
 * after Tustison et al., "N4ITK: improved N3 bias correction", IEEE TMI 29(6), 2010, as ANTs computes
 * it by default on images without a mask.
 *
 * Model: measured = true · field, so log measured = log true + log field. The log field is a surface of
 * cubic B-splines. Each iteration sharpens the histogram of the corrected log intensities
 * (`sharpening.ts`), fits the surface to what that removed (`spline_fit.ts`) and adds the fit to the
 * field. The knots start at the spline distance; each level halves their distance and keeps the field
 * that was found so far. The field is estimated on every fourth voxel along each axis
 * (`shrunk_axis.ts`) and evaluated on every voxel.
 *
 * As in ANTs, voxels that are not positive take part, with their own value in place of a logarithm:
 * 0 for background.
 */
import { DataError } from "../../errors.ts";
import type { Affine } from "../nifti/affine.ts";
import type { ScalarImage } from "../scalar_image.ts";
import { emptyLattice, evaluateRows, type Lattice, refine } from "./lattice.ts";
import { residualField } from "./residual.ts";
import { shrinkAxis, type ShrunkAxis } from "./shrunk_axis.ts";
import { splineBasis } from "./spline_basis.ts";
import { addFit, fittingBasis } from "./spline_fit.ts";

export interface BiasFieldOptions {
  /**
   * Distance of the knots on the first level in mm; 200 when absent. Clinica's `t1-linear` has 600, its
   * `flair-linear` 100.
   */
  splineDistance?: number;
  /** The field is estimated on one of so many voxels along each axis; 4 when absent. */
  shrink?: number;
  /** Iterations of each level; four levels of 50 when absent. */
  iterations?: readonly number[];
  /** The image's name in error messages. */
  subject?: string;
  /** Called after each iteration with the number done and the number of all; may throw to stop. */
  onProgress?: (done: number, all: number) => void;
}

export interface CorrectedImage {
  /** Measured / field. */
  corrected: ScalarImage;
  /** Multiplicative, around 1, on the grid of the image. */
  field: ScalarImage;
}

/**
 * Estimates the bias field of an image and divides the image by it.
 *
 * @throws {DataError} when a voxel is not finite, all voxels are equal, or an axis is too short
 */
export function correctBiasField(
  image: ScalarImage,
  options: BiasFieldOptions = {},
): CorrectedImage {
  const { splineDistance = 200, shrink = 4, subject = "the image" } = options;
  checkVoxels(image, subject);
  const axes = image.shape.map((voxels, axis) => {
    const name = (["x", "y", "z"] as const)[axis];
    const spacing = voxelSize(image.affine, axis);
    checkAxis(name, voxels, spacing, { splineDistance, shrink, subject });
    return shrinkAxis(voxels, spacing, splineDistance, shrink);
  });
  return divide(image, estimateField(logSamples(image, axes), axes, options), axes);
}

/** In mm. Seven digits restore the size in the header, a float32, from the columns of the affine. */
function voxelSize(affine: Affine, axis: number): number {
  return Number(Math.hypot(affine[axis], affine[4 + axis], affine[8 + axis]).toPrecision(7));
}

function checkVoxels({ data }: ScalarImage, subject: string): void {
  let constant = true;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new DataError(subject, `the image has a voxel that is ${data[i]}: replace it by 0`);
    }
    constant &&= data[i] === data[0];
  }
  if (constant) throw new DataError(subject, `every voxel of the image is ${data[0]}`);
}

function checkAxis(
  axis: "x" | "y" | "z",
  voxels: number,
  spacing: number,
  options: { splineDistance: number; shrink: number; subject: string },
): void {
  const { splineDistance, shrink, subject } = options;
  const least = Math.max(2, shrink);
  if (voxels < least) {
    throw new DataError(
      subject,
      `the image has ${voxels} voxels along ${axis}, and its bias field needs ${least}: ` +
        "is it a scout of few slices?",
    );
  }
  // Then the padded axis has at least two samples.
  const largest = splineDistance / (2 * shrink);
  if (!(spacing > 0 && spacing <= largest)) {
    throw new DataError(
      subject,
      `the voxels of the image measure ${spacing} mm along ${axis}, and its bias field needs at ` +
        `most ${largest} mm: are the sizes in the header in mm?`,
    );
  }
}

/** Logarithms of the samples of the axes, the first axis fastest. */
function logSamples({ shape, data }: ScalarImage, [x, y, z]: ShrunkAxis[]): Float64Array {
  const logs = new Float64Array(x.samples.length * y.samples.length * z.samples.length);
  let at = 0;
  for (const k of z.samples) {
    for (const j of y.samples) {
      const start = shape[0] * (j + shape[1] * k);
      for (const i of x.samples) {
        const value = data[start + i];
        logs[at++] = value > 0 ? Math.log(value) : value;
      }
    }
  }
  return logs;
}

/** The control points of the log field, on the spans of the last level. */
function estimateField(
  logs: Float64Array,
  axes: readonly ShrunkAxis[],
  { iterations = [50, 50, 50, 50], onProgress }: BiasFieldOptions,
): Lattice {
  const all = iterations.reduce((sum, count) => sum + count, 0);
  const corrected = logs.slice();
  const residual = new Float64Array(logs.length);
  let lattice = emptyLattice(axes.map(({ spans }) => spans));
  let done = 0;
  iterations.forEach((count, level) => {
    if (level > 0) lattice = refine(lattice);
    const bases = axes.map((axis) => splineBasis(axis.samplePositions, axis.spans << level));
    const fitting = bases.map(fittingBasis);
    for (let iteration = 0; iteration < count; iteration++) {
      residualField(corrected, residual);
      addFit(lattice, residual, fitting);
      evaluateRows(lattice, bases, (row, start) => {
        for (let i = 0; i < row.length; i++) corrected[start + i] = logs[start + i] - row[i];
      });
      onProgress?.(++done, all);
    }
  });
  return lattice;
}

function divide(
  image: ScalarImage,
  logField: Lattice,
  axes: readonly ShrunkAxis[],
): CorrectedImage {
  const corrected = new Float32Array(image.data.length);
  const field = new Float32Array(image.data.length);
  const bases = axes.map(({ voxelPositions }, axis) =>
    splineBasis(voxelPositions, logField.shape[axis] - 3)
  );
  evaluateRows(logField, bases, (row, start) => {
    for (let i = 0, at = start; i < row.length; i++, at++) {
      field[at] = Math.exp(row[i]);
      corrected[at] = image.data[at] / field[at];
    }
  });
  return { corrected: { ...image, data: corrected }, field: { ...image, data: field } };
}
