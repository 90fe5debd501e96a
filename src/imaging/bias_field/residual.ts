/** What sharpening the histogram of the log intensities removes from each of them. */
import { BINS, expectedIntensities } from "./sharpening.ts";

/**
 * v - E(u | v) of each sample v: an estimate of the field that v still contains. All are 0 where all
 * samples are equal.
 *
 * @param samples log intensities
 * @param out as many values as there are samples
 */
export function residualField(samples: Float64Array, out: Float64Array): void {
  let lowest = Infinity;
  let highest = -Infinity;
  for (let i = 0; i < samples.length; i++) {
    lowest = Math.min(lowest, samples[i]);
    highest = Math.max(highest, samples[i]);
  }
  if (lowest === highest) return void out.fill(0);
  const width = (highest - lowest) / (BINS - 1);
  const expected = expectedIntensities(countBins(samples, lowest, width), lowest, width);
  for (let i = 0; i < samples.length; i++) {
    const place = (samples[i] - lowest) / width;
    const bin = Math.min(Math.floor(place), BINS - 2);
    const between = expected[bin] + (expected[bin + 1] - expected[bin]) * (place - bin);
    out[i] = samples[i] - between;
  }
}

/** Each sample is shared between the two nearest bins, in proportion to its distance from the other. */
function countBins(samples: Float64Array, lowest: number, width: number): Float64Array {
  const counts = new Float64Array(BINS);
  for (let i = 0; i < samples.length; i++) {
    const place = (samples[i] - lowest) / width;
    const bin = Math.min(Math.floor(place), BINS - 2);
    counts[bin] += 1 - (place - bin);
    counts[bin + 1] += place - bin;
  }
  return counts;
}
