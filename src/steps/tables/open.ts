import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { defineStep, type OutputPort, type StepOutput } from "../../workflow/step.ts";
import { foldsOutput, tableOutput } from "./outputs.ts";

export default defineStep({
  kind: "tables.open",
  version: 1,
  summary: "Reads labels, a split or a k-fold tree that ClinicaDL, or Gyrus, wrote",
  description:
    `\`content\` says what the path is: \`labels\`, a table; \`split\`, a folder with \`train.tsv\`
and the tables of a subset; \`kfold\`, a folder with \`split-0\`, \`split-1\`, … Both sides of a split or
fold must be of different participants: leakage is refused, whoever made the tables. Where only the
first sessions were written (\`validation_baseline.tsv\`), these are what there is.`,
  params: z.object({
    path: pathParameter().describe("The table, or the folder with the tables."),
    content: z.enum(["labels", "split", "kfold"]).describe("What the path is."),
    subset_name: z.string().regex(
      /^(?!train$|labels$|folds$)[a-zA-Z][a-zA-Z0-9_-]*$/,
      "must be a name other than train, labels and folds",
    ).default("test").describe("Split: name of the subset that was set aside."),
  }),
  inputs: {},
  outputs: (params): Record<string, OutputPort> => {
    switch (params.content) {
      case "labels":
        return { labels: tableOutput("labels", "The table.") };
      case "split":
        return {
          train: tableOutput("participants", "Those who were left."),
          [params.subset_name]: tableOutput("participants", "Those set aside."),
        };
      case "kfold":
        return { folds: foldsOutput };
    }
  },
  runs: "inline",
  run: async (context): Promise<Record<string, StepOutput>> => {
    const { readFolds, readSubset, tableOutput } = await import("../../artifacts/tables.ts");
    const { SessionTable } = await import("../../tables/session_table.ts");
    const { assertNoLeakage, guardedSessions } = await import("../../tables/leakage.ts");
    const { path, content, subset_name } = context.params;
    const text = async (file: string) =>
      new TextDecoder().decode(await context.get(await context.external(file)));
    if (content === "labels") {
      return { labels: tableOutput(SessionTable.read(await text(path), path), "labels") };
    }
    const folder = {
      subject: path,
      read: async (file: string) => {
        const info = await Deno.stat(`${path}/${file}`).catch(() => undefined);
        return info?.isFile ? await text(`${path}/${file}`) : undefined;
      },
    };
    if (content === "kfold") {
      const items = await readFolds(folder);
      return { folds: { meta: { n_splits: items.length }, items } };
    }
    const train = await readSubset(folder, "train");
    const subset = await readSubset(folder, subset_name);
    assertNoLeakage([
      { role: "train", sessions: guardedSessions(train) },
      { role: subset_name, sessions: guardedSessions(subset) },
    ], path);
    return {
      train: tableOutput(train, "train"),
      [subset_name]: tableOutput(subset, subset_name),
    };
  },
});
