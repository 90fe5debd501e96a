/** The scrambled Sobol sequence: points that fill a space more evenly than random ones. */
import { streamNumber, threefry2x32 } from "../../random.ts";
import { assign, valueAt } from "../space.ts";
import type { Sampler } from "./sampler.ts";
import { DIRECTIONS } from "./sobol_directions.ts";

/** Parameters of a space, at most. */
export const MOST_SOBOL_DIMENSIONS = DIRECTIONS.length + 1;

const BITS = 32;

/** Each parameter is a dimension of the sequence, in trials that lack it too. */
export const sampleSobol: Sampler = (parameters, seed, number) => {
  return assign(
    parameters,
    ({ domain }, dimension) =>
      valueAt(domain, scrambled(sobolWord(number, dimension), dimension, seed) * 2 ** -BITS),
  );
};

/** Coordinate of a point of the sequence in Gray code's order, times 2^32. */
export function sobolWord(index: number, dimension: number): number {
  const directions = directionsOf(dimension);
  let gray = index ^ (index >>> 1);
  let word = 0;
  for (let bit = 0; gray !== 0; bit++, gray >>>= 1) {
    if (gray & 1) word ^= directions[bit];
  }
  return word >>> 0;
}

const known = new Map<number, Uint32Array>();

/** v_1, v_2, ... as 32-bit fractions, by Bratley and Fox's recurrence (Algorithm 659). */
function directionsOf(dimension: number): Uint32Array {
  const found = known.get(dimension);
  if (found) return found;
  const directions = new Uint32Array(BITS);
  if (dimension === 0) {
    for (let i = 0; i < BITS; i++) directions[i] = 2 ** (BITS - 1 - i);
  } else {
    const [polynomial, ...initial] = DIRECTIONS[dimension - 1];
    const degree = initial.length;
    for (let i = 0; i < BITS; i++) {
      if (i < degree) {
        directions[i] = initial[i] << (BITS - 1 - i);
        continue;
      }
      let next = directions[i - degree] ^ (directions[i - degree] >>> degree);
      for (let k = 1; k < degree; k++) {
        if (polynomial >>> (degree - k) & 1) next ^= directions[i - k];
      }
      directions[i] = next;
    }
  }
  known.set(dimension, directions);
  return directions;
}

/**
 * Owen's nested scrambling ("Randomly permuted (t,m,s)-nets and (t,s)-sequences", 1995): each bit is
 * flipped or not by all bits before it, so that the points stay as even as they were.
 */
function scrambled(word: number, dimension: number, seed: number): number {
  const stream = (streamNumber("search sobol") + dimension) >>> 0;
  const words = new Uint32Array(2);
  let result = 0;
  for (let bit = BITS - 1; bit >= 0; bit--) {
    // The bits before this one, which no other bit's number repeats: bit 31 has none.
    const before = bit === BITS - 1 ? 0 : word >>> (bit + 1);
    threefry2x32(seed, stream, before, bit, words);
    result |= ((word >>> bit ^ words[0]) & 1) << bit;
  }
  return result >>> 0;
}
