import { z } from "zod";
import { type Artifact, defineStep } from "../../workflow/step.ts";
import { labelsPort } from "../tables/ports.ts";
import { columnNames, columnParameters } from "./columns.ts";

export default defineStep({
  kind: "labels.progression",
  version: 2,
  summary: "Adds whether the diagnosis of each session changes within a time horizon",
  description:
    `Adds the column \`progression\`: \`s\` stable, \`p\` progresses, \`r\` regresses, \`us\`
unstable (a participant who does both), \`uk\` unknown (the last session). Diagnoses are ordered
CN < MCI < AD (also called Dementia).`,
  params: z.object({
    time_horizon: z.int().min(1).default(36).describe("Months to look ahead."),
    diagnosis_column: columnParameters.diagnosis_column,
  }),
  inputs: {
    labels: {
      types: ["labels", "participants"],
      description: "Table with diagnoses; best with all of CN, MCI and AD.",
    },
  },
  outputs: {
    labels: labelsPort("labels", "The table with the column `progression`."),
  },
  runs: "inline",
  run: async (context) => {
    const { addProgression } = await import("../../tables/progression.ts");
    const { labelsMeta, labelsOutput, readLabels } = await import("../../artifacts/labels.ts");
    const labels = context.inputs.labels as Artifact;
    const table = addProgression(
      await readLabels(labels, "labels"),
      context.params.time_horizon,
      columnNames(context.params),
    );
    return { labels: labelsOutput(table, labelsMeta(labels).role) };
  },
});
