/** Output ports of the steps that make tables, and the files that they publish. */
import type { OutputPort } from "../../workflow/step.ts";

/** Whether a subset is kept for the last test: every one but the validation set, whatever its name. */
export function isSetAside(subsetName: string): boolean {
  return subsetName !== "validation";
}

/** A table of sessions; published as one file, `labels.tsv` or named after its role. */
export function labelsPort(type: "labels" | "participants", description: string): OutputPort {
  return {
    type,
    description,
    publish: async (artifact, target) => {
      const { labelsMeta, readLabelsText } = await import("../../artifacts/labels.ts");
      await target.write(`${labelsMeta(artifact).role}.tsv`, await readLabelsText(artifact));
    },
  };
}

/** Folds; published as ClinicaDL's folder `<k>_fold/`, a single fold as its `split-<i>/`. */
export const foldsPort: OutputPort = {
  type: "folds",
  list: "fold",
  description: "One element a fold: train and validation tables.",
  publish: async (artifact, target) => {
    const { foldFolder } = await import("../../artifacts/folds.ts");
    for (const file of artifact.files) await target.copy(file.path, file);
    if (artifact.items === undefined) return;
    for (const [split, fold] of artifact.items.entries()) {
      for (const file of fold.files) {
        await target.copy(`${foldFolder(split)}/${file.path}`, file);
      }
    }
    await target.write("kfold.json", JSON.stringify(artifact.meta, null, 4) + "\n");
  },
};
