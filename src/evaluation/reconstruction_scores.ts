/** The metrics by which reconstructions are scored, element by element. */

/** As ClinicaDL names them, and in its order. */
export const RECONSTRUCTION_METRICS = ["MAE", "RMSE", "PSNR", "SSIM"] as const;

/**
 * Mean of each metric over rows.
 *
 * @param weights of the rows; 1 each when absent
 */
export function meanScores(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  weights?: ArrayLike<number>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(scores).map(([name, values]) => {
      let [sum, total] = [0, 0];
      for (let row = 0; row < values.length; row++) {
        const weight = weights?.[row] ?? 1;
        // A perfect element has an infinite PSNR, which a resample without it does not see.
        if (weight === 0) continue;
        sum += weight * values[row];
        total += weight;
      }
      return [name, sum / total];
    }),
  );
}
