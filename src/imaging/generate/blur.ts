/** Gaussian blur along one axis, edges repeated, cut at four sigma; sigma in voxels. */
export function blurAxis(
  data: Float32Array,
  shape: readonly [number, number, number],
  axis: number,
  sigma: number,
): Float32Array {
  const reach = Math.ceil(4 * sigma);
  if (reach === 0) return data;
  const weights = Array.from({ length: reach + 1 }, (_, d) => Math.exp(-d * d / (2 * sigma ** 2)));
  const total = weights.reduce((sum, w, d) => sum + (d === 0 ? w : 2 * w), 0);
  const length = shape[axis];
  const stride = shape.slice(0, axis).reduce((product, extent) => product * extent, 1);
  const out = new Float32Array(data.length);
  for (let at = 0; at < data.length; at++) {
    const position = Math.floor(at / stride) % length;
    let sum = weights[0] * data[at];
    for (let d = 1; d <= reach; d++) {
      sum += weights[d] *
        (data[at - Math.min(d, position) * stride] +
          data[at + Math.min(d, length - 1 - position) * stride]);
    }
    out[at] = sum / total;
  }
  return out;
}
