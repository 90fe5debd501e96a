import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { correctBiasField } from "../../../src/imaging/bias_field/mod.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";
import ants from "../../fixtures/imaging/bias_field.json" with { type: "json" };
import { diagonalAffine, syntheticHead } from "./head.ts";

type Shape = [number, number, number];

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

/** Relative difference of two fields from a constant factor. */
function relativeError(field: ArrayLike<number>, truth: ArrayLike<number>): number {
  const logs = Array.from(field, (value, i) => Math.log(value / truth[i]));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  return rootMeanSquare(logs.map((log) => log - mean));
}

for (const { shape, spacing, splineDistance, logField } of ants) {
  const name = `the log field of ${
    shape.join(" x ")
  } voxels at ${splineDistance} mm is that of ANTs`;
  Deno.test(name, () => {
    const head = syntheticHead(shape as Shape, spacing);
    const { field } = correctBiasField(head, { splineDistance });
    const differences: number[] = [];
    for (let k = 0; k < shape[2]; k += 10) {
      for (let j = 0; j < shape[1]; j += 10) {
        for (let i = 0; i < shape[0]; i += 10) {
          const value = Math.log(field.data[i + shape[0] * (j + shape[1] * k)]);
          differences.push(value - logField[differences.length]);
        }
      }
    }
    assertEquals(differences.length, logField.length);
    // ANTs counts in float32, which at times drops the highest of a few thousand samples.
    assert(rootMeanSquare(differences) < 5e-4, `${rootMeanSquare(differences)}`);
    assert(rootMeanSquare(logField) > 0.1);
  });
}

Deno.test("a known smooth field is recovered within 1 %", () => {
  const shape: Shape = [64, 72, 60];
  const truth: number[] = [];
  const data = Float32Array.from({ length: 64 * 72 * 60 }, (_, at) => {
    const voxel = [at % 64, Math.floor(at / 64) % 72, Math.floor(at / (64 * 72))];
    const [x, y, z] = voxel.map((index, axis) => 2 * index / (shape[axis] - 1) - 1);
    const texture = Math.sin(voxel[0] / 2.3) + Math.sin(voxel[1] / 3) + Math.cos(voxel[2] / 2);
    truth.push(Math.exp(0.12 * x + 0.08 * y * z + 0.06 * z * z));
    return truth[at] * (texture > 0.3 ? 240 : texture > -0.9 ? 120 : 60);
  });
  const image = { shape, data, affine: diagonalAffine([3, 3, 3]) };
  const { field, corrected } = correctBiasField(image, { splineDistance: 200 });
  assert(relativeError(truth, truth.map(() => 1)) > 0.07, "the field is no constant");
  const error = relativeError(field.data, truth);
  assert(error < 0.01, `${error}`);
  for (const at of [0, 12345, 200000]) {
    assertAlmostEquals(corrected.data[at] * field.data[at], data[at], 1e-4);
  }
});

Deno.test("the result is on the grid of the image, which stays as it is", () => {
  const head = syntheticHead([24, 20, 16], [8, 9, 10]);
  const before = head.data.slice();
  const { field, corrected } = correctBiasField(head, { splineDistance: 200 });
  for (const image of [field, corrected]) {
    assertEquals([image.shape, image.affine], [head.shape, head.affine]);
  }
  assertEquals(head.data, before);
});

Deno.test("the same image gives the same bytes", () => {
  const run = () =>
    correctBiasField(syntheticHead([24, 28, 20], [8, 8, 8]), { splineDistance: 100 });
  assertEquals(run(), run());
});

Deno.test("the direction of the axes in space does not matter", () => {
  const head = syntheticHead([24, 28, 20], [8, 8, 8]);
  const oblique = { ...head, affine: new Float64Array(16) };
  // Columns of length 8, at right angles to each other.
  oblique.affine.set([0, 4.8, -6.4, 10, -8, 0, 0, 20, 0, 6.4, 4.8, -30, 0, 0, 0, 1]);
  const options = { splineDistance: 200 };
  assertEquals(
    correctBiasField(oblique, options).field.data,
    correctBiasField(head, options).field.data,
  );
});

Deno.test("progress counts iterations, and what it throws stops the correction", () => {
  const head = syntheticHead([16, 16, 16], [8, 8, 8]);
  const calls: number[][] = [];
  const onProgress = (...call: number[]) => void calls.push(call);
  correctBiasField(head, { splineDistance: 200, onProgress });
  assertEquals(calls, Array.from({ length: 200 }, (_, i) => [i + 1, 200]));
  let done = 0;
  const stop = () => {
    if (++done === 2) throw new Error("interrupted");
  };
  const interrupted = () => correctBiasField(head, { splineDistance: 200, onProgress: stop });
  assertThrows(interrupted, Error, "interrupted");
  assertEquals(done, 2);
});

Deno.test("an image whose samples are all equal has a field of 1", () => {
  const [shape, affine]: [Shape, Float64Array] = [[16, 16, 16], diagonalAffine([8, 8, 8])];
  const data = new Float32Array(16 ** 3).fill(7);
  // No sample of the field's estimation.
  data[0] = 8;
  const { field, corrected } = correctBiasField({ shape, affine, data }, { splineDistance: 200 });
  assertEquals(new Set(field.data), new Set([1]));
  assertEquals(corrected.data, data);
});

Deno.test("images without a bias field are refused with the reason", () => {
  const image = (change: Partial<ScalarImage>): ScalarImage => ({
    ...syntheticHead([16, 16, 16], [4, 4, 4]),
    ...change,
  });
  const withVoxel = (value: number) => {
    const { data } = image({});
    data[100] = value;
    return image({ data });
  };
  const slab = (voxels: number): Shape => [16, 16, voxels];
  const cases: [ScalarImage, string][] = [
    [withVoxel(NaN), "a voxel that is NaN"],
    [withVoxel(-Infinity), "a voxel that is -Infinity"],
    [image({ data: new Float32Array(16 ** 3) }), "every voxel of the image is 0"],
    [image({ data: new Float32Array(16 ** 3).fill(7) }), "every voxel of the image is 7"],
    [image(syntheticHead(slab(1), [4, 4, 4])), "has 1 voxels along z"],
    [image(syntheticHead(slab(3), [4, 4, 4])), "has 3 voxels along z, and its bias field needs 4"],
    [image({ affine: diagonalAffine([4, 4000, 4]) }), "measure 4000 mm along y"],
    [image({ affine: diagonalAffine([0, 4, 4]) }), "measure 0 mm along x"],
  ];
  for (const [input, message] of cases) {
    const correct = () => correctBiasField(input, { splineDistance: 200, subject: "sub-01" });
    const error = assertThrows(correct, DataError);
    assertEquals(error.subject, "sub-01");
    assert(error.problem.includes(message), error.problem);
  }
});
