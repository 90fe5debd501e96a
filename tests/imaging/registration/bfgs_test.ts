import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { minimise, type Objective } from "../../../src/imaging/registration/bfgs.ts";

const IDENTITY = (n: number) =>
  Float64Array.from({ length: n * n }, (_, at) => at % (n + 1) === 0 ? 1 : 0);

const LIMITS = { iterations: 200, firstStep: 1, tolerance: 1e-8 };

/** Half x'Ax - b'x. */
const quadratic = (matrix: number[][], vector: number[]): Objective => (point) => {
  const product = matrix.map((row) => row.reduce((sum, value, j) => sum + value * point[j], 0));
  const value = product.reduce((sum, p, i) => sum + p * point[i] / 2 - vector[i] * point[i], 0);
  return { value, gradient: () => Float64Array.from(product, (p, i) => p - vector[i]) };
};

const rosenbrock: Objective = ([x, y]) => ({
  value: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
  gradient: () => Float64Array.of(-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)),
});

Deno.test("a quadratic of three unlike directions is minimised", async () => {
  // A (1, -2, 3) = (8, -197, 27).
  const objective = quadratic([[4, 1, 2], [1, 100, 0.6667], [2, 0.6667, 9]], [8, -197, 27.6666]);
  const { point } = await minimise(objective, new Float64Array(3), IDENTITY(3), LIMITS);
  [1, -2, 3].forEach((x, i) => assertAlmostEquals(point[i], x, 1e-3));
});

Deno.test("a metric that is the inverse Hessian leads to the minimum in few iterations", async () => {
  let evaluations = 0;
  const objective = quadratic([[1000, 0], [0, 0.1]], [3000, -0.2]);
  const counted: Objective = (point) => {
    evaluations++;
    return objective(point);
  };
  const metric = Float64Array.of(0.001, 0, 0, 10);
  const { point } = await minimise(counted, new Float64Array(2), metric, LIMITS);
  [3, -2].forEach((x, i) => assertAlmostEquals(point[i], x, 1e-6));
  assert(evaluations <= 12, `${evaluations} evaluations`);
});

Deno.test("Rosenbrock's valley is followed to its end", async () => {
  const { point, value } = await minimise(
    rosenbrock,
    Float64Array.of(-1.2, 1),
    IDENTITY(2),
    LIMITS,
  );
  assertAlmostEquals(point[0], 1, 1e-6);
  assertAlmostEquals(point[1], 1, 1e-6);
  assert(value < 1e-12);
});

Deno.test("a function that is not defined everywhere is minimised where it is", async () => {
  const objective: Objective = ([x]) => ({
    value: x > 0 ? x - Math.log(x) : Infinity,
    gradient: () => Float64Array.of(1 - 1 / x),
  });
  const { point } = await minimise(objective, Float64Array.of(8), IDENTITY(1), {
    ...LIMITS,
    firstStep: 20,
  });
  assertAlmostEquals(point[0], 1, 1e-6);
  const start = Float64Array.of(-1);
  assertEquals(await minimise(objective, start, IDENTITY(1), LIMITS), {
    point: start,
    value: Infinity,
  });
});

Deno.test("jumps that the gradient does not show do not stop the search", async () => {
  const jumping: Objective = async (point) => {
    const { value, gradient } = await rosenbrock(point);
    const jump = 5e-4 * (Math.floor(1e7 * (point[0] - 2 * point[1])) & 1);
    return { value: 1 + value + jump, gradient };
  };
  const { point } = await minimise(jumping, Float64Array.of(-1.2, 1), IDENTITY(2), LIMITS);
  assertAlmostEquals(Math.hypot(point[0] - 1, point[1] - 1), 0, 1e-6);
});

Deno.test("at a minimum, and after the last iteration, the search ends", async () => {
  const still = await minimise(rosenbrock, Float64Array.of(1, 1), IDENTITY(2), LIMITS);
  assertEquals([...still.point], [1, 1]);
  const limits = { ...LIMITS, iterations: 1 };
  const { point } = await minimise(rosenbrock, Float64Array.of(-1.2, 1), IDENTITY(2), limits);
  assert(Math.hypot(point[0] + 1.2, point[1] - 1) <= Math.SQRT2);
});

Deno.test("an abort ends the search before its next iteration", async () => {
  let calls = 0;
  const throwIfAborted = () => {
    if (++calls === 3) throw new DOMException("stopped", "AbortError");
  };
  const start = Float64Array.of(-1.2, 1);
  await assertRejects(
    () => minimise(rosenbrock, start, IDENTITY(2), { ...LIMITS, throwIfAborted }),
    DOMException,
    "stopped",
  );
});
