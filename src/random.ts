/**
 * Counter-based random numbers: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 *
 * A number depends only on (seed, stream, step, index): nothing has to be drawn before it, so
 * workers, kernels and resumed runs agree on every bit. Streams keep uses apart: the shuffle of a
 * training set and its dropout share a seed and nothing else. Every folder may import this file.
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

/** @throws {RangeError} unless `value` is an integer from 0 to 2^32 - 1 */
function checkWord(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new RangeError(`${name} must be an integer from 0 to 4294967295, not ${value}`);
  }
  return value;
}

/**
 * Random numbers of one (seed, stream): by index with `wordsAt` and `uniformAt`, or one after
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
   * @throws {RangeError} for a seed, stream or step that is not an integer from 0 to 2^32 - 1
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

  /** Uniform in [0, 1) with 24 bits, exact in float32, as kernels compute it from word 0. */
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

  /** Gaussian by Box and Muller's transform (1958), which makes two numbers of each block. */
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

  /**
   * An integer in [0, bound), every one equally likely.
   *
   * @throws {RangeError} for a bound that is not an integer from 1 to 2^32
   */
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

/** Blocks of random words that {@link fillNormal} draws at once: 4 KiB, within a processor's L1 cache. */
const BLOCKS_AT_ONCE = 512;

/** Cosine and sine of 0, 1, 2 and 3 quarter turns. */
const QUARTER_COSINE = Float64Array.of(1, 0, -1, 0);
const QUARTER_SINE = Float64Array.of(0, 1, 0, -1);

/** Radians of one unit of a random word: 2^32 units are a full turn. */
const RADIANS = 2 * Math.PI * 2 ** -32;

/** (sin(x) / x - 1) / x^2 for x in [-pi/4, pi/4], z = x^2: fdlibm's k_sin.c (Sun Microsystems). */
function sinePolynomial(z: number): number {
  let sum = -2.50507602534068634195e-08 + z * 1.58969099521155010221e-10;
  sum = 2.75573137070700676789e-06 + z * sum;
  sum = -1.98412698298579493134e-04 + z * sum;
  sum = 8.33333333332248946124e-03 + z * sum;
  return -1.66666666666666324348e-01 + z * sum;
}

/** (cos(x) - 1) / x^2 likewise: k_cos.c. */
function cosinePolynomial(z: number): number {
  let sum = 2.08757232129817482790e-09 - z * 1.13596475577881948265e-11;
  sum = -2.75573143513906633035e-07 + z * sum;
  sum = 2.48015872894767294178e-05 + z * sum;
  sum = -1.38888888888741095749e-03 + z * sum;
  sum = 4.16666666666666019037e-02 + z * sum;
  return -0.5 + z * sum;
}

/**
 * Fills `values` with N(0, deviation^2): the successive numbers of `new Random(seed,
 * stream).normal(0, deviation)`, rounded to float32, bit by bit, in a third of the time. `Math.sin`
 * and `Math.cos` would take most of that time. Instead an angle is reduced, as an integer, to its
 * distance from the nearest quarter turn, and polynomials compute the sine and cosine of that with an
 * error below 2^-49. Where the error could change a float32 (in one of 50,000 pairs), `Math.sin` and
 * `Math.cos` compute the pair.
 */
export function fillNormal(
  values: Float32Array,
  seed: number,
  stream: number,
  deviation: number,
): void {
  const words = new Uint32Array(2 * BLOCKS_AT_ONCE);
  for (let start = 0; start < values.length; start += words.length) {
    threefry2x32(seed, stream, 0, start / 2, words);
    const count = Math.min(words.length, values.length - start);
    for (let i = 0; i < count; i += 2) {
      const radius = Math.sqrt(-2 * Math.log((words[i] + 1) * 2 ** -32));
      const word = words[i + 1];
      const quarter = (word + 2 ** 29) >>> 30;
      const x = ((word << 2) >> 2) * RADIANS;
      const z = x * x;
      const sine = x + x * z * sinePolynomial(z);
      const cosine = 1 + z * cosinePolynomial(z);
      const a = QUARTER_COSINE[quarter];
      const b = QUARTER_SINE[quarter];
      // 0 + x: of two zeros, the positive one.
      let first = 0 + deviation * (radius * (a * cosine - b * sine));
      let second = 0 + deviation * (radius * (a * sine + b * cosine));
      const error = deviation * radius * 2 ** -46;
      if (
        Math.fround(first - error) !== Math.fround(first + error) ||
        Math.fround(second - error) !== Math.fround(second + error)
      ) {
        const angle = RADIANS * word;
        first = 0 + deviation * (radius * Math.cos(angle));
        second = 0 + deviation * (radius * Math.sin(angle));
      }
      values[start + i] = first;
      // Ignored behind the end, where the length is odd.
      values[start + i + 1] = second;
    }
  }
}
