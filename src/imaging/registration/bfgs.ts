/**
 * Minimisation by BFGS (Nocedal and Wright 2006, chapter 6) with a backtracking line search
 * (section 3.5) that also accepts a step by its slope (Hager and Zhang 2005).
 */

/** A function at one point. `gradient` is called before the function is evaluated again, if at all. */
export interface Evaluation {
  /** Infinity where the function is not defined. */
  value: number;
  gradient(): Float64Array | Promise<Float64Array>;
}

export type Objective = (point: Float64Array) => Evaluation | Promise<Evaluation>;

export interface Limits {
  iterations: number;
  /** Largest change of a parameter in the first iteration; no later one exceeds eight times this. */
  firstStep: number;
  /** The search ends after two iterations in a row that change no parameter by this much. */
  tolerance: number;
  /** Is called before each iteration. */
  throwIfAborted?: () => void;
}

export interface Minimum {
  point: Float64Array;
  value: number;
}

interface LinePoint extends Minimum {
  slopes: Float64Array;
}

/** Share of the decrease predicted by the slope that a step must reach (Armijo's condition). */
const SUFFICIENT_DECREASE = 1e-4;
/**
 * The approximate Wolfe conditions (Hager and Zhang 2005, 4.1 to 4.3): a step that raises the value by
 * no more than this share of it is good where the slope along it has changed to between -0.8 and 0.9
 * of the first. Mutual information jumps by so much where samples leave the moving image and turn to
 * background, which its gradient does not show: a search would stop there, away from the maximum.
 */
const JUMPS = 1e-3;
const SLOPE_BEHIND = 0.9;
const SLOPE_BEYOND = -0.8;
const MOST_TRIALS = 8;
/** Of the first step. */
const LONGEST_STEP = 8;
/** A curvature below this carries no information within float64. */
const LEAST_CURVATURE = 1e-14;

/**
 * Minimises a function from a point.
 *
 * @param metric first estimate of the inverse Hessian up to a factor, n by n, positive definite
 */
export async function minimise(
  objective: Objective,
  start: Float64Array,
  metric: Float64Array,
  { iterations, firstStep, tolerance, throwIfAborted }: Limits,
): Promise<Minimum> {
  let point = start;
  const first = await objective(start);
  let value = first.value;
  if (value === Infinity) return { point, value };
  let slopes = await first.gradient();
  let inverseHessian = scaled(metric, firstStep / largest(multiply(metric, slopes)));
  let smallSteps = 0;
  for (let iteration = 0; iteration < iterations && smallSteps < 2; iteration++) {
    throwIfAborted?.();
    let direction = scaled(multiply(inverseHessian, slopes), -1);
    const excess = largest(direction) / (LONGEST_STEP * firstStep);
    if (excess > 1) direction = scaled(direction, 1 / excess);
    const found = await searchLine(objective, { point, value, slopes }, direction);
    if (found === undefined) break;
    const step = found.point.map((x, i) => x - point[i]);
    const change = found.slopes.map((slope, i) => slope - slopes[i]);
    const curvature = dot(step, change);
    if (curvature > LEAST_CURVATURE) {
      if (iteration === 0) {
        // The first metric has the right shape only; its size follows from the first step (6.20).
        const size = curvature / dot(change, multiply(inverseHessian, change));
        inverseHessian = scaled(inverseHessian, size);
      }
      update(inverseHessian, step, change, curvature);
    }
    ({ point, value, slopes } = found);
    smallSteps = largest(step) < tolerance ? smallSteps + 1 : 0;
  }
  return { point, value };
}

/**
 * Tries the step and then shorter ones, at the minimum of the parabola through what is known, until
 * one is good enough.
 *
 * @returns undefined where none is
 */
async function searchLine(
  objective: Objective,
  from: LinePoint,
  direction: Float64Array,
): Promise<LinePoint | undefined> {
  const slope = dot(from.slopes, direction);
  if (!(slope < 0)) return undefined;
  let length = 1;
  for (let trial = 0; trial < MOST_TRIALS; trial++) {
    const point = from.point.map((x, i) => x + length * direction[i]);
    const { value, gradient } = await objective(point);
    const rise = value - from.value;
    if (rise <= JUMPS * Math.abs(from.value)) {
      const slopes = await gradient();
      const decreases = rise <= SUFFICIENT_DECREASE * length * slope;
      const flatter = dot(slopes, direction) / slope;
      if (decreases || (flatter <= SLOPE_BEHIND && flatter >= SLOPE_BEYOND)) {
        return { point, value, slopes };
      }
    }
    // 0 where the value is infinite: then the shortest step allowed is next.
    const minimum = -slope * length ** 2 / (2 * (rise - slope * length));
    length = Math.min(0.5 * length, Math.max(0.1 * length, minimum));
  }
  return undefined;
}

/** The BFGS update of the inverse Hessian H, in place (6.17, multiplied out). */
function update(
  inverseHessian: Float64Array,
  step: Float64Array,
  change: Float64Array,
  curvature: number,
): void {
  const n = step.length;
  const product = multiply(inverseHessian, change);
  const weight = (1 + dot(change, product) / curvature) / curvature;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      inverseHessian[n * i + j] += weight * step[i] * step[j] -
        (product[i] * step[j] + step[i] * product[j]) / curvature;
    }
  }
}

function multiply(matrix: Float64Array, vector: Float64Array): Float64Array {
  const n = vector.length;
  return vector.map((_, row) => dot(matrix.subarray(n * row, n * row + n), vector));
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

function scaled(values: Float64Array, factor: number): Float64Array {
  return values.map((value) => value * factor);
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
