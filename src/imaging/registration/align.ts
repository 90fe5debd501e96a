/** Maximises the mutual information of two images over the parameters of a transform. */
import type { Affine } from "../nifti/affine.ts";
import { type Limits, minimise, type Objective } from "./bfgs.ts";
import { ENTRIES, type InformationMeasure } from "./mutual_information.ts";
import type { Parametrisation } from "./parametrisation.ts";
import { invertPositiveDefinite } from "./positive_definite.ts";

export interface Alignment {
  /** mm from the centre of rotation in the fixed world to mm in the moving world. */
  transform: Affine;
  /** In nats; -Infinity where the images overlap too little. */
  mutualInformation: number;
}

/** Share of the mean diagonal that is added to the Gauss-Newton matrix. */
const DAMPING = 1e-3;

/**
 * Runs BFGS from the parameters' zeros. Its first metric is the inverse of the damped Gauss-Newton
 * matrix: a transform's parameters move intensities to very different degrees, and mutual information
 * curves alike.
 */
export async function align(
  information: InformationMeasure,
  parametrisation: Parametrisation,
  limits: Limits,
): Promise<Alignment> {
  const objective: Objective = async (parameters) => {
    const value = -await information.evaluate(parametrisation.transformAt(parameters));
    const gradient = async () => {
      const byEntries = await information.gradient();
      return chain(byEntries, parametrisation.jacobianAt(parameters)).map((slope) => -slope);
    };
    return { value, gradient };
  };
  const start = new Float64Array(parametrisation.count);
  const transform = parametrisation.transformAt(start);
  const mutualInformation = await information.evaluate(transform);
  const metric = mutualInformation === -Infinity
    ? undefined
    : firstMetric(await information.gaussNewtonMatrix(), parametrisation.jacobianAt(start));
  if (metric === undefined) return { transform, mutualInformation };
  const { point, value } = await minimise(objective, start, metric, limits);
  return { transform: parametrisation.transformAt(point), mutualInformation: -value };
}

/** Derivatives by the transform's entries to derivatives by parameters. */
function chain(gradient: Float64Array, jacobian: Float64Array): Float64Array {
  const count = jacobian.length / ENTRIES;
  const slopes = new Float64Array(count);
  for (let entry = 0; entry < ENTRIES; entry++) {
    for (let k = 0; k < count; k++) slopes[k] += gradient[entry] * jacobian[count * entry + k];
  }
  return slopes;
}

/**
 * Undefined where no intensity changes with the transform.
 *
 * @param byEntries the Gauss-Newton matrix by the transform's entries
 */
function firstMetric(byEntries: Float64Array, jacobian: Float64Array): Float64Array | undefined {
  const count = jacobian.length / ENTRIES;
  const matrix = new Float64Array(count * count);
  for (let a = 0; a < ENTRIES; a++) {
    for (let k = 0; k < count; k++) {
      if (jacobian[count * a + k] === 0) continue;
      // Row a of the matrix by entries, times the Jacobian.
      const row = chain(byEntries.subarray(ENTRIES * a, ENTRIES * (a + 1)), jacobian);
      for (let l = 0; l < count; l++) matrix[count * k + l] += jacobian[count * a + k] * row[l];
    }
  }
  let trace = 0;
  for (let k = 0; k < count; k++) trace += matrix[count * k + k];
  if (!(trace > 0)) return undefined;
  for (let k = 0; k < count; k++) matrix[count * k + k] += DAMPING * trace / count;
  return invertPositiveDefinite(matrix, count);
}
