import { z } from "zod";
import { type Artifact, defineStep } from "../../workflow/step.ts";
import { foldsOutput } from "../tables/outputs.ts";

export default defineStep({
  kind: "split.kfold",
  version: 1,
  summary: "Divides participants into folds for cross-validation",
  description:
    `Every participant is validated on in exactly one fold, with all sessions; folds are equal
in size, and in the count of every class of \`stratification\`, to within one. Published, \`folds\` is
ClinicaDL's folder \`<k>_fold/\`: \`kfold.json\` and \`split-<i>/\` with train and validation tables, all
sessions and baselines.

Unlike ClinicaDL: the seed is yours; a class with fewer participants than folds is an error; the
subset is always called \`validation\`, the only name that training accepts, and always holds all
sessions beside its baseline (\`valid_longitudinal\` of training chooses).`,
  params: z.object({
    n_splits: z.int().min(2).default(5).describe("Number of folds."),
    stratification: z.union([z.string().min(1), z.literal(false)]).default("diagnosis")
      .describe("Column whose classes every fold gets an equal share of; false: none."),
    seed: z.int().min(0).max(0xffffffff).default(0).describe("Seed of the draw."),
  }),
  inputs: {
    labels: { types: ["labels", "participants"], description: "Sessions to divide." },
  },
  outputs: ({ n_splits }) => ({ folds: { ...foldsOutput, length: n_splits } }),
  runs: "inline",
  run: async (context) => {
    const { drawFolds } = await import("../../tables/kfold.ts");
    const { foldOutput, readTable } = await import("../../artifacts/tables.ts");
    const { n_splits, stratification, seed } = context.params;
    const labels = await readTable(context.inputs.labels as Artifact, "labels");
    const folds = drawFolds(labels, {
      nSplits: n_splits,
      seed,
      stratification: stratification === false ? undefined : stratification,
    });
    const column = stratification === false ? null : stratification;
    const sizes = folds.map((fold) => fold.validation.length).join(", ");
    context.log(`${n_splits} folds that validate on ${sizes} participants`);
    return {
      folds: {
        meta: { n_splits, stratification: column, seed, subset_name: "validation" },
        items: folds.map((fold, split) =>
          foldOutput(labels, fold, { split, nSplits: n_splits, stratification: column })
        ),
      },
    };
  },
});
