/**
 * Sharpening of a histogram: Sled, Zijdenbos, Evans, "A nonparametric method for automatic correction
 * of intensity nonuniformity in MRI data", IEEE TMI 17(1), 1998.
 *
 * Model: a log intensity v is the sum of the true one, u, and of the field. Over the image, the field's
 * values have a Gaussian distribution F, so that the histogram V of v is that of u blurred: V = F ∗ U.
 * A Wiener filter undoes the blur (Z is its noise term), and the expectation of u where v was measured
 * follows from Bayes' rule:
 *
 *     Û = F̂* V̂ / (|F̂|² + Z),  negative values set to 0;    E(u | v) = (F ∗ uU)(v) / (F ∗ U)(v).
 */
import { Fft } from "./fft.ts";

/** Bins between the lowest and the highest value; the outer bins are centred on them. */
export const BINS = 200;

/** Full width at half maximum of the field's distribution, in units of log intensity. */
const FIELD_WIDTH = 0.15;

/** Z, the noise term of the Wiener filter. */
const WIENER_NOISE = 0.01;

/** The histogram lies in the middle of a period that is more than twice as long. */
const PERIOD = 512;
const START = (PERIOD - BINS) / 2;

/** Part of the counts below which (F ∗ U)(v) is nothing but rounding of the transforms. */
const ROUNDING = 1e-12;

const fft = new Fft(PERIOD);

/**
 * E(u | v) at the centre of each bin, in units of log intensity. It is v itself in bins that have no
 * counts near them.
 *
 * @param histogram counts of v in {@link BINS} bins
 * @param lowest centre of the first bin
 * @param width of a bin
 */
export function expectedIntensities(
  histogram: Float64Array,
  lowest: number,
  width: number,
): Float64Array {
  const blur = gaussianTransform(FIELD_WIDTH / width);
  const sharp = deconvolve(histogram, blur);
  // The kernel is even, so its transform is real: uU and U pass as one complex signal.
  const numerator = sharp.map((count, at) => (lowest + (at - START) * width) * count);
  const denominator = sharp;
  fft.forward(numerator, denominator);
  for (let k = 0; k < PERIOD; k++) {
    numerator[k] *= blur[k];
    denominator[k] *= blur[k];
  }
  fft.inverse(numerator, denominator);
  const smallest = ROUNDING * histogram.reduce((sum, count) => sum + count, 0);
  return histogram.map((_, bin) => {
    const at = START + bin;
    return denominator[at] > smallest ? numerator[at] / denominator[at] : lowest + bin * width;
  });
}

/** Transform of the periodic Gaussian of unit area. @param width at half maximum, in bins */
function gaussianTransform(width: number): Float64Array {
  const height = 2 * Math.sqrt(Math.LN2 / Math.PI) / width;
  const kernel = Float64Array.from({ length: PERIOD }, (_, at) => {
    const distance = Math.min(at, PERIOD - at);
    return height * Math.exp(-4 * Math.LN2 * (distance / width) ** 2);
  });
  fft.forward(kernel, new Float64Array(PERIOD));
  return kernel;
}

/** U, in the middle of a period. @param blur the transform of F, real */
function deconvolve(histogram: Float64Array, blur: Float64Array): Float64Array {
  const real = new Float64Array(PERIOD);
  const imaginary = new Float64Array(PERIOD);
  real.set(histogram, START);
  fft.forward(real, imaginary);
  for (let k = 0; k < PERIOD; k++) {
    const filter = blur[k] / (blur[k] * blur[k] + WIENER_NOISE);
    real[k] *= filter;
    imaginary[k] *= filter;
  }
  fft.inverse(real, imaginary);
  return real.map((count) => Math.max(0, count));
}
