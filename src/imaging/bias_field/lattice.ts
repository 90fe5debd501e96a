/** The control points of a tensor product of cubic B-splines, and the surface that they define. */
import type { SplineBasis } from "./spline_basis.ts";

export interface Lattice {
  /** Control points along x, y and z. */
  shape: readonly [number, number, number];
  /** The first axis varies fastest. */
  values: Float64Array;
}

/** A lattice of zeros for these spans along x, y and z. */
export function emptyLattice(spans: readonly number[]): Lattice {
  const [x, y, z] = spans.map((count) => count + 3);
  return { shape: [x, y, z], values: new Float64Array(x * y * z) };
}

/**
 * The same surface on spans of half the size, axis after axis, by the two-scale relation of the cubic
 * B-spline: c'[2i] = (c[i] + c[i+1]) / 2 and c'[2i+1] = (c[i] + 6 c[i+1] + c[i+2]) / 8.
 */
export function refine(lattice: Lattice): Lattice {
  return [0, 1, 2].reduce(refineAxis, lattice);
}

function refineAxis({ shape, values }: Lattice, axis: number): Lattice {
  const refined: [number, number, number] = [...shape];
  refined[axis] = 2 * shape[axis] - 3;
  const stride = shape.slice(0, axis).reduce((product, extent) => product * extent, 1);
  const lines = values.length / shape[axis];
  const out = new Float64Array(lines * refined[axis]);
  for (let line = 0; line < lines; line++) {
    // Lines of one axis: the faster axes count first, then the slower ones.
    const [slow, fast] = [Math.floor(line / stride), line % stride];
    const from = slow * stride * shape[axis] + fast;
    const to = slow * stride * refined[axis] + fast;
    for (let i = 0; i < refined[axis]; i++) {
      const at = from + (i >> 1) * stride;
      const [a, b] = [values[at], values[at + stride]];
      out[to + i * stride] = i % 2 === 0 ? (a + b) / 2 : (a + 6 * b + values[at + 2 * stride]) / 8;
    }
  }
  return { shape: refined, values: out };
}

/**
 * Evaluates the surface at all combinations of the positions of three bases, row after row.
 *
 * @param visit gets the values of one row along x, in an array that the next row overwrites, and the
 * number of values before it
 */
export function evaluateRows(
  { shape: [nx, ny], values }: Lattice,
  [x, y, z]: readonly SplineBasis[],
  visit: (row: Float64Array, start: number) => void,
): void {
  const plane = new Float64Array(nx * ny);
  const line = new Float64Array(nx);
  const row = new Float64Array(x.first.length);
  for (let k = 0; k < z.first.length; k++) {
    combine(values, nx * ny, z, k, plane);
    for (let j = 0; j < y.first.length; j++) {
      combine(plane, nx, y, j, line);
      for (let i = 0; i < row.length; i++) {
        const at = x.first[i];
        const w = 4 * i;
        row[i] = x.weights[w] * line[at] + x.weights[w + 1] * line[at + 1] +
          x.weights[w + 2] * line[at + 2] + x.weights[w + 3] * line[at + 3];
      }
      visit(row, row.length * (j + y.first.length * k));
    }
  }
}

/** The sum of the four parts, of `size` values each, that a position weights. */
function combine(
  parts: Float64Array,
  size: number,
  { first, weights }: SplineBasis,
  position: number,
  out: Float64Array,
): void {
  const w = 4 * position;
  const a = weights[w];
  const b = weights[w + 1];
  const c = weights[w + 2];
  const d = weights[w + 3];
  for (let i = 0, at = first[position] * size; i < size; i++, at++) {
    out[i] = a * parts[at] + b * parts[at + size] + c * parts[at + 2 * size] +
      d * parts[at + 3 * size];
  }
}
