import { z } from "zod";
import { type Artifact, defineStep } from "../../workflow/step.ts";
import { isSetAside, labelsPort } from "../tables/ports.ts";

export default defineStep({
  kind: "split.fold",
  version: 1,
  summary: "Takes a fold apart: participants to train on, and those set aside to test on",
  description:
    `For nested cross-validation. An outer \`split.kfold\` makes folds; this step gives each fold's
training participants, which an inner split divides again, and its validation participants under the name of
a test set, which no search may read. Their rows are those of the fold, with all sessions.`,
  params: z.object({
    subset_name: z.string().regex(
      /^(?!train$)[a-zA-Z][a-zA-Z0-9_-]*$/,
      "must be a name other than train",
    ).default("test").describe("Name of those set aside and of their output."),
  }),
  inputs: {
    folds: { types: ["fold"], description: "One fold, such as `outer[0]`." },
  },
  outputs: ({ subset_name }) => ({
    train: labelsPort("participants", "The fold's training participants."),
    [subset_name]: {
      ...labelsPort("participants", "The fold's validation participants, set aside."),
      setAside: isSetAside(subset_name),
    },
  }),
  runs: "inline",
  run: async (context) => {
    const { labelsOutput } = await import("../../artifacts/labels.ts");
    const { subsetFile } = await import("../../artifacts/split.ts");
    const { SessionTable } = await import("../../tables/session_table.ts");
    const { subset_name } = context.params;
    const fold = context.inputs.folds as Artifact;
    const read = async (side: string) =>
      SessionTable.read(await fold.readText(subsetFile(side)), `the fold's ${subsetFile(side)}`);
    return {
      train: labelsOutput(await read("train"), "train"),
      [subset_name]: labelsOutput(await read("validation"), subset_name),
    };
  },
});
