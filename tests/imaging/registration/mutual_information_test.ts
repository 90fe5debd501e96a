import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type Affine, invertAffine } from "../../../src/imaging/nifti/affine.ts";
import { BinScale } from "../../../src/imaging/registration/bins.ts";
import { type FixedSamples, sampleFixed } from "../../../src/imaging/registration/fixed_samples.ts";
import { MutualInformation } from "../../../src/imaging/registration/mutual_information.ts";
import {
  affineFrom,
  type Parametrisation,
  rigidFrom,
} from "../../../src/imaging/registration/parametrisation.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";
import { affineOf, gridOf } from "./phantoms.ts";

/** Waves over a grid: an image with structure everywhere. */
function waves(shape: [number, number, number], spacing: number, phase: number): ScalarImage {
  const grid = gridOf(shape, spacing);
  const data = new Float32Array(shape[0] * shape[1] * shape[2]);
  const half = shape.map((extent) => (extent - 1) / 2);
  for (let k = 0, at = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++) {
        const [x, y, z] = [i - half[0], j - half[1], k - half[2]].map((v) => v * spacing / 9);
        data[at++] = Math.sin(x + phase) * Math.cos(1.3 * y) + Math.sin(z - 0.7 * x * y + phase);
      }
    }
  }
  return { ...grid, data };
}

const CENTRE = [1, -2, 3];
const FIXED = sampleFixed(waves([9, 10, 8], 4, 0), CENTRE, 4, 1);
const MOVING = waves([30, 32, 28], 2.5, 0.4);
const TRANSFORM = affineOf({
  rotation: [4, -3, 6],
  scale: [1.05, 0.97, 1.02],
  shear: 0.03,
  shift: [1.3, -2.1, 0.7],
});
/** Moves a part of the samples out of the moving image. */
const ACROSS = TRANSFORM.map((value, entry) => value + (entry === 3 ? 22 : entry === 11 ? -16 : 0));

/** Mutual information by its definition: every sample, every bin, in float64. */
function directly(fixed: FixedSamples, moving: ScalarImage, transform: Affine): number {
  const window = (x: number) => {
    const t = Math.abs(x);
    return t >= 2 ? 0 : t < 1 ? 2 / 3 - t * t + t * t * t / 2 : (2 - t) ** 3 / 6;
  };
  const scale = new BinScale(moving.data);
  const toVoxel = invertAffine(moving.affine);
  const joint = Array.from({ length: 32 }, () => new Array(32).fill(0));
  let total = 0;
  for (let s = 0; s < fixed.count; s++) {
    const position = [...fixed.positions.subarray(3 * s, 3 * s + 3), 1];
    const apply = (m: Affine, v: number[]) =>
      [0, 4, 8].map((row) => v.reduce((sum, value, axis) => sum + m[row + axis] * value, 0));
    const voxel = apply(toVoxel, [...apply(transform, position), 1]);
    if (voxel.some((v, axis) => v < 0 || v >= moving.shape[axis] - 1)) continue;
    const weight = voxel.reduce(
      (product, v, axis) => product * Math.min(1, v, moving.shape[axis] - 1 - v),
      1,
    );
    total += weight;
    const bin = scale.binOf(trilinear(moving, voxel));
    for (let m = 0; m < 32; m++) joint[fixed.bins[s]][m] += weight * window(bin - m);
  }
  let information = 0;
  for (let f = 0; f < 32; f++) {
    for (let m = 0; m < 32; m++) {
      const p = joint[f][m] / total;
      const row = joint[f].reduce((sum, value) => sum + value / total, 0);
      const column = joint.reduce((sum, values) => sum + values[m] / total, 0);
      if (p > 0) information += p * Math.log(p / (row * column));
    }
  }
  return information;
}

Deno.test("samples of every grid point have the fixed image's positions and bins", () => {
  const image = waves([5, 4, 3], 2, 0);
  const samples = sampleFixed(image, CENTRE, 2, 1);
  assertEquals(samples.count, 60);
  const at = 3 + 5 * (1 + 4 * 2);
  const expected = [0, 1, 2].map((axis) =>
    image.affine[4 * axis + 3] + 2 * [3, 1, 2][axis] - CENTRE[axis]
  );
  assertEquals([...samples.positions.subarray(3 * at, 3 * at + 3)], expected);
  const { lowest, width } = new BinScale(image.data);
  assertEquals(samples.bins[at], Math.floor((image.data[at] - lowest) / width) + 2);
  assert(samples.bins.every((bin) => bin >= 2 && bin <= 29));
});

