/** Principal components of some points, for a scatter plot of many numbers in two. */

export interface PrincipalComponents {
  /** Of each point along the components, the first of the largest variance. */
  scores: Float64Array[];
  /** Share of the variance along each. */
  explained: number[];
}

/** Iterations of the subspace, and the change of a direction at which they end. */
const MOST_ITERATIONS = 500, TOLERANCE = 1e-10;
/** What is left of points that span no further direction, relative to all: rounding. */
const LEAST_LENGTH = 1e-7;

/**
 * Scores along the first principal components by subspace iteration, of points around their mean. A
 * component's largest loading in magnitude is positive. Fewer components come back where the points
 * span fewer.
 *
 * @param points all of one length
 */
export function principalComponents(
  points: readonly ArrayLike<number>[],
  count: number,
): PrincipalComponents {
  const size = points[0]?.length ?? 0;
  const mean = new Float64Array(size);
  for (const point of points) for (let i = 0; i < size; i++) mean[i] += point[i] / points.length;
  const centred = points.map((point) => Float64Array.from(mean, (m, i) => point[i] - m));
  const total = centred.reduce((sum, point) => sum + dot(point, point), 0);
  const directions: Float64Array[] = [];
  const scores = points.map(() => new Float64Array(count));
  const explained: number[] = [];
  for (let k = 0; k < count; k++) {
    const direction = leading(centred, directions, LEAST_LENGTH * Math.sqrt(total));
    if (direction === undefined) break;
    directions.push(direction);
    let variance = 0;
    centred.forEach((point, row) => {
      scores[row][k] = dot(point, direction);
      variance += scores[row][k] ** 2;
    });
    explained.push(variance / total);
  }
  const found = directions.length;
  return { scores: scores.map((row) => row.subarray(0, found)), explained };
}

/** The direction of the largest variance that is orthogonal to others; undefined where none is left. */
function leading(
  points: readonly Float64Array[],
  others: readonly Float64Array[],
  least: number,
): Float64Array | undefined {
  let direction = points.reduce<Float64Array | undefined>((longest, point) => {
    const rest = without(point, others);
    return longest && dot(longest, longest) >= dot(rest, rest) ? longest : rest;
  }, undefined);
  if (direction === undefined || !normalise(direction, least)) return undefined;
  for (let i = 0; i < MOST_ITERATIONS; i++) {
    const next = new Float64Array(direction.length);
    for (const point of points) {
      const score = dot(point, direction);
      for (let j = 0; j < next.length; j++) next[j] += score * point[j];
    }
    const orthogonal = without(next, others);
    if (!normalise(orthogonal, 0)) return undefined;
    const change = 1 - Math.abs(dot(orthogonal, direction));
    direction = orthogonal;
    if (change < TOLERANCE) break;
  }
  const largest = direction.reduce((a, b) => Math.abs(b) > Math.abs(a) ? b : a, 0);
  return largest < 0 ? direction.map((value) => -value) : direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function without(vector: Float64Array, others: readonly Float64Array[]): Float64Array {
  const rest = vector.slice();
  for (const other of others) {
    const share = dot(rest, other);
    for (let i = 0; i < rest.length; i++) rest[i] -= share * other[i];
  }
  return rest;
}

/** Makes the length 1, where it is above `least`; reports whether it is. */
function normalise(vector: Float64Array, least: number): boolean {
  const length = Math.sqrt(dot(vector, vector));
  if (!(length > least)) return false;
  for (let i = 0; i < vector.length; i++) vector[i] /= length;
  return true;
}
