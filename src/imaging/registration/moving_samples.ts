/**
 * The moving image and its gradient at the transformed samples of the fixed image, by trilinear
 * interpolation, and the weights of the samples.
 *
 * Where samples outside the moving image are excluded, those that enter or leave it would change mutual
 * information by jumps, which no gradient shows. Slices of 6 mm gain or lose a large share of the
 * samples that way. A sample therefore loses its weight over the last voxel before a face of the image:
 *
 *     v = product over the axes a of min(1, x_a, n_a - 1 - x_a)
 *
 * with x its place in voxels and n the image's shape.
 */
import { type Affine, invertAffine, multiplyAffines } from "../nifti/affine.ts";
import type { ScalarImage } from "../scalar_image.ts";
import { BinScale, FIRST_BIN } from "./bins.ts";

/** What a sample outside the moving image counts as: nothing, or the image's lowest intensity. */
export type Outside = "excluded" | "background";

export class MovingSamples {
  /** Fractional intensity bin of each sample; outside the image the bin of its lowest intensity. */
  readonly bins: Float64Array;
  /** Its derivatives along right, anterior and superior, one sample after another: bins per mm. */
  readonly slopes: Float32Array;
  /** Weight of each sample, 0 to 1. */
  readonly weights: Float64Array;
  /** Its derivatives along right, anterior and superior, per mm; filled where it is between 0 and 1. */
  readonly weightSlopes: Float32Array;
  readonly #image: ScalarImage;
  readonly #toVoxel: Affine;
  readonly #scale: BinScale;
  readonly #outside: Outside;

  constructor(image: ScalarImage, count: number, outside: Outside) {
    this.#image = image;
    this.#toVoxel = invertAffine(image.affine);
    this.#scale = new BinScale(image.data);
    this.#outside = outside;
    this.bins = new Float64Array(count);
    this.slopes = new Float32Array(3 * count);
    this.weights = new Float64Array(count).fill(1);
    this.weightSlopes = new Float32Array(3 * count);
  }

  /**
   * Fills `bins`, `slopes`, `weights` and `weightSlopes`.
   *
   * @param positions of the samples, as in `FixedSamples`
   * @param transform positions to the world of the moving image, mm
   * @returns sum of the weights of the samples inside the moving image
   */
  interpolate(positions: Float32Array, transform: Affine): number {
    const { data, shape: [nx, ny, nz] } = this.#image;
    const { bins, slopes, weights } = this;
    const excluded = this.#outside === "excluded";
    const plane = nx * ny;
    const lowest = this.#scale.lowest;
    const perIntensity = 1 / this.#scale.width;
    const m = multiplyAffines(this.#toVoxel, transform);
    // Voxel gradients to world gradients: the transpose of the world-to-voxel matrix.
    const g = this.#toVoxel.map((value) => value * perIntensity);
    let inside = 0;
    for (let sample = 0, p = 0; sample < bins.length; sample++, p += 3) {
      const x = positions[p], y = positions[p + 1], z = positions[p + 2];
      const i = m[0] * x + m[1] * y + m[2] * z + m[3];
      const j = m[4] * x + m[5] * y + m[6] * z + m[7];
      const k = m[8] * x + m[9] * y + m[10] * z + m[11];
      if (!(i >= 0 && j >= 0 && k >= 0 && i < nx - 1 && j < ny - 1 && k < nz - 1)) {
        bins[sample] = FIRST_BIN;
        slopes[p] = slopes[p + 1] = slopes[p + 2] = 0;
        if (excluded) weights[sample] = 0;
        continue;
      }
      if (excluded) {
        const amid = i >= 1 && j >= 1 && k >= 1 && i <= nx - 2 && j <= ny - 2 && k <= nz - 2;
        if (amid) weights[sample] = 1;
        else this.#weigh(sample, i, j, k);
      }
      inside += weights[sample];
      const i0 = i | 0, j0 = j | 0, k0 = k | 0;
      const a = i - i0, b = j - j0, c = k - k0;
      // Corners of the cell: v with the steps along x, y and z taken.
      const at = i0 + nx * j0 + plane * k0;
      const v000 = data[at], v100 = data[at + 1];
      const v010 = data[at + nx], v110 = data[at + nx + 1];
      const v001 = data[at + plane], v101 = data[at + plane + 1];
      const v011 = data[at + plane + nx], v111 = data[at + plane + nx + 1];
      // Interpolated along x, then along y, then along z.
      const v00 = v000 + a * (v100 - v000), v10 = v010 + a * (v110 - v010);
      const v01 = v001 + a * (v101 - v001), v11 = v011 + a * (v111 - v011);
      const v0 = v00 + b * (v10 - v00), v1 = v01 + b * (v11 - v01);
      bins[sample] = (v0 + c * (v1 - v0) - lowest) * perIntensity + FIRST_BIN;

      const alongX = ((v100 - v000) * (1 - b) + (v110 - v010) * b) * (1 - c) +
        ((v101 - v001) * (1 - b) + (v111 - v011) * b) * c;
      const alongY = (v10 - v00) * (1 - c) + (v11 - v01) * c;
      const alongZ = v1 - v0;
      slopes[p] = g[0] * alongX + g[4] * alongY + g[8] * alongZ;
      slopes[p + 1] = g[1] * alongX + g[5] * alongY + g[9] * alongZ;
      slopes[p + 2] = g[2] * alongX + g[6] * alongY + g[10] * alongZ;
    }
    return inside;
  }

  /** Fills the weight and its slopes of a sample in the image's outermost voxel. */
  #weigh(sample: number, i: number, j: number, k: number): void {
    const { shape: [nx, ny, nz] } = this.#image;
    const x = weightAlong(i, nx - 1), y = weightAlong(j, ny - 1), z = weightAlong(k, nz - 1);
    this.weights[sample] = x * y * z;
    const alongX = weightSlopeAlong(i, nx - 1) * y * z;
    const alongY = weightSlopeAlong(j, ny - 1) * x * z;
    const alongZ = weightSlopeAlong(k, nz - 1) * x * y;
    const m = this.#toVoxel;
    const p = 3 * sample;
    this.weightSlopes[p] = m[0] * alongX + m[4] * alongY + m[8] * alongZ;
    this.weightSlopes[p + 1] = m[1] * alongX + m[5] * alongY + m[9] * alongZ;
    this.weightSlopes[p + 2] = m[2] * alongX + m[6] * alongY + m[10] * alongZ;
  }
}

/** The factor of one axis, whose voxels are at 0 to `last`. */
function weightAlong(place: number, last: number): number {
  return Math.min(1, place, last - place);
}

function weightSlopeAlong(place: number, last: number): number {
  if (weightAlong(place, last) === 1) return 0;
  return place < last - place ? 1 : -1;
}