Deno.test("one of four grid points is a sample, in the order of the voxels", () => {
  const image = waves([7, 6, 5], 2, 0);
  const [all, some] = [1, 4].map((every) => sampleFixed(image, CENTRE, 2, every));
  assertEquals(some.count, 53);
  assertEquals(some.bins, all.bins.filter((_, at) => at % 4 === 0));
  assertEquals(some.positions, all.positions.filter((_, at) => at % 12 < 3));
});

Deno.test("a grid coarser than the voxels lies in their midst", () => {
  const image = waves([9, 10, 11], 1, 0);
  const { count, positions } = sampleFixed(image, [0, 0, 0], 3, 1);
  assertEquals(count, 3 * 3 * 4);
  assertEquals([...positions.subarray(0, 6)], [-3, -3.5, -4, 0, -3.5, -4]);
});

Deno.test("mutual information is that of a direct sum over samples and bins", () => {
  const information = new MutualInformation(FIXED, MOVING, "excluded");
  const inside = information.evaluate(TRANSFORM);
  assertAlmostEquals(inside, directly(FIXED, MOVING, TRANSFORM), 1e-10);
  const partly = information.evaluate(ACROSS);
  assertAlmostEquals(partly, directly(FIXED, MOVING, ACROSS), 1e-10);
});

Deno.test("samples outside the moving image count as its lowest intensity where asked", () => {
  const shifted = affineOf({ shift: [22, 0, -16] });
  const background = new MutualInformation(FIXED, MOVING, "background").evaluate(shifted);
  const wide = waves([60, 62, 58], 2.5, 0.4);
  const lowest = new BinScale(MOVING.data).lowest;
  const [dx, dy, dz] = [15, 15, 15];
  for (let k = 0, at = 0; k < 58; k++) {
    for (let j = 0; j < 62; j++) {
      for (let i = 0; i < 60; i++, at++) {
        const outside = i < dx || j < dy || k < dz || i >= dx + 30 || j >= dy + 32 || k >= dz + 28;
        if (outside) wide.data[at] = lowest;
      }
    }
  }
  const padded = new MutualInformation(FIXED, wide, "background").evaluate(shifted);
  // The padded image falls to the background over one voxel instead of at once.
  assertAlmostEquals(background, padded, 0.03);
});

Deno.test("images that overlap by less than a tenth have no mutual information", () => {
  const away = affineOf({ shift: [70, 0, 0] });
  for (const outside of ["excluded", "background"] as const) {
    const information = new MutualInformation(FIXED, MOVING, outside);
    assertEquals(information.evaluate(away), -Infinity);
  }
});

/** Slopes of the mutual information of transforms that `at` makes of parameters, by differences. */
function differences(at: (parameters: Float64Array) => Affine, point: Float64Array): number[] {
  const information = new MutualInformation(FIXED, MOVING, "excluded");
  const step = 1e-7;
  return [...point].map((_, k) => {
    const [ahead, behind] = [step, -step].map((h) => {
      const moved = point.slice();
      moved[k] += h;
      return information.evaluate(at(moved));
    });
    return (ahead - behind) / (2 * step);
  });
}

Deno.test("the gradient by the transform's entries is that of finite differences", () => {
  const information = new MutualInformation(FIXED, MOVING, "excluded");
  for (const transform of [TRANSFORM, ACROSS]) {
    information.evaluate(transform);
    const gradient = information.gradient();
    const expected = differences(
      (entries) => transform.map((value, entry) => entry < 12 ? entries[entry] : value),
      transform.slice(0, 12),
    );
    for (let entry = 0; entry < 12; entry++) {
      assertAlmostEquals(gradient[entry], expected[entry], 1e-5 * Math.hypot(...expected));
    }
  }
});

