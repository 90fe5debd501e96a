/** Joins the curves of several folds: their mean and the standard deviation around it. */
import type { Band } from "./data.ts";

const STEPS = 100;

/**
 * Averages curves at 101 equal steps of x in [0, 1] (vertical averaging, Fawcett 2006).
 *
 * @param curves points in rising order of x; where x does not change the curve is a vertical line
 * @param between `line` joins points, as of an ROC curve; `step` holds the value of the point that
 *   is reached next, as of a precision-recall curve, between whose points no line may be drawn
 */
export function meanBand(
  curves: readonly (readonly [number, number][])[],
  between: "line" | "step",
): Band {
  const x = Array.from({ length: STEPS + 1 }, (_, step) => step / STEPS);
  const valuesAt = between === "line" ? lineValues : stepValues;
  const sampled = curves.map((curve) => valuesAt(curve, x));
  const mean = x.map((_, step) =>
    sampled.reduce((sum, values) => sum + values[step], 0) / sampled.length
  );
  const sd = x.map((_, step) => {
    if (sampled.length < 2) return 0;
    const squares = sampled.reduce((sum, values) => sum + (values[step] - mean[step]) ** 2, 0);
    return Math.sqrt(squares / (sampled.length - 1));
  });
  return { x, mean, sd };
}

/** On a vertical line the upper end counts; the mean curve starts at the first point. */
function lineValues(curve: readonly [number, number][], xs: readonly number[]): number[] {
  let at = 0;
  return xs.map((x, step) => {
    if (step === 0) return curve[0][1];
    while (at + 1 < curve.length && curve[at + 1][0] <= x) at++;
    const [x0, y0] = curve[at];
    const next = curve[at + 1];
    return next === undefined ? y0 : y0 + (next[1] - y0) * (x - x0) / (next[0] - x0);
  });
}

function stepValues(curve: readonly [number, number][], xs: readonly number[]): number[] {
  let at = 0;
  return xs.map((x) => {
    while (at + 1 < curve.length && curve[at][0] < x) at++;
    return curve[at][1];
  });
}
