/** An experiment of seconds, for tests of trainings. */
import { generatedFolds, tinyTraining, type Value } from "../recipes.ts";

/** Sixteen tiny heads, two slices each, two folds, one network; everything else as parameters. */
export function experiment(
  params: Record<string, Value> = {},
  { task = "classification", slices = [14, 18], folds = {} }: {
    task?: "classification" | "regression";
    slices?: number[];
    folds?: Record<string, Value>;
  } = {},
): string {
  return `
[params]
n_subjects = 8
n_splits = 2
epochs = 1
learning_rate = 1e-3
architecture = "Conv5_FC3"
[defaults]
with.seed = 3
` + generatedFolds({ slice_direction: 2, slice_mode: "single", slices }, {
    n_subjects: "${params.n_subjects}",
    folds: { n_splits: "${params.n_splits}", ...folds },
  }) + tinyTraining({
    architecture: "${params.architecture}",
    epochs: "${params.epochs}",
    learning_rate: "${params.learning_rate}",
    ...params,
  }, {
    task,
    in: { folds: "folds[${matrix.fold}]" },
    matrix: { fold: { range: "${params.n_splits}" } },
  });
}
