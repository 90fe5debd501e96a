/** Where black and white lie in an image. */

/** A quantile of an even sample of some thousand values. */
export function quantile(values: Float32Array, share: number): number {
  const step = Math.ceil(values.length / 4096);
  const sample = Float32Array.from(
    { length: Math.ceil(values.length / step) },
    (_, i) => values[i * step],
  ).sort();
  return sample[Math.floor(share * (sample.length - 1))];
}
