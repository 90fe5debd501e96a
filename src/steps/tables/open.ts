import { z } from "zod";
import { pathParameter } from "../../workflow/path_parameter.ts";
import { defineStep, type OutputPort, type StepOutput } from "../../workflow/step.ts";
import { foldsPort, isSetAside, labelsPort } from "./ports.ts";

export default defineStep({
  kind: "tables.open",
  version: 2,
  summary: "Reads labels, a split or a k-fold tree that ClinicaDL, or Gyrus, wrote",
  description:
    `\`content\` names what the path is: \`labels\`, a table; \`split\`, a folder with \`train.tsv\`
and the tables of a subset; \`kfold\`, a folder with \`split-0\`, \`split-1\`, … The two sides of a split
or fold must have different participants: leakage is refused, whatever program wrote the tables. Where
only the first sessions were written (\`validation_baseline.tsv\`), only these are read.`,
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
        return { labels: labelsPort("labels", "The table.") };
      case "split":
        return {
          train: labelsPort("participants", "Participants left for training."),
          [params.subset_name]: {
            ...labelsPort("participants", "Participants set aside."),
            setAside: isSetAside(params.subset_name),
          },
        };
      case "kfold":
        return { folds: foldsPort };
    }
  },
  runs: "inline",
  run: async (context): Promise<Record<string, StepOutput>> => {
    const { foldsOutput, readFolds } = await import("../../artifacts/folds.ts");
    const { labelsOutput } = await import("../../artifacts/labels.ts");
    const { assertDisjoint, readSubset } = await import("../../artifacts/split.ts");
    const { listFolder } = await import("../../disk/folders.ts");
    const { exists } = await import("../../disk/read.ts");
    const { findColumn } = await import("../../tables/columns.ts");
    const { refuseTwoSexes, warnOfNone } = await import("../../tables/values.ts");
    const { SessionTable } = await import("../../tables/session_table.ts");
    const { path, content, subset_name } = context.params;
    const bytes = async (file: string) => await context.get(await context.external(file));
    if (content === "labels") {
      const table = SessionTable.read(await bytes(path), path);
      const diagnosis = findColumn(table, "diagnosis");
      if (diagnosis !== undefined) warnOfNone(table, diagnosis).forEach(context.warn);
      const sex = findColumn(table, "sex");
      if (sex !== undefined) refuseTwoSexes(table, sex);
      return { labels: labelsOutput(table, "labels") };
    }
    const folder = {
      subject: path,
      names: listFolder(path).map((entry) => entry.name),
      read: async (file: string) =>
        exists(`${path}/${file}`) ? await bytes(`${path}/${file}`) : undefined,
    };
    if (content === "kfold") {
      const items = await readFolds(folder);
      return { folds: foldsOutput(items, { n_splits: items.length }) };
    }
    const train = await readSubset(folder, "train");
    const subset = await readSubset(folder, subset_name);
    assertDisjoint(train, subset, subset_name, path);
    return {
      train: labelsOutput(train, "train"),
      [subset_name]: labelsOutput(subset, subset_name),
    };
  },
});
