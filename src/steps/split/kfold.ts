import { z } from "zod";
import { type Artifact, defineStep } from "../../workflow/step.ts";
import { foldsPort } from "../tables/ports.ts";

export default defineStep({
  kind: "split.kfold",
  version: 2,
  summary: "Divides participants into folds for cross-validation",
  description:
    `Every participant is in the validation set of exactly one fold, with all sessions; folds are
equal in size, and in the count of every class of \`stratification\`, to within one. Published, \`folds\` is
ClinicaDL's folder \`<k>_fold/\`: \`kfold.json\` and \`split-<i>/\` with train and validation tables, all
sessions and baselines.

Unlike ClinicaDL: the seed is a parameter; a class with fewer participants than folds is an error; the
subset is always called \`validation\`, the only name that training accepts, and always holds both all
sessions and the baseline (\`valid_longitudinal\` of training selects one).`,
  params: z.object({
    n_splits: z.int().min(2).default(5).describe("Number of folds."),
    stratification: z.union([z.string().min(1), z.literal(false)]).default("diagnosis")
      .describe("Column whose classes are equally frequent in all folds; false: none."),
    seed: z.int().min(0).max(0xffffffff).default(0).describe("Seed of the draw."),
  }),
  inputs: {
    labels: { types: ["labels", "participants"], description: "Sessions to divide." },
  },
  outputs: ({ n_splits }) => ({ folds: { ...foldsPort, length: n_splits } }),
  runs: "inline",
  run: async (context) => {
    const { drawFolds } = await import("../../tables/kfold.ts");
    const { foldOutput, foldsOutput } = await import("../../artifacts/folds.ts");
    const { readLabels } = await import("../../artifacts/labels.ts");
    const { n_splits, stratification, seed } = context.params;
    const labels = await readLabels(context.inputs.labels as Artifact, "labels");
    const folds = drawFolds(labels, {
      nSplits: n_splits,
      seed,
      stratification: stratification === false ? undefined : stratification,
    });
    const column = stratification === false ? null : stratification;
    const sizes = folds.map((fold) => fold.validation.length).join(", ");
    context.log(`${n_splits} folds with ${sizes} validation participants`);
    const items = folds.map((fold, split) =>
      foldOutput(labels, fold, { split, n_splits, stratification: column })
    );
    const meta = { n_splits, stratification: column, seed, subset_name: "validation" };
    return { folds: foldsOutput(items, meta) };
  },
});
