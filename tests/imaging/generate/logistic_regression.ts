/**
 * L2-penalised logistic regression on standardised features, by gradient descent.
 *
 * @returns log-odds of class 1
 */
export function fitLogisticRegression(
  features: readonly (readonly number[])[],
  truth: readonly number[],
): (row: readonly number[]) => number {
  const width = features[0].length;
  const means = Array.from(
    { length: width },
    (_, j) => features.reduce((sum, row) => sum + row[j], 0) / features.length,
  );
  const scales = means.map((mean, j) =>
    Math.sqrt(features.reduce((sum, row) => sum + (row[j] - mean) ** 2, 0) / features.length) || 1
  );
  const standardise = (row: readonly number[]) => row.map((x, j) => (x - means[j]) / scales[j]);
  const rows = features.map(standardise);
  const weights = new Array<number>(width).fill(0);
  let bias = 0;
  const score = (row: readonly number[]) => row.reduce((sum, x, j) => sum + x * weights[j], bias);
  for (let step = 0; step < 500; step++) {
    const gradient = weights.map((weight) => weight / rows.length);
    let biasGradient = 0;
    rows.forEach((row, i) => {
      const error = (1 / (1 + Math.exp(-score(row))) - truth[i]) / rows.length;
      row.forEach((x, j) => gradient[j] += error * x);
      biasGradient += error;
    });
    gradient.forEach((slope, j) => weights[j] -= 0.3 * slope);
    bias -= 0.3 * biasGradient;
  }
  return (row) => score(standardise(row));
}

export function balancedAccuracy(predicted: readonly number[], truth: readonly number[]): number {
  const recall = [0, 1].map((label) => {
    const members = predicted.filter((_, i) => truth[i] === label);
    return members.filter((prediction) => prediction === label).length / members.length;
  });
  return (recall[0] + recall[1]) / 2;
}
