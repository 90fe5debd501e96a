/** Phantom heads on any grid, moved by a known affine. */
import { Random } from "../../../src/random.ts";
import { drawAnatomy } from "../../../src/imaging/generate/anatomy.ts";
import { HeadPainter } from "../../../src/imaging/generate/head_painter.ts";
import { rotationMatrix } from "../../../src/imaging/generate/shapes.ts";
import { type Affine, invertAffine, multiplyAffines } from "../../../src/imaging/nifti/affine.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";

export interface Grid {
  shape: [number, number, number];
  affine: Affine;
}

/** Voxel size of the small grids, mm. */
const SPACING = 4;

/** A grid about the origin with its axes along right, anterior and superior. */
export function gridOf(shape: readonly number[], spacing = SPACING): Grid {
  const [x, y, z] = shape;
  // deno-fmt-ignore
  const affine = Float64Array.of(
    spacing, 0, 0, -spacing * (x - 1) / 2,
    0, spacing, 0, -spacing * (y - 1) / 2,
    0, 0, spacing, -spacing * (z - 1) / 2,
    0, 0, 0, 1,
  );
  return { shape: [x, y, z], affine };
}

/** A linear map about the origin, then a shift. */
export function affineOf(
  { rotation = [0, 0, 0], scale = [1, 1, 1], shear = 0, shift = [0, 0, 0] }: {
    /** Degrees about x, then y, then z. */
    rotation?: readonly number[];
    scale?: readonly number[];
    /** Of x by y. */
    shear?: number;
    /** mm */
    shift?: readonly number[];
  },
): Affine {
  const r = rotationMatrix(rotation.map((degrees) => degrees * Math.PI / 180));
  const affine = new Float64Array(16);
  for (let row = 0; row < 3; row++) {
    affine[4 * row] = r[3 * row] * scale[0];
    affine[4 * row + 1] = (r[3 * row] * shear + r[3 * row + 1]) * scale[1];
    affine[4 * row + 2] = r[3 * row + 2] * scale[2];
    affine[4 * row + 3] = shift[row];
  }
  affine[15] = 1;
  return affine;
}

/**
 * The head of a fixed anatomy, painted where `transform` puts it, with noise.
 *
 * @param transform the anatomy's mm to the world of the grid, mm
 * @param noise seed of it; two images of one head need two
 */
export function paintHead({ shape, affine }: Grid, transform: Affine, noise: number): ScalarImage {
  const anatomy = drawAnatomy(3, 1, { diagnosis: "CN", age: 70, sex: "F", followUp: 0 }, 1);
  const spacing = Math.hypot(affine[0], affine[4], affine[8]);
  const painter = new HeadPainter(anatomy, spacing);
  const m = multiplyAffines(invertAffine(transform), affine);
  const random = new Random(noise, "phantom noise");
  const data = new Float32Array(shape[0] * shape[1] * shape[2]);
  for (let k = 0, at = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++) {
        const [x, y, z] = [0, 4, 8].map((row) =>
          m[row] * i + m[row + 1] * j + m[row + 2] * k + m[row + 3]
        );
        data[at++] = Math.abs(painter.brightnessAt(x, y, z) + random.normal(0, 0.02));
      }
    }
  }
  return { shape, data, affine };
}

/** Largest distance in mm between what two affines make of points on the surface of the brain. */
export function largestDistance(a: Affine, b: Affine): number {
  const difference = a.map((value, entry) => value - b[entry]);
  let largest = 0;
  for (const x of [-1, 0, 1]) {
    for (const y of [-1, 0, 1]) {
      for (const z of [-1, 0, 1]) {
        const length = Math.hypot(x, y, z) || 1;
        const point = [65 * x / length, -5 + 84 * y / length, 9 + 63 * z / length];
        const moved = [0, 4, 8].map((row) =>
          difference[row] * point[0] + difference[row + 1] * point[1] +
          difference[row + 2] * point[2] + difference[row + 3]
        );
        largest = Math.max(largest, Math.hypot(...moved));
      }
    }
  }
  return largest;
}
