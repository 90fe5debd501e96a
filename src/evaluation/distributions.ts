/**
 * Tails of Student's, the chi-square and the binomial distribution, by the incomplete beta and gamma
 * functions (Abramowitz and Stegun 1964, chapters 6 and 26; continued fractions evaluated as Lentz 1976).
 * Packages for them take a quarter of a second to load.
 */

/** Where series and fractions stop: the last term no longer counts. */
const EPSILON = 2 ** -53;
/** In place of a denominator that is 0. */
const TINY = 1e-300;

/** P(|T| > |t|) for Student's distribution. */
export function studentTails(t: number, degreesOfFreedom: number): number {
  const square = t * t;
  if (square === Infinity) return 0;
  const total = degreesOfFreedom + square;
  return incompleteBeta(degreesOfFreedom / total, square / total, degreesOfFreedom / 2, 0.5);
}

/** P(X > x) for the chi-square distribution. */
export function chiSquareTail(x: number, degreesOfFreedom: number): number {
  const a = degreesOfFreedom / 2;
  const z = x / 2;
  if (z <= 0) return 1;
  const scale = Math.exp(a * Math.log(z) - z - logGamma(a));
  if (z < a + 1) {
    // The lower tail by its series.
    let term = 1 / a;
    let sum = term;
    for (let n = a + 1; term > sum * EPSILON; n++) sum += term *= z / n;
    return 1 - scale * sum;
  }
  return scale / continued(z + 1 - a, (n) => [-n * (n - a), z + 1 - a + 2 * n]);
}

/** P(X <= count) of `trials` tosses of a fair coin. */
export function fairCoinTail(count: number, trials: number): number {
  return count >= trials ? 1 : incompleteBeta(0.5, 0.5, trials - count, count + 1);
}

/** Regularised: I_x(a, b), with y = 1 - x as its own argument since it may be small. */
function incompleteBeta(x: number, y: number, a: number, b: number): number {
  if (x <= 0 || y <= 0) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(y, x, b, a);
  const front = Math.exp(
    a * Math.log(x) + b * Math.log(y) + logGamma(a + b) - logGamma(a) - logGamma(b),
  );
  return front / a / continued(1, (n) => {
    const m = n >> 1;
    const numerator = n % 2 === 0
      ? m * (b - m) / ((a + n - 1) * (a + n))
      : -(a + m) * (a + b + m) / ((a + n - 1) * (a + n));
    return [numerator * x, 1];
  });
}

/** first + p1 / (q1 + p2 / (q2 + ...)), where term(n) is [pn, qn]. */
function continued(first: number, term: (n: number) => readonly [number, number]): number {
  let value = first || TINY;
  let c = value;
  let d = 0;
  for (let n = 1;; n++) {
    const [p, q] = term(n);
    d = 1 / (q + p * d || TINY);
    c = q + p / c || TINY;
    const change = c * d;
    value *= change;
    if (!(Math.abs(change - 1) > EPSILON * 4)) return value;
  }
}

/** ln Γ(x) for x > 0, by Stirling's series from 15 on. */
function logGamma(x: number): number {
  let product = 1;
  while (x < 15) product *= x++;
  const r = 1 / (x * x);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / x;
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series - Math.log(product);
}
