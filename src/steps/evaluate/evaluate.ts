import { z } from "zod";
import { type Artifact, defineStep } from "../../workflow/step.ts";

export default defineStep({
  kind: "evaluate",
  version: 4,
  summary: "Scores predictions: per fold, pooled, mean and standard deviation over folds",
  description:
    `Takes one set of predictions or a fan-in (\`in.predictions = "predict[*]"\`). Predictions of
one data group that agree on the matrix axes in \`group_by\` are the folds of one result; every
selection metric and level (slice, image) is scored by itself.

Classification has ClinicaDL's metrics, class 0 being the positive one of two, and the areas under
the ROC and precision-recall curves, the expected calibration error and the confusion matrix.
Intervals come from a bootstrap of participants, so that the slices and sessions of one person, or
the predictions that several folds make of one, do not count as independent. Resamples in which a
metric is undefined are left out, and counted in \`undefined_resamples\`.

Where everybody is right, or everybody wrong, all resamples are equal. A proportion of 0 or 1 (accuracy,
sensitivity, specificity, PPV, NPV) then gets the interval of Clopper and Pearson with the number of
participants that it counts, and a balanced accuracy of 0 or 1 the means of its two parts' bounds: these
intervals cover the true value with at least \`confidence_level\`. Other metrics have no interval there.

A metric is \`n/a\` where it is undefined: where the truth lacks a class that it needs, or where nothing is
predicted to be what it counts. F1 without a true positive and MCC of constant predictions are 0.

Unlike ClinicaDL: intervals at the image level too, a seed for the resampling, and any number of
classes; undefined metrics are \`n/a\`, and LR+ of a specificity of 1 is infinite (\`inf\`), and so is its
mean over folds, where ClinicaDL writes 0.`,
  params: z.object({
    group_by: z.array(z.string().min(1)).default([])
      .describe(
        "Matrix axes that distinguish results; predictions that differ otherwise are folds.",
      ),
    n_resamples: z.int().min(0).max(1_000_000).default(3000)
      .describe("Bootstrap resamples for the confidence intervals; 0 gives none."),
    confidence_level: z.number().gt(0).lt(1).default(0.95)
      .describe("Coverage of the confidence intervals."),
    seed: z.int().min(0).max(0xffffffff).default(0).describe("Seed of the bootstrap."),
  }),
  inputs: {
    predictions: { types: ["predictions"], description: "Predictions to score.", many: true },
  },
  outputs: {
    table: {
      type: "table",
      description: "One row a fold, then `pooled`, `mean` and `sd`; one column a metric.",
    },
    intervals: {
      type: "table",
      description:
        "One row a fold and metric: value, confidence interval, standard error, undefined resamples.",
    },
    evaluation: {
      type: "evaluation",
      description:
        "Everything, with curves, confusion matrices, calibration or pairs of numbers, for the report.",
    },
  },
  metricParameters: () => ["group_by"],
  runs: "worker",
  run: async (context) => {
    const { evaluationOutput } = await import("../../artifacts/evaluation.ts");
    const { tableOutput } = await import("../../artifacts/table.ts");
    const { evaluateGroups } = await import("./evaluate_groups.ts");
    const { writeIntervals, writeMetrics } = await import("./evaluation_tables.ts");
    const { n_resamples, confidence_level, seed, group_by } = context.params;
    const evaluation = await evaluateGroups(
      context.inputs.predictions as readonly Artifact[],
      group_by,
      { seed, resamples: n_resamples, confidence: confidence_level },
      (message) => context.warn(message),
    );
    return {
      table: tableOutput(writeMetrics(evaluation)),
      intervals: tableOutput(writeIntervals(evaluation)),
      evaluation: evaluationOutput(evaluation),
    };
  },
});
