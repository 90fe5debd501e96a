import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { principalComponents } from "../../src/evaluation/principal_components.ts";
import { Random } from "../../src/random.ts";

Deno.test("components are the axes of an ellipse, with their shares of the variance", () => {
  const random = new Random(0, "ellipse", 0);
  const [c, s] = [Math.cos(0.4), Math.sin(0.4)];
  const coordinates = Array.from({ length: 200 }, () => [6 * random.normal(), random.normal()]);
  const points = coordinates.map(([a, b]) => [c * a - s * b + 5, s * a + c * b - 2, 1]);
  const { scores, explained } = principalComponents(points, 2);
  assertAlmostEquals(explained[0] + explained[1], 1, 1e-9);
  const squares = (k: number) => scores.reduce((sum, row) => sum + row[k] ** 2, 0);
  assertAlmostEquals(squares(0) / (squares(0) + squares(1)), explained[0], 1e-12);
  // Scores are coordinates in a turned frame: distances between points stay.
  const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Math.hypot(...Array.from(a, (value, i) => value - b[i]));
  for (let i = 1; i < points.length; i++) {
    assertAlmostEquals(distance(scores[0], scores[i]), distance(points[0], points[i]), 1e-6);
  }
  const products = scores.reduce((sum, row) => sum + row[0] * row[1], 0);
  assert(Math.abs(products) < 1e-6 * squares(0), "scores of two components are uncorrelated");
});

Deno.test("points on a line have one component, equal points none", () => {
  const line = principalComponents([[0, 0], [1, 2], [3, 6]], 2);
  assertEquals(line.explained.length, 1);
  assertAlmostEquals(line.explained[0], 1, 1e-12);
  assertAlmostEquals(line.scores[2][0] - line.scores[0][0], 3 * Math.sqrt(5), 1e-9);
  assertEquals(principalComponents([[1, 1], [1, 1]], 2).explained, []);
});
