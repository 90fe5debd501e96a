/** The normal distribution: its integral, and draws from a part of it. */

/**
 * The share of a standard normal distribution below `x`, with a relative error below 1e-14 in the lower
 * tail too: W. J. Cody's rational approximations of erf and erfc (Math. Comp. 23, 1969).
 */
export function normalShare(x: number): number {
  const y = -x * Math.SQRT1_2;
  const distance = Math.abs(y);
  if (distance <= 0.46875) return 0.5 * (1 - y * erfRatio(y * y));
  const tail = distance <= 4 ? erfcMiddle(distance) : erfcFar(distance);
  return y > 0 ? 0.5 * tail : 1 - 0.5 * tail;
}

const NEAR_TOP = [
  3.16112374387056560e0,
  1.13864154151050156e2,
  3.77485237685302021e2,
  3.20937758913846947e3,
  1.85777706184603153e-1,
];
const NEAR_BOTTOM = [
  2.36012909523441209e1,
  2.44024637934444173e2,
  1.28261652607737228e3,
  2.84423683343917062e3,
];

function erfRatio(z: number): number {
  let top = NEAR_TOP[4] * z;
  let bottom = z;
  for (let i = 0; i < 3; i++) {
    top = (top + NEAR_TOP[i]) * z;
    bottom = (bottom + NEAR_BOTTOM[i]) * z;
  }
  return (top + NEAR_TOP[3]) / (bottom + NEAR_BOTTOM[3]);
}

const HALFWAY_TOP = [
  5.64188496988670089e-1,
  8.88314979438837594e0,
  6.61191906371416295e1,
  2.98635138197400131e2,
  8.81952221241769090e2,
  1.71204761263407058e3,
  2.05107837782607147e3,
  1.23033935479799725e3,
  2.15311535474403846e-8,
];
const HALFWAY_BOTTOM = [
  1.57449261107098347e1,
  1.17693950891312499e2,
  5.37181101862009858e2,
  1.62138957456669019e3,
  3.29079923573345963e3,
  4.36261909014324716e3,
  3.43936767414372164e3,
  1.23033935480374942e3,
];

function erfcMiddle(y: number): number {
  let top = HALFWAY_TOP[8] * y;
  let bottom = y;
  for (let i = 0; i < 7; i++) {
    top = (top + HALFWAY_TOP[i]) * y;
    bottom = (bottom + HALFWAY_BOTTOM[i]) * y;
  }
  return Math.exp(-y * y) * (top + HALFWAY_TOP[7]) / (bottom + HALFWAY_BOTTOM[7]);
}

const TAIL_TOP = [
  3.05326634961232344e-1,
  3.60344899949804439e-1,
  1.25781726111229246e-1,
  1.60837851487422766e-2,
  6.58749161529837803e-4,
  1.63153871373020978e-2,
];
const TAIL_BOTTOM = [
  2.56852019228982242e0,
  1.87295284992346725e0,
  5.27905102951428412e-1,
  6.05183413124413191e-2,
  2.33520497626869185e-3,
];

function erfcFar(y: number): number {
  const z = 1 / (y * y);
  let top = TAIL_TOP[5] * z;
  let bottom = z;
  for (let i = 0; i < 4; i++) {
    top = (top + TAIL_TOP[i]) * z;
    bottom = (bottom + TAIL_BOTTOM[i]) * z;
  }
  const ratio = z * (top + TAIL_TOP[4]) / (bottom + TAIL_BOTTOM[4]);
  return Math.exp(-y * y) * (1 / Math.sqrt(Math.PI) - ratio) / y;
}

/** The share of a standard normal distribution between `low` and `high`, without cancellation in its tails. */
export function shareBetween(low: number, high: number): number {
  return low > 0 ? normalShare(-low) - normalShare(-high) : normalShare(high) - normalShare(low);
}

/**
 * The number below which the share `p` of a standard normal distribution lies, with a relative error
 * below 1e-15: M. J. Wichura's PPND16 (Algorithm AS 241, 1988).
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * ratio(CENTRE, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const x = r <= 5 ? ratio(MIDDLE, r - 1.6) : ratio(FAR, r - 5);
  return q < 0 ? -x : x;
}

type Rational = readonly [top: readonly number[], bottom: readonly number[]];

/** Polynomials by their coefficients, the highest first. */
function ratio([top, bottom]: Rational, x: number): number {
  let numerator = 0;
  let denominator = 0;
  for (let i = 0; i < top.length; i++) {
    numerator = numerator * x + top[i];
    denominator = denominator * x + bottom[i];
  }
  return numerator / denominator;
}

const CENTRE: Rational = [
  [
    2.5090809287301226727e3,
    3.3430575583588128105e4,
    6.7265770927008700853e4,
    4.5921953931549871457e4,
    1.3731693765509461125e4,
    1.9715909503065514427e3,
    1.3314166789178437745e2,
    3.3871328727963666080e0,
  ],
  [
    5.2264952788528545610e3,
    2.8729085735721942674e4,
    3.9307895800092710610e4,
    2.1213794301586595867e4,
    5.3941960214247511077e3,
    6.8718700749205790830e2,
    4.2313330701600911252e1,
    1,
  ],
];

const MIDDLE: Rational = [
  [
    7.74545014278341407640e-4,
    2.27238449892691845833e-2,
    2.41780725177450611770e-1,
    1.27045825245236838258e0,
    3.64784832476320460504e0,
    5.76949722146069140550e0,
    4.63033784615654529590e0,
    1.42343711074968357734e0,
  ],
  [
    1.05075007164441684324e-9,
    5.47593808499534494600e-4,
    1.51986665636164571966e-2,
    1.48103976427480074590e-1,
    6.89767334985100004550e-1,
    1.67638483018380384940e0,
    2.05319162663775882187e0,
    1,
  ],
];

const FAR: Rational = [
  [
    2.01033439929228813265e-7,
    2.71155556874348757815e-5,
    1.24266094738807843860e-3,
    2.65321895265761230930e-2,
    2.96560571828504891230e-1,
    1.78482653991729133580e0,
    5.46378491116411436990e0,
    6.65790464350110377720e0,
  ],
  [
    2.04426310338993978564e-15,
    1.42151175831644588870e-7,
    1.84631831751005468180e-5,
    7.86869131145613259100e-4,
    1.48753612908506148525e-2,
    1.36929880922735805310e-1,
    5.99832206555887937690e-1,
    1,
  ],
];

/**
 * The number in [low, high] below which the share `unit` of a normal distribution, cut to that range,
 * lies. The mean is in the range, so that no tail is cut to nothing.
 */
export function truncatedNormalAt(
  unit: number,
  mean: number,
  deviation: number,
  low: number,
  high: number,
): number {
  const start = (low - mean) / deviation;
  const share = normalShare(start) + unit * shareBetween(start, (high - mean) / deviation);
  return Math.min(high, Math.max(low, mean + deviation * normalQuantile(share)));
}
