/**
 * Counter-based random numbers: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 *
 * A number depends only on (seed, stream, step, index): nothing has to be drawn before it, so
 * workers, kernels and resumed runs agree on every bit. Streams keep uses apart: the shuffle of a
 * training set and its dropout share a seed and nothing else. Every room may import this file.
 */

const KEY_SCHEDULE_PARITY = 0x1bd11bda;

/**
 * Encrypts the counters (counter0, counter1), (counter0, counter1 + 1), ... under the key (key0, key1),
 * all unsigned 32-bit integers, and leaves two of them a block in `out`, as many blocks as it holds.
 */
export function threefry2x32(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  out: Uint32Array,
): void {
  const key2 = KEY_SCHEDULE_PARITY ^ key0 ^ key1;
  for (let block = 0; block < out.length; block += 2) {
    let x0 = (counter0 + key0) | 0;
    let x1 = (counter1 + block / 2 + key1) | 0;
    let a = key1, b = key2, c = key0;
    // Keys are added after every fourth round, by turns; the rotations repeat after eight.
    for (let group = 1;; group += 2) {
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
      x0 = (x0 + a) | 0;
      x1 = (x1 + b + group) | 0;
      if (group === 5) break;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
      x0 = (x0 + b) | 0;
      x1 = (x1 + c + group + 1) | 0;
      const key = a;
      a = c;
      c = b;
      b = key;
    }
    out[block] = x0;
    out[block + 1] = x1;
  }
}

/** The number of a named stream: FNV-1a over its UTF-8 bytes, 32 bits. */
export function streamNumber(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}

/** A seed as a workflow may give it: an integer from 0 to 2^32 - 1. */
function checkWord(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new RangeError(`${name} must be an integer from 0 to 4294967295, not ${value}`);
  }
  return value;
}

/**
 * Random numbers of one (seed, stream): by place with `wordsAt` and `uniformAt`, or one after
 * another with `uniform`, `normal`, `integer` and `shuffle`, which count through the indices of
 * one step.
 */
export class Random {
  readonly #seed: number;
  readonly #stream: number;
  readonly #step: number;
  readonly #words = new Uint32Array(2);
  #index = 0;
  /** The second number of the last block; NaN when it is used up. */
  #spareNormal = NaN;

  /**
   * @param seed key word 0
   * @param stream key word 1, or a name for it ({@link streamNumber})
   * @param step counter word 0 of the numbers drawn one after another, such as the epoch
   */
  constructor(seed: number, stream: number | string, step = 0) {
    this.#seed = checkWord("seed", seed);
    this.#stream = typeof stream === "string" ? streamNumber(stream) : checkWord("stream", stream);
    this.#step = checkWord("step", step);
  }

  /** Two 32-bit words at (step, index); the array is overwritten by the next call. */
  wordsAt(step: number, index: number): Uint32Array {
    threefry2x32(this.#seed, this.#stream, step, index, this.#words);
    return this.#words;
  }

  /** Uniform in [0, 1) with 24 bits, exact in float32, as kernels make it from word 0. */
  uniformAt(step: number, index: number): number {
    return (this.wordsAt(step, index)[0] >>> 8) * 2 ** -24;
  }

  #next(): Uint32Array {
    if (this.#index > 0xffffffff) throw new RangeError("a random stream ended after 2^32 draws");
    return this.wordsAt(this.#step, this.#index++);
  }

  /** Uniform in [low, high) with 53 bits. */
  uniform(low = 0, high = 1): number {
    const words = this.#next();
    const unit = ((words[0] >>> 5) * 2 ** 26 + (words[1] >>> 6)) * 2 ** -53;
    return low + (high - low) * unit;
  }

  /** Gaussian by Box and Muller's transform; two numbers come from each block. */
  normal(mean = 0, standardDeviation = 1): number {
    let unit = this.#spareNormal;
    if (Number.isNaN(unit)) {
      const words = this.#next();
      // (word + 1) / 2^32 is in (0, 1], so that the logarithm is finite.
      const radius = Math.sqrt(-2 * Math.log((words[0] + 1) * 2 ** -32));
      const angle = 2 * Math.PI * 2 ** -32 * words[1];
      unit = radius * Math.cos(angle);
      this.#spareNormal = radius * Math.sin(angle);
    } else {
      this.#spareNormal = NaN;
    }
    return mean + standardDeviation * unit;
  }

  /** An integer in [0, bound), every one equally likely. */
  integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      throw new RangeError(`bound must be an integer from 1 to 2^32, not ${bound}`);
    }
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const word = this.#next()[0];
      if (word < limit) return word % bound;
    }
  }

  /** Fisher and Yates' shuffle, in place; returns its argument. */
  shuffle<T extends unknown[] | Uint32Array>(items: T): T {
    for (let last = items.length - 1; last > 0; last--) {
      const chosen = this.integer(last + 1);
      const item = items[last];
      items[last] = items[chosen];
      items[chosen] = item;
    }
    return items;
  }
}
