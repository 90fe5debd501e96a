/** Structural similarity of images and volumes (Wang, Bovik, Sheikh and Simoncelli, IEEE TIP 2004). */

/** The Gaussian window: 11 wide, of deviation 1.5. */
const RADIUS = 5;
const WINDOW = gaussian(RADIUS, 1.5);

function gaussian(radius: number, deviation: number): Float64Array {
  const weights = Float64Array.from(
    { length: 2 * radius + 1 },
    (_, i) => Math.exp(-((i - radius) ** 2) / (2 * deviation * deviation)),
  );
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

/**
 * Mean over all pixels and channels of
 * (2 m_x m_y + C1) (2 s_xy + C2) / ((m_x^2 + m_y^2 + C1) (s_x^2 + s_y^2 + C2)) with C1 = (0.01 L)^2 and
 * C2 = (0.03 L)^2: means m, variances and covariance s within a Gaussian window of 11 pixels along each
 * axis and deviation 1.5, beyond the edges of which all is 0. These are the settings of pytorch-ssim, which
 * ClinicaDL uses with L = 1.
 *
 * @param shape [C, H, W] or [C, D, H, W]: the window has as many axes as the image
 * @param range L
 */
export function structuralSimilarity(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  shape: readonly number[],
  range = 1,
): number {
  const [channels, ...sides] = shape;
  const [width, height, depth = 1] = sides.toReversed();
  const volume = { width, height, depth, isVolume: sides.length === 3 };
  const plane = width * height;
  let sum = 0;
  for (let channel = 0; channel < channels; channel++) {
    sum += sumOverChannel(x, y, channel * depth * plane, volume, range);
  }
  return sum / (channels * depth * plane);
}

interface Volume {
  width: number;
  height: number;
  depth: number;
  isVolume: boolean;
}

/** Sum of the map over one channel, which starts at `first`. */
function sumOverChannel(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  first: number,
  volume: Volume,
  range: number,
): number {
  const { width, height, depth, isVolume } = volume;
  const pixels = width * height;
  /** Moments of the planes within the window along the depth, smoothed in their plane. */
  const planes = new Map<number, Float64Array[]>();
  const reach = isVolume ? RADIUS : 0;
  const smoothed = Array.from({ length: 5 }, () => new Float64Array(pixels));
  let sum = 0;
  for (let z = 0, loaded = 0; z < depth; z++) {
    for (; loaded <= Math.min(z + reach, depth - 1); loaded++) {
      planes.set(loaded, planeMoments(x, y, first + loaded * pixels, volume));
    }
    planes.delete(z - reach - 1);
    for (const moment of smoothed) moment.fill(0);
    for (const [at, moments] of planes) {
      const weight = isVolume ? WINDOW[at - z + RADIUS] : 1;
      moments.forEach((values, m) => {
        const into = smoothed[m];
        for (let i = 0; i < pixels; i++) into[i] += weight * values[i];
      });
    }
    sum += sumOfMap(smoothed, range);
  }
  return sum;
}

/** x, y, x^2, y^2 and x y of a plane, smoothed along its two axes. */
function planeMoments(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  first: number,
  { width, height }: Volume,
): Float64Array[] {
  const moments = Array.from({ length: 5 }, () => new Float64Array(width * height));
  for (let i = 0; i < width * height; i++) {
    const [a, b] = [x[first + i], y[first + i]];
    moments[0][i] = a;
    moments[1][i] = b;
    moments[2][i] = a * a;
    moments[3][i] = b * b;
    moments[4][i] = a * b;
  }
  return moments.map((moment) =>
    smooth(smooth(moment, width, height, 1, width), height, width, width, 1)
  );
}

/** Smooths along an axis of `size` values `step` apart, at each of `count` places `stride` apart. */
function smooth(
  values: Float64Array,
  size: number,
  count: number,
  step: number,
  stride: number,
): Float64Array {
  const result = new Float64Array(values.length);
  for (let place = 0; place < count; place++) {
    const base = place * stride;
    for (let i = 0; i < size; i++) {
      let sum = 0;
      const end = Math.min(size - 1, i + RADIUS);
      for (let j = Math.max(0, i - RADIUS); j <= end; j++) {
        sum += WINDOW[j - i + RADIUS] * values[base + j * step];
      }
      result[base + i * step] = sum;
    }
  }
  return result;
}

function sumOfMap([mx, my, mxx, myy, mxy]: Float64Array[], range: number): number {
  const [c1, c2] = [(0.01 * range) ** 2, (0.03 * range) ** 2];
  let sum = 0;
  for (let i = 0; i < mx.length; i++) {
    const [a, b] = [mx[i], my[i]];
    const luminance = (2 * a * b + c1) / (a * a + b * b + c1);
    const variances = mxx[i] - a * a + (myy[i] - b * b);
    sum += luminance * (2 * (mxy[i] - a * b) + c2) / (variances + c2);
  }
  return sum;
}
