/** Initial values of a parameter or statistic: constant, or random by the seed and its name. */
import { Random, streamNumber, threefry2x32 } from "../random.ts";

/** How a tensor begins. */
export type Initialisation =
  | { kind: "constant"; value: number }
  /** Uniform in (-bound, bound): PyTorch's default with bound 1 / sqrt(fan in). */
  | { kind: "uniform"; bound: number }
  | { kind: "normal"; deviation: number };

/** Fills `values` as the tensor called `name` begins. */
export function initialise(
  values: Float32Array,
  name: string,
  initialisation: Initialisation,
  seed: number,
): void {
  const stream = streamNumber(`initialise ${name}`);
  switch (initialisation.kind) {
    case "constant":
      values.fill(initialisation.value);
      break;
    case "uniform": {
      const random = new Random(seed, stream);
      const { bound } = initialisation;
      for (let i = 0; i < values.length; i++) values[i] = random.uniform(-bound, bound);
      break;
    }
    case "normal":
      fillNormal(values, seed, stream, initialisation.deviation);
  }
}

/** Blocks of random words made at once; they stay in a processor's first cache. */
const blocksAtOnce = 512;

/** Cosine and sine of 0, 1, 2 and 3 quarter turns. */
const quarterCosine = Float64Array.of(1, 0, -1, 0);
const quarterSine = Float64Array.of(0, 1, 0, -1);

/** Radians of one unit of a random word, so that 2^32 are a turn. */
const radians = 2 * Math.PI * 2 ** -32;

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
 * What `Random.normal(0, deviation)` gives one after another, rounded to float32: the same bits in a
 * third of the time, most of which `Math.sin` and `Math.cos` would take. Angles are taken to the
 * nearest quarter turn as integers, and sine and cosine of what is left come from polynomials, off by
 * less than 2^-49. Where that could change a float32 (once in 50,000 pairs) the pair is made as
 * `Random.normal` makes it.
 */
export function fillNormal(
  values: Float32Array,
  seed: number,
  stream: number,
  deviation: number,
): void {
  const words = new Uint32Array(2 * blocksAtOnce);
  for (let start = 0; start < values.length; start += words.length) {
    threefry2x32(seed, stream, 0, start / 2, words);
    const count = Math.min(words.length, values.length - start);
    for (let i = 0; i < count; i += 2) {
      const radius = Math.sqrt(-2 * Math.log((words[i] + 1) * 2 ** -32));
      const word = words[i + 1];
      const quarter = (word + 2 ** 29) >>> 30;
      const x = ((word << 2) >> 2) * radians;
      const z = x * x;
      const sine = x + x * z * sinePolynomial(z);
      const cosine = 1 + z * cosinePolynomial(z);
      const a = quarterCosine[quarter];
      const b = quarterSine[quarter];
      // 0 + x: of two zeros, the positive one.
      let first = 0 + deviation * (radius * (a * cosine - b * sine));
      let second = 0 + deviation * (radius * (a * sine + b * cosine));
      const error = deviation * radius * 2 ** -46;
      if (
        Math.fround(first - error) !== Math.fround(first + error) ||
        Math.fround(second - error) !== Math.fround(second + error)
      ) {
        const angle = radians * word;
        first = 0 + deviation * (radius * Math.cos(angle));
        second = 0 + deviation * (radius * Math.sin(angle));
      }
      values[start + i] = first;
      // One number too many, where the length is odd, falls off the end.
      values[start + i + 1] = second;
    }
  }
}
