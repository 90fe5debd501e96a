/**
 * The moving image and its gradient at the transformed samples of the fixed image, by trilinear
 * interpolation.
 */
import { type Affine, invertAffine, multiplyAffines } from "../nifti/affine.ts";
import type { ScalarImage } from "../scalar_image.ts";
import { BinScale, FIRST_BIN } from "./bins.ts";

/** What a sample outside the moving image counts as: nothing, or the image's lowest intensity. */
export type Outside = "excluded" | "background";

export class MovingSamples {
  /** Fractional intensity bin of each sample; NaN where it is excluded. */
  readonly bins: Float64Array;
  /** Its derivatives along right, anterior and superior, one sample after another: bins per mm. */
  readonly slopes: Float32Array;
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
  }

  /**
   * Fills `bins` and `slopes`.
   *
   * @param positions of the samples, as in `FixedSamples`
   * @param transform positions to the world of the moving image, mm
   * @returns how many samples lie inside the moving image
   */
  interpolate(positions: Float32Array, transform: Affine): number {
    const { data, shape: [nx, ny, nz] } = this.#image;
    const { bins, slopes } = this;
    const plane = nx * ny;
    const lowest = this.#scale.lowest;
    const perIntensity = 1 / this.#scale.width;
    const toBackground = this.#outside === "background" ? FIRST_BIN : NaN;
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
        bins[sample] = toBackground;
        slopes[p] = slopes[p + 1] = slopes[p + 2] = 0;
        continue;
      }
      inside++;
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
}
