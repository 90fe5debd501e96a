/**
 * A T1-weighted head painted from an {@link Anatomy}: scalp, skull, fluid, folded cortex, white
 * matter, deep nuclei, ventricles, hippocampi, cerebellum, brain stem, eyes and neck.
 *
 * Every structure is an implicit surface: its signed distance in mm, negative inside. A voxel
 * takes a structure's brightness by the share of its width that lies inside, which gives partial
 * volumes; structures are painted from the outside to the inside.
 */
import { type Anatomy, sulcalHalfWidthAt } from "./anatomy.ts";
import { blend, ellipsoid, smoothStep, Tube } from "./shapes.ts";

/** Right-hand structures; the left ones are their mirror images. */
const LATERAL_VENTRICLE = new Tube([
  { at: [10, 31, 3], radius: 2.4 },
  { at: [7, 18, 11], radius: 4.6 },
  { at: [7.5, -4, 16], radius: 4.2 },
  { at: [13, -26, 16], radius: 4.6 },
  { at: [22, -40, 8], radius: 5.2 },
  { at: [20, -60, 4], radius: 1.8 },
]);
const TEMPORAL_HORN = new Tube([
  { at: [22, -40, 8], radius: 4 },
  { at: [31, -30, -8], radius: 2 },
  { at: [31, -12, -18], radius: 1.7 },
]);
const HIPPOCAMPUS = new Tube([
  { at: [21, -8, -20], radius: 5.8 },
  { at: [26, -20, -15], radius: 5 },
  { at: [25, -33, -5], radius: 3.4 },
]);
const CAUDATE = new Tube([
  { at: [14, 24, 3], radius: 5.6 },
  { at: [15, 10, 12], radius: 4 },
  { at: [19, -14, 19], radius: 2.4 },
]);
const CALLOSUM = new Tube([
  { at: [0, 30, -2], radius: 3 },
  { at: [0, 35, 8], radius: 4 },
  { at: [0, 20, 20], radius: 3 },
  { at: [0, -8, 25], radius: 3 },
  { at: [0, -34, 19], radius: 3.4 },
  { at: [0, -42, 8], radius: 5 },
]);
const BRAIN_STEM = new Tube([
  { at: [0, -14, -6], radius: 11 },
  { at: [0, -20, -32], radius: 14 },
  { at: [0, -30, -52], radius: 8 },
  { at: [0, -38, -95], radius: 5.5 },
]);
const SPINAL_CANAL = new Tube([
  { at: [0, -30, -56], radius: 12 },
  { at: [0, -38, -95], radius: 10 },
]);
const VERTEBRAE = new Tube([
  { at: [0, -8, -62], radius: 9 },
  { at: [0, -14, -95], radius: 11 },
]);

/**
 * Brightness of a head at points in mm: x right, y anterior, z superior. The methods that paint take
 * `ax`, the distance from the midplane, and the brightness of what lies around; they return it with
 * their structures painted over.
 */
export class HeadPainter {
  readonly #anatomy: Anatomy;
  readonly #voxel: number;

  /** @param voxel edge of a voxel, mm */
  constructor(anatomy: Anatomy, voxel: number) {
    this.#anatomy = anatomy;
    this.#voxel = voxel;
  }

  /** Relative to white matter; 0 in air. */
  brightnessAt(x: number, y: number, z: number): number {
    const { intensity, scalpThickness, skullThickness } = this.#anatomy;
    const voxel = this.#voxel;
    const cranium = ellipsoid(x, y + 5, z - 9, 76, 95, 74);
    let head = cranium;
    if (z < 20) {
      const face = ellipsoid(x, y - 50, z + 62, 52, 44, 60);
      const neck = ellipsoid(x, y + 22, z + 90, 54, 56, 92);
      head = blend(blend(cranium, face, 24), neck, 24);
    }
    if (head > voxel / 2) return 0;

    const ax = Math.abs(x);
    let signal = intensity.scalp * this.#inside(head);
    signal += (intensity.muscle - signal) * this.#inside(head + scalpThickness);
    // The base of the skull rises towards the front: below it are face and neck.
    const base = (-40 + 22 * smoothStep(12, 42, y) + 4 * smoothStep(22, 6, ax) *
        smoothStep(-20, 10, y)) - z;
    const vault = Math.max(cranium + scalpThickness, base * 0.85 - 24 * smoothStep(4, -26, y));
    signal += (intensity.skull - signal) * this.#inside(vault);
    const marrow = Math.abs(vault + skullThickness / 2) - skullThickness / 6;
    signal += (intensity.marrow - signal) * this.#inside(marrow);
    if (z < 0) signal = this.#paintFaceAndNeck(x, ax, y, z, head, signal);
    const cavity = vault + skullThickness;
    if (cavity < voxel) {
      signal += (intensity.fluid - signal) * this.#inside(cavity);
      signal = this.#paintCerebrum(x, ax, y, z, cavity, signal);
    }
    if (z < -8 && y < 5) signal = this.#paintHindbrain(x, ax, y, z, cranium, signal);
    if (ax < 46 && y > -80 && y < 50 && z > -32 && z < 45) {
      signal = this.#paintDeepStructures(x, ax, y, z, signal);
    }
    return signal;
  }

