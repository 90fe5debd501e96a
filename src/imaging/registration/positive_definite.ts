/**
 * The inverse of a symmetric positive definite matrix, by its Cholesky factor.
 *
 * @param matrix n by n
 * @throws {RangeError} for a matrix that is not positive definite
 */
export function invertPositiveDefinite(matrix: Float64Array, n: number): Float64Array {
  const factor = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[n * i + j];
      for (let k = 0; k < j; k++) rest -= factor[n * i + k] * factor[n * j + k];
      if (i === j && !(rest > 0)) throw new RangeError("the matrix is not positive definite");
      factor[n * i + j] = i === j ? Math.sqrt(rest) : rest / factor[n * j + j];
    }
  }
  const inverse = new Float64Array(n * n);
  for (let column = 0; column < n; column++) {
    const x = new Float64Array(n);
    x[column] = 1;
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) x[i] -= factor[n * i + k] * x[k];
      x[i] /= factor[n * i + i];
    }
    for (let i = n - 1; i >= 0; i--) {
      for (let k = i + 1; k < n; k++) x[i] -= factor[n * k + i] * x[k];
      x[i] /= factor[n * i + i];
    }
    for (let i = 0; i < n; i++) inverse[n * i + column] = x[i];
  }
  return inverse;
}
