/** Gamma and bias field, each sample by its own numbers, in place. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { extentConstants, itemsGrid, type ItemsShape } from "./grid.ts";
import source from "./intensity.wgsl" with { type: "text" };

const intensity = defineKernel({
  name: "augment/intensity",
  source,
  constants: ["LANES", "CHUNK", "DEPTH", "HEIGHT", "WIDTH", "VOLUME", "ORDER"],
  entries: {
    gamma: { exponents: "read", y: "read_write" },
    bias_field: { polynomials: "read", y: "read_write" },
    bias_rows: { coefficients: "read", rows_out: "read_write" },
    bias_field_of_rows: { coefficients: "read", rows_in: "read", y: "read_write" },
  },
});

/**
 * y = sign(y) |y|^exponent.
 *
 * @param exponents `[batch]`; 0 leaves a sample as it is
 */
export function applyGamma(
  program: ProgramBuilder,
  { shape, exponents, y }: { shape: ItemsShape; exponents: Operand; y: Operand },
): void {
  const { constants, workgroups } = itemsGrid(program.device, shape);
  program.dispatch(intensity, "gamma", {
    constants: { ...constants, ...extentConstants(shape) },
    bindings: { exponents, y },
    workgroups,
    label: "gamma",
  });
}

/** Exponents of the first two axes of each group of four coefficients, in the order of a record. */
const EXPONENTS = [
  [0, 0],
  [0, 1],
  [0, 2],
  [0, 3],
  [1, 0],
  [1, 1],
  [1, 2],
  [2, 0],
  [2, 1],
  [3, 0],
] as const;

/** Polynomials of this order at most have records of {@link EXPONENTS}. */
const CUBIC = 3;

/** 32-bit words of one sample's polynomial. */
export function polynomialWords(order: number): number {
  return order <= CUBIC ? (EXPONENTS.length + 1) * 4 : coefficientCount(order) + 1;
}

/** Coefficients of a polynomial in three variables. */
export function coefficientCount(order: number): number {
  return (order + 1) * (order + 2) * (order + 3) / 6;
}

/**
 * Writes the polynomial of one sample.
 *
 * @param coefficients of a^i b^j c^k, i the slowest and k the fastest, those with i + j + k <= order
 */
export function packPolynomial(
  coefficients: readonly number[],
  order: number,
  into: Float32Array,
): void {
  if (order > CUBIC) {
    into.set(coefficients.toReversed());
    into[coefficients.length] = 1;
    return;
  }
  let next = 0;
  for (let i = 0; i <= order; i++) {
    for (let j = 0; j <= order - i; j++) {
      const group = EXPONENTS.findIndex(([a, b]) => a === i && b === j);
      for (let k = 0; k <= order - i - j; k++) into[4 * group + k] = coefficients[next++];
    }
  }
  into[4 * EXPONENTS.length] = 1;
}

/** y = y exp(polynomial of the place), places from -1 to 1 along each axis. */
export function applyBiasField(
  program: ProgramBuilder,
  { shape, order, polynomials, y }: {
    shape: ItemsShape;
    order: number;
    polynomials: Operand;
    y: Operand;
  },
): void {
  const { constants, workgroups } = itemsGrid(program.device, shape);
  const all = { ...constants, ...extentConstants(shape), VOLUME: shape.depth > 1 };
  const label = "bias field";
  if (order <= CUBIC) {
    program.dispatch(intensity, "bias_field", {
      constants: all,
      bindings: { polynomials, y },
      workgroups,
      label,
    });
    return;
  }
  const { batch, depth, height } = shape;
  const rows = program.tensor("rows of the bias field", batch * depth * height * (order + 1) * 4);
  program.dispatch(intensity, "bias_rows", {
    constants: { ...all, ORDER: order },
    bindings: { coefficients: polynomials, rows_out: rows },
    workgroups: [Math.ceil(depth * height / constants.LANES), 1, batch],
    label,
  });
  program.dispatch(intensity, "bias_field_of_rows", {
    constants: { ...all, ORDER: order },
    bindings: { coefficients: polynomials, rows_in: rows, y },
    workgroups,
    label,
  });
}
