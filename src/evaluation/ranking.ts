/** ROC and precision-recall curves of one class against the rest, and the areas under them. */

/** Rows in falling order of score, grouped where scores are equal; made once, used for any weights. */
export interface Ranking {
  /** Row indices, best score first. */
  order: Uint32Array;
  /** Of each row in `order`: whether the next row has another score (or there is none). */
  lastOfTie: Uint8Array;
  /** 1 where the row is of the positive class. */
  positive: Uint8Array;
  scores: Float64Array;
}

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

export interface RankingAreas {
  /** Area under the ROC curve by trapezoids; NaN unless both classes occur. */
  ROC_AUC: number;
  /** Average precision Σ (Rₙ − Rₙ₋₁) Pₙ; NaN without positives. */
  PR_AUC: number;
}

/** @param weights of the rows; 1 each when absent */
export function rankingAreas(ranking: Ranking, weights?: ArrayLike<number>): RankingAreas {
  const [positives, negatives] = totals(ranking, weights);
  let rocArea = 0;
  let precisionSum = 0;
  walk(ranking, weights, (tp, fp, addedTp, addedFp) => {
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
  /** Scores from which on a row counts as positive; null for the first point. */
  thresholds: (number | null)[];
  /** 1 − specificity; with `sensitivity` the ROC curve. */
  false_positive_rate: number[];
  /** Also called recall. */
  sensitivity: number[];
  /** Of the first point 1, as is usual. */
  precision: number[];
}

/**
 * Curves with one point a distinct score, thinned evenly to at most `maxPoints` for drawing (areas
 * come from {@link rankingAreas}, which uses all).
 */
export function rankingCurves(ranking: Ranking, maxPoints = 512): RankingCurves {
  const [positives, negatives] = totals(ranking);
  const curves: RankingCurves = {
    thresholds: [null],
    false_positive_rate: [0],
    sensitivity: [0],
    precision: [1],
  };
  const points = ranking.lastOfTie.reduce((sum, last) => sum + last, 0);
  const stride = Math.ceil(points / (maxPoints - 2));
  let point = 0;
  walk(ranking, undefined, (tp, fp, _addedTp, _addedFp, score) => {
    point++;
    if (point % stride !== 0 && point !== points) return;
    curves.thresholds.push(score);
    curves.false_positive_rate.push(negatives === 0 ? 0 : fp / negatives);
    curves.sensitivity.push(positives === 0 ? 0 : tp / positives);
    curves.precision.push(tp / (tp + fp));
  });
  return curves;
}

function totals(ranking: Ranking, weights?: ArrayLike<number>): [number, number] {
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
function walk(
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
