/** Parts what is bright from what is dark: a head from air. */

const HISTOGRAM_BINS = 256;

/**
 * The threshold that best parts a histogram of 256 bins in two (Otsu 1979, "A threshold selection
 * method from gray-level histograms").
 *
 * @returns undefined where all values are equal
 */
export function otsuThreshold(data: Float32Array): number | undefined {
  let low = Infinity, high = -Infinity;
  for (let at = 0; at < data.length; at++) {
    const value = data[at];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(high > low)) return undefined;
  const counts = new Float64Array(HISTOGRAM_BINS);
  const scale = HISTOGRAM_BINS / (high - low);
  for (let at = 0; at < data.length; at++) {
    counts[Math.min(HISTOGRAM_BINS - 1, Math.floor((data[at] - low) * scale))]++;
  }
  const total = counts.reduce((sum, count, bin) => sum + count * bin, 0);
  let below = 0, sumBelow = 0, best = -1, threshold = 0;
  for (let bin = 0; bin < HISTOGRAM_BINS - 1; bin++) {
    below += counts[bin];
    sumBelow += counts[bin] * bin;
    const above = data.length - below;
    if (below === 0 || above === 0) continue;
    const between = below * above * (sumBelow / below - (total - sumBelow) / above) ** 2;
    if (between > best) {
      best = between;
      threshold = bin + 1;
    }
  }
  return low + threshold / scale;
}
