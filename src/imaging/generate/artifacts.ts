/** Motion, contrast and noise artifacts, drawn for each image. */
import type { Random } from "../../random.ts";
import { invertAffine } from "../nifti/affine.ts";
import { rotationMatrix } from "./shapes.ts";
import type { HeadVolume } from "./volume.ts";

export type ArtifactName = "motion" | "contrast" | "noise";

export type ArtifactOptions = {
  artifacts: readonly ArtifactName[];
  /** Range of each movement along an axis, mm, either way. */
  translation: readonly [number, number];
  /** Range of each rotation about an axis, degrees, either way. */
  rotation: readonly [number, number];
  /** Movements during the scan. */
  numTransforms: number;
  /** Range of the logarithm of the exponent. */
  gamma: readonly [number, number];
  /** Range of the noise's standard deviation, in the image's units. */
  noiseStd: readonly [number, number];
};

export function addArtifacts(
  source: HeadVolume,
  options: ArtifactOptions,
  random: Random,
): HeadVolume {
  let volume = source;
  if (options.artifacts.includes("motion")) volume = addMotion(volume, options, random);
  if (options.artifacts.includes("contrast")) {
    volume = changeContrast(volume, Math.exp(random.uniform(...options.gamma)));
  }
  if (options.artifacts.includes("noise")) {
    const sigma = random.uniform(...options.noiseStd);
    const data = volume.data.map((value) => value + random.normal(0, sigma));
    volume = { ...volume, data };
  }
  return volume;
}

/** Raises intensities, scaled to between 0 and 1, to a power. */
function changeContrast(volume: HeadVolume, exponent: number): HeadVolume {
  let low = Infinity, high = -Infinity;
  for (let at = 0; at < volume.data.length; at++) {
    low = Math.min(low, volume.data[at]);
    high = Math.max(high, volume.data[at]);
  }
  const range = high - low;
  if (!(range > 0)) return volume;
  const data = volume.data.map((value) => low + range * ((value - low) / range) ** exponent);
  return { ...volume, data };
}

/**
 * The head moves during the scan: stretches of k-space, along the phase-encoding axis (y), are those
 * of moved heads, while the stretch with the centre of k-space is the unmoved head's.
 */
function addMotion(volume: HeadVolume, options: ArtifactOptions, random: Random): HeadVolume {
  const length = volume.shape[1];
  const draw = ([low, high]: readonly [number, number]) =>
    random.uniform(low, high) * (random.integer(2) === 0 ? -1 : 1);
  const times = Array.from({ length: options.numTransforms }, () => random.uniform())
    .sort((a, b) => a - b);
  const out = new Float32Array(volume.data.length);
  const bounds = [0, ...times.map((time) => Math.round(time * length)), length];
  const centre = Math.floor(length / 2);
  for (let stretch = 0; stretch + 1 < bounds.length; stretch++) {
    const [from, to] = [bounds[stretch], bounds[stretch + 1]];
    const translation = [0, 1, 2].map(() => draw(options.translation));
    const rotation = [0, 1, 2].map(() => draw(options.rotation) * Math.PI / 180);
    if (from === to) continue;
    const still = from <= centre && centre < to;
    const moved = still ? volume.data : move(volume, translation, rotation);
    accumulateBand(moved, volume.shape, from - centre, to - centre, out);
  }
  return { ...volume, data: out };
}

/**
 * Adds the frequencies from `from` to `to` (exclusive, 0 at the centre) of every line along y: the
 * real part of a cyclic convolution with their Dirichlet kernel.
 */
function accumulateBand(
  data: Float32Array,
  [nx, ny, nz]: readonly [number, number, number],
  from: number,
  to: number,
  out: Float32Array,
): void {
  const kernel = Float64Array.from({ length: ny }, (_, n) => {
    let sum = 0;
    for (let k = from; k < to; k++) sum += Math.cos(2 * Math.PI * k * n / ny);
    return sum / ny;
  });
  for (let z = 0; z < nz; z++) {
    for (let target = 0; target < ny; target++) {
      const row = (z * ny + target) * nx;
      for (let y = 0; y < ny; y++) {
        const weight = kernel[(target - y + ny) % ny];
        const line = (z * ny + y) * nx;
        for (let x = 0; x < nx; x++) out[row + x] += weight * data[line + x];
      }
    }
  }
}

/** Rigid movement about the grid's centre, mm and radians, sampled trilinearly; 0 comes in. */
function move(
  volume: HeadVolume,
  translation: readonly number[],
  rotation: readonly number[],
): Float32Array {
  const { shape, affine, data } = volume;
  const [nx, ny, nz] = shape;
  const inverse = invertAffine(affine);
  const matrix = rotationMatrix(rotation);
  const toWorld = (m: Float64Array, v: readonly number[]) =>
    [0, 4, 8].map((r) => m[r] * v[0] + m[r + 1] * v[1] + m[r + 2] * v[2] + m[r + 3]);
  const middle = toWorld(affine, [(nx - 1) / 2, (ny - 1) / 2, (nz - 1) / 2]);
  /** Where a voxel's content came from, in voxel indices. */
  const origin = (voxel: readonly number[]) => {
    const world = toWorld(affine, voxel).map((value, i) => value - middle[i] - translation[i]);
    const rotated = [0, 3, 6].map((r, i) =>
      matrix[r] * world[0] + matrix[r + 1] * world[1] + matrix[r + 2] * world[2] + middle[i]
    );
    return toWorld(inverse, rotated);
  };
  const start = origin([0, 0, 0]);
  const steps = [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map((unit) =>
    origin(unit).map((value, i) => value - start[i])
  );
  const [dx, dy, dz] = steps;
  const out = new Float32Array(data.length);
  for (let k = 0, at = 0; k < nz; k++) {
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++, at++) {
        const x = start[0] + i * dx[0] + j * dy[0] + k * dz[0];
        const y = start[1] + i * dx[1] + j * dy[1] + k * dz[1];
        const z = start[2] + i * dx[2] + j * dy[2] + k * dz[2];
        out[at] = sample(data, shape, x, y, z);
      }
    }
  }
  return out;
}

function sample(
  data: Float32Array,
  [nx, ny, nz]: readonly [number, number, number],
  x: number,
  y: number,
  z: number,
): number {
  const i = Math.floor(x), j = Math.floor(y), k = Math.floor(z);
  if (i < 0 || j < 0 || k < 0 || i > nx - 2 || j > ny - 2 || k > nz - 2) return 0;
  const u = x - i, v = y - j, w = z - k;
  const at = (k * ny + j) * nx + i;
  const plane = nx * ny;
  const near = (data[at] * (1 - u) + data[at + 1] * u) * (1 - v) +
    (data[at + nx] * (1 - u) + data[at + nx + 1] * u) * v;
  const far = (data[at + plane] * (1 - u) + data[at + plane + 1] * u) * (1 - v) +
    (data[at + plane + nx] * (1 - u) + data[at + plane + nx + 1] * u) * v;
  return near * (1 - w) + far * w;
}
