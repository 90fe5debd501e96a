/** Output ports of the steps that make tables, and what they publish. */
import type { OutputPort } from "../../workflow/step.ts";

/** A table of sessions; published as one file, `labels.tsv` or called after its role. */
export function tableOutput(type: "labels" | "participants", description: string): OutputPort {
  return {
    type,
    description,
    publish: async (artifact, target) => {
      await target.write(`${artifact.meta.role}.tsv`, await artifact.readText("table.tsv"));
    },
  };
}

/** Folds; published as ClinicaDL's folder `<k>_fold/`, one alone as its `split-<i>/`. */
export const foldsOutput: OutputPort = {
  type: "folds",
  list: "fold",
  description: "One element a fold: train and validation tables.",
  publish: async (artifact, target) => {
    for (const file of artifact.files) await target.copy(file.path, file);
    if (artifact.items === undefined) return;
    for (const [split, fold] of artifact.items.entries()) {
      for (const file of fold.files) await target.copy(`split-${split}/${file.path}`, file);
    }
    await target.write("kfold.json", JSON.stringify(artifact.meta, null, 4) + "\n");
  },
};
