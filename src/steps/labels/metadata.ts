import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { type Artifact, defineStep } from "../../workflow/step.ts";
import { labelsPort } from "../tables/ports.ts";

export default defineStep({
  kind: "labels.metadata",
  version: 2,
  summary: "Adds columns of the data set, or of a merged table, to labels or a subset",
  description:
    `Unlike ClinicaDL, which rewrites the table in place and silently drops sessions that the
merged table lacks, this makes a new table, and such a session is an error. Columns that the table
already has are not changed.`,
  params: z.object({
    merged_tsv: pathParameter().optional()
      .describe("Table of all sessions; in.caps is used when absent."),
    variables_of_interest: z.array(z.string().min(1)).min(1).optional()
      .describe("Columns to add; all when absent."),
  }),
  inputs: {
    labels: { types: ["labels", "participants"], description: "Table to complete." },
    caps: { types: ["caps"], description: "Data set with the columns.", optional: true },
  },
  outputs: {
    labels: labelsPort("labels", "The table with the columns added."),
  },
  runs: "inline",
  run: async (context) => {
    const { addMetadata } = await import("../../tables/metadata.ts");
    const { labelsMeta, labelsOutput, readLabels } = await import("../../artifacts/labels.ts");
    const { readMetadata } = await import("./read_metadata.ts");
    const labels = context.inputs.labels as Artifact;
    const { merged_tsv, variables_of_interest } = context.params;
    const metadata = await readMetadata(context, merged_tsv, variables_of_interest);
    const table = addMetadata(await readLabels(labels, "labels"), metadata, variables_of_interest);
    return { labels: labelsOutput(table, labelsMeta(labels).role) };
  },
});
