/** ROC and precision-recall curves of one class against the rest, and the areas under them. */

/** Rows by decreasing score, grouped where scores are equal; computed once, used for any weights. */
interface Ranking {
  /** Row indices, best score first. */
  order: Uint32Array;
  /** For each row in `order`, 1 where the next row has another score or there is none. */
  lastOfTie: Uint8Array;
  /** 1 where the row is of the positive class. */
  positive: Uint8Array;
  scores: Float64Array;
}

/** Ranks rows by their score for one class. */
export function rankRows(
  trueLabels: ArrayLike<number>,
  scores: Float64Array,
  positiveClass: number,
): Ranking {
  const order = Uint32Array.from(scores, (_, row) => row)
    .sort((a, b) => scores[b] - scores[a] || a - b);
  return {
    order,
    lastOfTie: Uint8Array.from(order, (row, i) => Number(scores[row] !== scores[order[i + 1]])),
    positive: Uint8Array.from(trueLabels, (label) => Number(label === positiveClass)),
    scores,
  };
}

interface RankingAreas {
  /** Area under the ROC curve by trapezoids; NaN unless both classes occur. */
  ROC_AUC: number;
  /** Average precision Σ (Rₙ − Rₙ₋₁) Pₙ; NaN without positives. */
  PR_AUC: number;
}

/**
 * Areas under the ROC and the precision-recall curve.
 *
 * @param weights of the rows; 1 each when absent
 */
export function rankingAreas(ranking: Ranking, weights?: ArrayLike<number>): RankingAreas {
  const [positives, negatives] = countClasses(ranking, weights);
  let rocArea = 0;
  let precisionSum = 0;
  visitThresholds(ranking, weights, (tp, fp, addedTp, addedFp) => {
    rocArea += addedFp * (tp - addedTp / 2);
    if (tp + fp > 0) precisionSum += addedTp * tp / (tp + fp);
  });
  return {
    ROC_AUC: positives > 0 && negatives > 0 ? rocArea / (positives * negatives) : NaN,
    PR_AUC: positives > 0 ? precisionSum / positives : NaN,
  };
}

/** Points from the strictest threshold to the loosest; the first classifies nothing as positive. */
export interface RankingCurves {
  /** Lowest score that counts as positive; null for the first point. */
  thresholds: (number | null)[];
  /** 1 − specificity; with `sensitivity` the ROC curve. */
  false_positive_rate: number[];
  /** Also called recall. */
  sensitivity: number[];
  /** 1 at the first point, by convention. */
  precision: number[];
}

/**
 * Curves with one point a distinct score, thinned evenly to at most `maxPoints` for drawing;
 * {@link rankingAreas} uses all points.
 */
export function rankingCurves(ranking: Ranking, maxPoints = 512): RankingCurves {
  const [positives, negatives] = countClasses(ranking);
  const curves: RankingCurves = {
    thresholds: [null],
    false_positive_rate: [0],
    sensitivity: [0],
    precision: [1],
  };
  const points = ranking.lastOfTie.reduce((sum, last) => sum + last, 0);
  const stride = Math.ceil(points / (maxPoints - 2));
  let point = 0;
  visitThresholds(ranking, undefined, (tp, fp, _addedTp, _addedFp, score) => {
    point++;
    if (point % stride !== 0 && point !== points) return;
    curves.thresholds.push(score);
    curves.false_positive_rate.push(negatives === 0 ? 0 : fp / negatives);
    curves.sensitivity.push(positives === 0 ? 0 : tp / positives);
    curves.precision.push(tp / (tp + fp));
  });
  return curves;
}

/** Weights of the positive and of the negative rows. */
function countClasses(ranking: Ranking, weights?: ArrayLike<number>): [number, number] {
  let positives = 0;
  let negatives = 0;
  for (let row = 0; row < ranking.positive.length; row++) {
    const weight = weights?.[row] ?? 1;
    if (ranking.positive[row]) positives += weight;
    else negatives += weight;
  }
  return [positives, negatives];
}

/** Visits each distinct score, best first, with cumulated and added true and false positives. */
function visitThresholds(
  { order, lastOfTie, positive, scores }: Ranking,
  weights: ArrayLike<number> | undefined,
  visit: (tp: number, fp: number, addedTp: number, addedFp: number, score: number) => void,
): void {
  let tp = 0, fp = 0, addedTp = 0, addedFp = 0;
  for (let i = 0; i < order.length; i++) {
    const row = order[i];
    const weight = weights?.[row] ?? 1;
    if (positive[row]) addedTp += weight;
    else addedFp += weight;
    if (!lastOfTie[i]) continue;
    tp += addedTp;
    fp += addedFp;
    visit(tp, fp, addedTp, addedFp, scores[row]);
    addedTp = addedFp = 0;
  }
}
