/** The iteration of N4 on the samples of an image: ANTs' default of four levels of 50 iterations. */
import type { ScalarImage } from "../scalar_image.ts";
import { emptyLattice, evaluateRows, type Lattice, refine } from "./lattice.ts";
import { residualField } from "./residual.ts";
import type { ShrunkAxis } from "./shrunk_axis.ts";
import { splineBasis } from "./spline_basis.ts";
import { addFit, fittingBasis } from "./spline_fit.ts";

const LEVELS = 4;
const ITERATIONS = 50;

/**
 * The control points of the log field on the last level, where each span is an eighth of the first.
 *
 * @param axes of x, y and z
 * @param onProgress called after each iteration with the number done and the number of all
 */
export function estimateLogField(
  image: ScalarImage,
  axes: readonly ShrunkAxis[],
  onProgress?: (done: number, all: number) => void,
): Lattice {
  const logs = logSamples(image, axes);
  const corrected = logs.slice();
  const residual = new Float64Array(logs.length);
  let lattice = emptyLattice(axes.map(({ spans }) => spans));
  for (let level = 0; level < LEVELS; level++) {
    if (level > 0) lattice = refine(lattice);
    const bases = axes.map((axis) => splineBasis(axis.samplePositions, axis.spans << level));
    const fitting = bases.map(fittingBasis);
    for (let iteration = 1; iteration <= ITERATIONS; iteration++) {
      residualField(corrected, residual);
      addFit(lattice, residual, fitting);
      evaluateRows(lattice, bases, (row, start) => {
        for (let i = 0; i < row.length; i++) corrected[start + i] = logs[start + i] - row[i];
      });
      onProgress?.(level * ITERATIONS + iteration, LEVELS * ITERATIONS);
    }
  }
  return lattice;
}

/** Logarithms of the samples, the first axis fastest; values that are not positive stay. */
function logSamples({ shape, data }: ScalarImage, [x, y, z]: readonly ShrunkAxis[]): Float64Array {
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