  /** Share of a voxel that lies inside a surface. */
  #inside(distance: number): number {
    const share = 0.5 - distance / this.#voxel;
    return share < 0 ? 0 : share > 1 ? 1 : share;
  }

  #paintFaceAndNeck(
    x: number,
    ax: number,
    y: number,
    z: number,
    head: number,
    under: number,
  ): number {
    const { intensity, scalpThickness } = this.#anatomy;
    let signal = under;
    if (z < -40 && y < 10) {
      const vertebrae = VERTEBRAE.distance(x, y, z);
      signal += (intensity.skull - signal) * this.#inside(vertebrae - 1.5);
      signal += (intensity.marrow * 1.6 - signal) * this.#inside(vertebrae);
    }
    if (y < 0) return signal;
    const fat = Math.max(ellipsoid(ax - 29, y - 58, z + 24, 18, 26, 16), head + scalpThickness / 2);
    signal += (intensity.scalp * 0.9 - signal) * this.#inside(fat);
    const optic = Math.max(ellipsoid(ax - 22, y - 48, z + 24, 3, 20, 3), -60 + y);
    signal += (intensity.muscle - signal) * this.#inside(optic);
    signal += (intensity.fluid - signal) *
      this.#inside(ellipsoid(ax - 31, y - 72, z + 24, 12, 12, 12));
    const air = Math.min(
      ellipsoid(ax - 8, y - 60, z + 40, 5, 26, 18),
      ellipsoid(ax - 30, y - 58, z + 58, 13, 15, 15),
      ellipsoid(x, y - 18, z + 80, 9, 8, 26),
      ellipsoid(x, y - 22, z + 30, 9, 9, 7),
    );
    return signal * (1 - this.#inside(air));
  }

  #paintHindbrain(
    x: number,
    ax: number,
    y: number,
    z: number,
    cranium: number,
    under: number,
  ): number {
    const { intensity, scalpThickness, skullThickness } = this.#anatomy;
    const shell = scalpThickness + skullThickness;
    let signal = under;
    const cerebellum = Math.max(
      blend(
        ellipsoid(ax - 22, y + 50, z + 34, 31, 28, 24),
        ellipsoid(x, y + 50, z + 32, 18, 25, 21),
        6,
      ),
      z + 12 + ax * 0.1,
      cranium + shell + 1,
    );
    const stem = BRAIN_STEM.distance(x, y, z);
    const canal = Math.min(SPINAL_CANAL.distance(x, y, z), cerebellum - 3, stem - 4);
    signal += (intensity.fluid - signal) * this.#inside(canal);
    if (cerebellum < this.#voxel) {
      signal += (intensity.greyMatter - signal) * this.#inside(cerebellum);
      // Folia: thin leaves of white matter that fan out around the medullary core.
      const fan = Math.atan2(z + 36, y + 30) * 26;
      const leaf = Math.abs(fan - 3.4 * Math.round(fan / 3.4)) - 0.7;
      const core = Math.min(
        ellipsoid(ax - 17, y + 46, z + 37, 19, 15, 9),
        Math.max(cerebellum + 3, leaf),
      );
      signal += (intensity.whiteMatter * 0.95 - signal) * this.#inside(core);
    }
    signal += (intensity.whiteMatter * 0.93 - signal) * this.#inside(stem);
    const fourthVentricle = ellipsoid(x, y + 36, z + 34, 6, 4, 9);
    return signal + (intensity.fluid - signal) * this.#inside(fourthVentricle);
  }

  #paintCerebrum(
    x: number,
    ax: number,
    y: number,
    z: number,
    cavity: number,
    under: number,
  ): number {
    const anatomy = this.#anatomy;
    const { intensity, sulcalDepth, corticalThickness } = anatomy;
    const voxel = this.#voxel;
    // Two hemispheres above a floor that rises over the cerebellum, and the temporal lobes.
    const lobe = Math.max(
      ellipsoid(ax - 39, y - 2 + 0.25 * (z + 18), z + 20, 25, 40, 20),
      11 - ax + 0.1 * (y + 10),
    );
    const floor = -10 + 3 * smoothStep(20, 50, y) - 2 * smoothStep(-20, -60, y);
    const upper = Math.max(cavity + anatomy.subarachnoidGap, (floor - z) * 0.9);
    const hull = Math.max(cavity + anatomy.subarachnoidGap, blend(upper, lobe, 10));
    const core = ellipsoid(x, y + 4, z - 4, 30, 42, 24);
    const sulcalHalfWidth = sulcalHalfWidthAt(anatomy, z);
    const fissure = Math.max(ax - 0.8 - sulcalHalfWidth / 2, -core);
    const depth = Math.min(-hull, fissure);
    const gap = anatomy.subarachnoidGap + voxel;
    let signal = under + (intensity.fluid - under) * this.#inside(Math.max(cavity, hull - gap));
    if (depth < -voxel) return signal;

    let pial = depth;
    if (depth < sulcalDepth + corticalThickness + voxel && core > -8) {
      // Sulci run towards the surface: the pattern is stretched along the radius.
      const stretch = (75 / (Math.sqrt(x * x + y * y + z * z) + 1)) ** 0.55;
      const opening = sulcalHalfWidth * smoothStep(sulcalDepth, sulcalDepth * 0.3, depth);
      const wall = sulcalDistance(anatomy.folds, x * stretch, y * stretch, z * stretch) / stretch -
        opening;
      const beyond = Math.max(depth - sulcalDepth, -core - 2);
      pial = Math.min(
        pial,
        beyond > 0 ? Math.sqrt(beyond * beyond + Math.max(wall, 0) ** 2) : wall,
      );
    }
    signal += (intensity.greyMatter - signal) * this.#inside(-pial);
    return signal + (intensity.whiteMatter - signal) * this.#inside(corticalThickness - pial);
  }

  #paintDeepStructures(x: number, ax: number, y: number, z: number, under: number): number {
    const anatomy = this.#anatomy;
    const { intensity } = anatomy;
    const side = x < 0 ? 0 : 1;
    let signal = under;
    const callosum = CALLOSUM.distance(x * 0.3, y, z);
    signal += (intensity.whiteMatter - signal) * this.#inside(callosum);
    const nuclei = Math.min(
      ellipsoid(ax - 10.5, y + 18, z - 6, 8.5, 14, 9),
      ellipsoid(ax - 25 + 0.15 * (y - 2), y - 2, z - 2, 5.5, 17, 9),
    );
    signal += (intensity.deepGrey - signal) * this.#inside(nuclei);
    const scale = anatomy.ventricleScale[side];
    const horn = TEMPORAL_HORN.distance(ax, y, z, scale);
    const body = LATERAL_VENTRICLE.distance(ax, y / anatomy.ventricleLength, z, scale);
    const lateral = Math.max(Math.min(body, horn), 0.7 - ax);
    const third = ellipsoid(x, y + 10, z, 1.7 * scale, 15, 10);
    signal += (intensity.fluid - signal) * this.#inside(Math.min(lateral, third));
    signal += (intensity.deepGrey - signal) * this.#inside(CAUDATE.distance(ax, y, z));
    const hippocampus = HIPPOCAMPUS.distance(ax, y, z, anatomy.hippocampusScale[side]);
    return signal + (intensity.greyMatter - signal) * this.#inside(hippocampus);
  }
}

/** Distance to the nearest sulcal wall: the zeros of a sum of waves, over the sum's slope. */
function sulcalDistance(folds: Float64Array, x: number, y: number, z: number): number {
  let value = 0, gx = 0, gy = 0, gz = 0;
  for (let at = 0; at < folds.length; at += 4) {
    const kx = folds[at], ky = folds[at + 1], kz = folds[at + 2];
    const angle = kx * x + ky * y + kz * z + folds[at + 3];
    const slope = Math.sin(angle);
    value += Math.cos(angle);
    gx += kx * slope;
    gy += ky * slope;
    gz += kz * slope;
  }
  return Math.abs(value) / Math.sqrt(gx * gx + gy * gy + gz * gz + 0.02);
}
