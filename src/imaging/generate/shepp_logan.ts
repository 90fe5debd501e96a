/** Two-dimensional heads of ellipses after Shepp and Logan, in three subtypes. */
import type { Random } from "../../random.ts";
import { blurAxis } from "./blur.ts";
import type { HeadVolume } from "./volume.ts";

/** 0: both regions large; 1: the second region small; 2: the first region small. */
export type Subtype = 0 | 1 | 2;

/** Draws a subtype. @param probabilities of the three subtypes, which sum to 1 */
export function drawSubtype(probabilities: readonly number[], random: Random): Subtype {
  const u = random.uniform();
  return u < probabilities[0] ? 0 : u < probabilities[0] + probabilities[1] ? 1 : 2;
}

interface Ellipse {
  x: number;
  y: number;
  /** Half axes in pixels. */
  a: number;
  b: number;
  angle: number;
  grey: number;
}

/**
 * Renders a slice of `size` by `size` pixels as a volume with one slice.
 *
 * Skull 1, brain 0.2, a central ellipse and two regions at a grey between 0.4 and 0.6, ventricles 0.
 * Regions are scaled by 1 to 1.2 (large) or 0.8 to 0.9 (small); everything inside is displaced by 1
 * to size / 32 pixels and rotated a little.
 *
 * @param smoothing blurs by a Gaussian of up to size / 100 pixels
 */
export function renderSheppLogan(
  size: number,
  subtype: Subtype,
  smoothing: boolean,
  random: Random,
): HeadVolume {
  const c = (size + 1) / 2;
  const a = c - 2, b = 2 * c / 3 - 2;
  const drawLarge = () => random.uniform(1, 1.2);
  const drawSmall = () => random.uniform(0.8, 0.9);
  const drawOffset = () =>
    random.uniform(1, Math.max(2, size / 32)) * (random.integer(2) === 0 ? -1 : 1);
  const drawTilt = () => random.normal(0, 0.08);
  const drawGrey = () => random.uniform(0.4, 0.6);
  const first = subtype === 2 ? drawSmall() : drawLarge();
  const second = subtype === 1 ? drawSmall() : drawLarge();
  const drawInner = (
    x: number,
    y: number,
    ra: number,
    rb: number,
    level: number,
    tilt = 0,
  ): Ellipse => ({
    x: x + drawOffset(),
    y: y + drawOffset(),
    a: ra,
    b: rb,
    angle: tilt + drawTilt(),
    grey: level,
  });
  const ellipses: Ellipse[] = [
    { x: 0, y: 0, a: b, b: a, angle: 0, grey: 1 },
    { x: 0, y: 0, a: b * 0.93, b: a * 0.95, angle: 0, grey: 0.2 },
    drawInner(0, a * 0.38, b * 0.3, a * 0.2, drawGrey()),
    drawInner(-b * 0.22, -a * 0.55, b * 0.18 * first, a * 0.12 * first, drawGrey()),
    drawInner(b * 0.22, -a * 0.55, b * 0.18 * second, a * 0.12 * second, drawGrey()),
    drawInner(-b * 0.3, -a * 0.05, b * 0.13, a * 0.28, 0, 0.3),
    drawInner(b * 0.3, -a * 0.05, b * 0.13, a * 0.28, 0, -0.3),
  ];
  const image = new Float32Array(size * size);
  for (const { x, y, a: ra, b: rb, angle, grey: level } of ellipses) {
    const cos = Math.cos(angle), sin = Math.sin(angle);
    for (let j = 0, at = 0; j < size; j++) {
      for (let i = 0; i < size; i++, at++) {
        const dx = i + 1 - c - x, dy = j + 1 - c - y;
        const u = (cos * dx + sin * dy) / ra, v = (cos * dy - sin * dx) / rb;
        if (u * u + v * v <= 1) image[at] = level;
      }
    }
  }
  const data = smoothing ? blurPlane(image, size, random.uniform() * size / 100) : image;
  // deno-fmt-ignore
  const affine = Float64Array.of(
    1, 0, 0, -(size - 1) / 2,
    0, 1, 0, -(size - 1) / 2,
    0, 0, 1, 0,
    0, 0, 0, 1,
  );
  return { shape: [size, size, 1], data, affine, integer: false };
}

function blurPlane(image: Float32Array, size: number, sigma: number): Float32Array {
  return blurAxis(blurAxis(image, [size, size, 1], 0, sigma), [size, size, 1], 1, sigma);
}
