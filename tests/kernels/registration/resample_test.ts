import { resampleVolume } from "../../../kernels/registration/resample.ts";
import type { Affine } from "../../../src/imaging/nifti/affine.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";
import { assertClose, onDevice } from "../on_device.ts";
import { oddImage, volumeOf } from "./volumes.ts";

const image = oddImage([7, 9, 11], 1);
const shape = [13, 6, 17] as const;

/** Turns, stretches and shifts; no voxel lies within float32's rounding of a border. */
// deno-fmt-ignore
const oblique = Float64Array.of(
  0.7, 0.2, -0.1, -1.13,
  -0.1, 1.4, 0.3, -0.87,
  0.05, -0.2, 0.8, -0.79,
  0, 0, 0, 1,
);
/** Places at the borders themselves: -0.5, which is inside, to n - 0.5, which is not. */
const halves = Float64Array.of(0.5, 0, 0, -1, 0, 1.5, 0, -0.5, 0, 0, 1, -1.5, 0, 0, 0, 1);

/** The weighted sum over all voxels, in float64. */
function reference({ shape: extents, data }: ScalarImage, toMoving: Affine): number[] {
  const values: number[] = [];
  for (let z = 0; z < shape[2]; z++) {
    for (let y = 0; y < shape[1]; y++) {
      for (let x = 0; x < shape[0]; x++) {
        const place = [0, 4, 8].map((row) =>
          toMoving[row] * x + toMoving[row + 1] * y + toMoving[row + 2] * z + toMoving[row + 3]
        );
        const inside = place.every((p, axis) => p >= -0.5 && p < extents[axis] - 0.5);
        const near = place.map((p, axis) => Math.min(extents[axis] - 1, Math.max(0, p)));
        values.push(inside ? tentSum(extents, data, near) : 0);
      }
    }
  }
  return values;
}

function tentSum(extents: readonly number[], data: Float32Array, place: readonly number[]): number {
  const [nx, ny] = extents;
  return data.reduce((sum, value, at) => {
    const voxel = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / (nx * ny))];
    const weight = voxel.reduce((w, v, axis) => w * Math.max(0, 1 - Math.abs(v - place[axis])), 1);
    return sum + weight * value;
  }, 0);
}

for (const [name, toMoving] of Object.entries({ "an oblique grid": oblique, borders: halves })) {
  Deno.test(`a volume of 7x9x11 on ${name} is that in float64, in one buffer and in two`, async () => {
    const expected = reference(image, toMoving);
    await onDevice(async (bench) => {
      for (const planes of [11, 4]) {
        const y = bench.buffer(4 * expected.length);
        const [found] = await bench.run((program) => {
          resampleVolume(program, {
            volume: volumeOf(bench, image, planes),
            shape,
            toMoving: bench.buffer(Float32Array.from(toMoving.subarray(0, 12))),
            y,
          });
          return [y];
        });
        assertClose(found, expected, 2e-6);
      }
    });
  });
}
