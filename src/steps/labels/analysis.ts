import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { type Artifact, defineStep } from "../../workflow/step.ts";
import { columnNames, columnParameters } from "./columns.ts";

export default defineStep({
  kind: "labels.analysis",
  version: 2,
  summary: "Describes the participants of each diagnosis: age, sex, MMSE, CDR, scans",
  description:
    `One row a diagnosis, with ClinicaDL's columns. A participant is described by the first
session with that diagnosis; standard deviations are the population's. Unknown values (MMSE and CDR
of a data set without them) are \`n/a\` rather than an error, counts of them too.

Unlike ClinicaDL: sessions whose diagnosis was filled in are described too.`,
  params: z.object({
    merged_tsv: pathParameter().optional()
      .describe("Table with the columns that the labels lack; in.caps is used when absent."),
    ...columnParameters,
  }),
  inputs: {
    labels: { types: ["labels", "participants"], description: "Sessions to describe." },
    caps: { types: ["caps"], description: "Data set with the columns.", optional: true },
  },
  outputs: {
    table: { type: "table", description: "One row a diagnosis." },
  },
  runs: "inline",
  run: async (context) => {
    const { analyseLabels, analysedColumns } = await import("../../tables/analysis.ts");
    const { readLabels } = await import("../../artifacts/labels.ts");
    const { tableOutput } = await import("../../artifacts/table.ts");
    const { writeTsv } = await import("../../formats/tsv.ts");
    const { readMetadata } = await import("./read_metadata.ts");
    const labels = await readLabels(context.inputs.labels as Artifact, "labels");
    const known = context.inputs.caps !== undefined || context.params.merged_tsv !== undefined;
    const columns = columnNames(context.params);
    const metadata = known
      ? await readMetadata(context, context.params.merged_tsv, analysedColumns(columns))
      : labels;
    const { table, warnings } = analyseLabels(labels, metadata, {
      columns,
      sexLevels: context.params.sex_levels,
    });
    warnings.forEach((warning) => context.warn(warning));
    return { table: tableOutput(writeTsv(table.columns, table.rows)) };
  },
});