Deno.test("the gradient adds up to the change of information where samples leave the moving image", () => {
  const information = new MutualInformation(FIXED, MOVING, "excluded");
  const at = (shift: number) =>
    information.evaluate(TRANSFORM.map((value, entry) => entry === 3 ? value + shift : value));
  const [from, to, steps] = [18, 34, 800];
  let sum = 0;
  for (let step = 0; step < steps; step++) {
    at(from + (to - from) * (step + 0.5) / steps);
    sum += information.gradient()[3] * (to - from) / steps;
  }
  assertAlmostEquals(sum, at(to) - at(from), 1e-3 * Math.abs(sum));
});

Deno.test("the gradient by rigid and affine parameters is that of finite differences", () => {
  const check = (parametrisation: Parametrisation, point: Float64Array) => {
    const information = new MutualInformation(FIXED, MOVING, "excluded");
    information.evaluate(parametrisation.transformAt(point));
    const gradient = information.gradient();
    const jacobian = parametrisation.jacobianAt(point);
    const expected = differences(parametrisation.transformAt, point);
    for (let k = 0; k < point.length; k++) {
      let slope = 0;
      for (let entry = 0; entry < 12; entry++) {
        slope += gradient[entry] * jacobian[point.length * entry + k];
      }
      assertAlmostEquals(slope, expected[k], 1e-5 * Math.hypot(...expected));
    }
  };
  check(rigidFrom(TRANSFORM), Float64Array.of(2, -3, 4, 0.5, -0.2, 0.3));
  check(
    affineFrom(TRANSFORM),
    Float64Array.of(1, -1, 0.5, 0.2, 0.3, -1.2, 0.6, -0.4, 0.1, 0.7, -0.9, 0.3),
  );
});

Deno.test("the Gauss-Newton matrix is the mean outer product of the derivatives of moving bins", () => {
  const information = new MutualInformation(FIXED, MOVING, "excluded");
  information.evaluate(TRANSFORM);
  const matrix = information.gaussNewtonMatrix();
  // One sample at a time: the matrix of a single sample is the outer product of its derivatives.
  const sum = new Float64Array(144);
  for (let s = 0; s < FIXED.count; s++) {
    const single: FixedSamples = {
      count: 1,
      positions: FIXED.positions.slice(3 * s, 3 * s + 3),
      bins: FIXED.bins.slice(s, s + 1),
    };
    const derivative = binDerivatives(single, TRANSFORM);
    for (let at = 0; at < 144; at++) {
      sum[at] += derivative[Math.floor(at / 12)] * derivative[at % 12] / FIXED.count;
    }
  }
  const size = Math.sqrt(sum.reduce((total, value) => total + value * value, 0));
  for (let at = 0; at < 144; at++) assertAlmostEquals(matrix[at], sum[at], 1e-6 * size);
});

/** Derivatives of the moving bin of one sample by the entries of the transform, by differences. */
function binDerivatives({ positions }: FixedSamples, transform: Affine): number[] {
  const scale = new BinScale(MOVING.data);
  const toVoxel = invertAffine(MOVING.affine);
  const binAt = (entries: Affine) => {
    const world = [0, 4, 8].map((row) =>
      entries[row] * positions[0] + entries[row + 1] * positions[1] +
      entries[row + 2] * positions[2] + entries[row + 3]
    );
    const voxel = [0, 4, 8].map((row) =>
      toVoxel[row] * world[0] + toVoxel[row + 1] * world[1] + toVoxel[row + 2] * world[2] +
      toVoxel[row + 3]
    );
    return scale.binOf(trilinear(MOVING, voxel));
  };
  return Array.from({ length: 12 }, (_, entry) => {
    const [ahead, behind] = [1e-7, -1e-7].map((h) => {
      const moved = transform.slice();
      moved[entry] += h;
      return binAt(moved);
    });
    return (ahead - behind) / 2e-7;
  });
}

function trilinear({ data, shape }: ScalarImage, voxel: readonly number[]): number {
  let intensity = 0;
  for (let corner = 0; corner < 8; corner++) {
    const steps = [0, 1, 2].map((axis) => corner >> axis & 1);
    const [i, j, k] = voxel.map((v, axis) => Math.floor(v) + steps[axis]);
    const weight = voxel.reduce((product, v, axis) => {
      const fraction = v - Math.floor(v);
      return product * (steps[axis] ? fraction : 1 - fraction);
    }, 1);
    intensity += weight * data[i + shape[0] * (j + shape[1] * k)];
  }
  return intensity;
}
