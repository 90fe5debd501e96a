/** One small head without any symmetry, stored in each of the 48 orientations. */
import type { Affine } from "../../src/imaging/nifti/affine.ts";

export interface OrientedFile {
  shape: readonly number[];
  voxels: Float32Array<ArrayBuffer>;
  slope: number;
  intercept: number;
  affine: Affine;
  type: "float32";
}

const SHAPE = [4, 5, 6];
const SPACING = [1, 1.5, 2];
const ORIGIN = [-10, 20, -30];
const LETTERS = ["LR", "PA", "IS"];

/** Value of the voxel at a place, counted towards right, anterior and superior. */
function valueAt([x, y, z]: readonly number[]): number {
  return (x * 31 + y * 57 + z * 101 + x * y * z) % 97;
}

/** By code; RAS is the first. */
export function storedIn48Orientations(): Map<string, OrientedFile> {
  const files = new Map<string, OrientedFile>();
  const orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
  for (const order of orders) {
    for (let flips = 0; flips < 8; flips++) {
      // Axis a of the file runs along the world's axis order[a], backwards where bit a is set.
      const backwards = [0, 1, 2].map((axis) => (flips >> axis & 1) === 1);
      const code = order.map((world, axis) => LETTERS[world][backwards[axis] ? 0 : 1]).join("");
      files.set(code, store(order, backwards));
    }
  }
  return files;
}

function store(order: readonly number[], backwards: readonly boolean[]): OrientedFile {
  const shape = order.map((world) => SHAPE[world]);
  const place = (voxel: readonly number[]) => {
    const world = [0, 0, 0];
    order.forEach((w, axis) =>
      world[w] = backwards[axis] ? SHAPE[w] - 1 - voxel[axis] : voxel[axis]
    );
    return world;
  };
  const voxels = new Float32Array(SHAPE[0] * SHAPE[1] * SHAPE[2]);
  let at = 0;
  for (let k = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      for (let i = 0; i < shape[0]; i++) voxels[at++] = valueAt(place([i, j, k]));
    }
  }
  const affine = new Float64Array(16);
  affine[15] = 1;
  const first = place([0, 0, 0]);
  order.forEach((w, axis) => affine[4 * w + axis] = backwards[axis] ? -SPACING[w] : SPACING[w]);
  [0, 1, 2].forEach((w) => affine[4 * w + 3] = ORIGIN[w] + SPACING[w] * first[w]);
  return { shape, voxels, slope: 1, intercept: 0, affine, type: "float32" };
}
