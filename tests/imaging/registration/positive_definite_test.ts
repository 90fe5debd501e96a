import { assertAlmostEquals, assertThrows } from "@std/assert";
import { invertPositiveDefinite } from "../../../src/imaging/registration/positive_definite.ts";

Deno.test("a matrix times its inverse is the identity", () => {
  const n = 6;
  const root = Float64Array.from({ length: n * n }, (_, at) => Math.sin(3 * at + 1));
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) matrix[n * i + j] += root[n * i + k] * root[n * j + k];
    }
    matrix[n * i + i] += 0.1;
  }
  const inverse = invertPositiveDefinite(matrix, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let entry = 0;
      for (let k = 0; k < n; k++) entry += matrix[n * i + k] * inverse[n * k + j];
      assertAlmostEquals(entry, i === j ? 1 : 0, 1e-12);
    }
  }
});

Deno.test("a matrix that is not positive definite is refused", () => {
  assertThrows(() => invertPositiveDefinite(Float64Array.of(1, 2, 2, 1), 2), RangeError);
});
