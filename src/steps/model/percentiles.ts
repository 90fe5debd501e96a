/** Percentiles of many values, without sorting them. */

/** Bits of each half of a float32. */
const HALF = 16;
const COUNTS = 1 << HALF;

/**
 * NumPy's percentiles: linear between the nearest of the sorted values.
 *
 * @param values finite, at least one
 * @param shares from 0 to 100
 */
export function percentilesOf(values: Float32Array, shares: readonly number[]): number[] {
  const places = shares.map((share) => share / 100 * (values.length - 1));
  const ranks = places.flatMap((place) => {
    const low = Math.floor(place);
    return [low, Math.min(low + 1, values.length - 1)];
  });
  const sorted = orderStatistics(values, ranks);
  return places.map((place, i) => {
    const [low, high] = sorted.slice(2 * i);
    return low + (place - Math.floor(place)) * (high - low);
  });
}

/**
 * The values that sorting would put at these ranks: counted by the upper halves of their bits, then those
 * of one upper half by the lower halves.
 */
function orderStatistics(values: Float32Array, ranks: readonly number[]): number[] {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  const counts = new Uint32Array(COUNTS);
  for (let i = 0; i < bits.length; i++) counts[orderOf(bits[i]) >>> HALF]++;
  const ofUpper = new Map<number, Uint32Array>();
  const float = new Float32Array(1);
  return ranks.map((rank) => {
    const [upper, within] = find(counts, rank);
    let lower = ofUpper.get(upper);
    if (!lower) ofUpper.set(upper, lower = countLower(bits, upper));
    const order = (upper << HALF | find(lower, within)[0]) >>> 0;
    new Int32Array(float.buffer)[0] = order >>> 31 ? order ^ 0x80000000 : ~order;
    return float[0];
  });
}

/** A number that orders float32 values as they are ordered, by their bits. */
function orderOf(bits: number): number {
  return bits < 0 ? ~bits : bits ^ 0x80000000;
}

/** Counts of the lower halves among values of one upper half. */
function countLower(bits: Int32Array, upper: number): Uint32Array {
  const counts = new Uint32Array(COUNTS);
  for (let i = 0; i < bits.length; i++) {
    const order = orderOf(bits[i]);
    if (order >>> HALF === upper) counts[order & COUNTS - 1]++;
  }
  return counts;
}

/** The class of a rank, and its rank within it. */
function find(counts: Uint32Array, rank: number): [index: number, within: number] {
  let index = 0;
  let left = rank;
  while (left >= counts[index]) left -= counts[index++];
  return [index, left];
}
