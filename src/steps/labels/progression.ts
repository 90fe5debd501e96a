import { z } from "zod";
import { type Artifact, defineStep } from "../../workflow/step.ts";
import { tableOutput } from "../tables/outputs.ts";

export default defineStep({
  kind: "labels.progression",
  version: 1,
  summary: "Says of each session whether the diagnosis will change within a time horizon",
  description:
    `Adds the column \`progression\`: \`s\` stable, \`p\` progresses, \`r\` regresses, \`us\`
unstable (a participant who does both), \`uk\` unknown (the last session). Diagnoses are ordered
CN < MCI < AD (also called Dementia).`,
  params: z.object({
    time_horizon: z.int().min(1).default(36).describe("Months to look ahead."),
  }),
  inputs: {
    labels: {
      types: ["labels", "participants"],
      description: "Table with diagnoses; best with all of CN, MCI and AD.",
    },
  },
  outputs: {
    labels: tableOutput("labels", "The table with the column `progression`."),
  },
  runs: "inline",
  run: async (context) => {
    const { addProgression } = await import("../../tables/progression.ts");
    const { readTable, tableOutput } = await import("../../artifacts/tables.ts");
    const labels = context.inputs.labels as Artifact;
    const table = addProgression(await readTable(labels, "labels"), context.params.time_horizon);
    return { labels: tableOutput(table, String(labels.meta.role)) };
  },
});
