/** Step kinds that compute nothing, for tests of the reader, in the shapes of the real ones. */
import { z } from "zod";
import { pathParameter } from "../../src/workflow/path_parameter.ts";
import { defineStep, type StepKind } from "../../src/workflow/step.ts";

const port = (...types: string[]) => ({ types, description: `The ${types[0]}.` });
const run = () => Promise.resolve({});
const seed = z.number().int().min(0).default(0).describe("Seed of the random numbers.");

const generate = defineStep({
  kind: "caps.generate",
  version: 1,
  summary: "Makes a data set from nothing.",
  params: z.strictObject({
    kind: z.enum(["phantom", "trivial", "random"]).describe("What the images show."),
    n_subjects: z.number().int().min(1).max(100_000).default(16).describe("Number of subjects."),
    image_size: z.number().int().min(8).optional().describe("Voxels of an edge."),
    note: z.string().optional().describe("A remark."),
    seed,
  }),
  inputs: {},
  outputs: { caps: { type: "caps", description: "The data set." } },
  runs: "worker",
  run,
});

const phantom: StepKind = {
  ...generate as StepKind,
  kind: "generate.phantom",
  params: generate.params.omit({ kind: true }),
};

const open = defineStep({
  kind: "caps.open",
  version: 1,
  summary: "Opens a data set.",
  params: z.strictObject({
    path: pathParameter().describe("The CAPS folder."),
    extra: z.array(pathParameter()).default([]).describe("Further folders."),
  }),
  inputs: {},
  outputs: { caps: { type: "caps", description: "The data set." } },
  runs: "inline",
  source: true,
  run,
});

const slices = defineStep({
  kind: "extract.slices",
  version: 2,
  summary: "Cuts volumes into slices.",
  params: z.strictObject({
    slice_direction: z.union([z.literal(0), z.literal(1), z.literal(2)]).default(0)
      .describe("Axis that is cut."),
    slice_mode: z.enum(["single", "rgb"]).default("rgb").describe("Channels of a slice."),
    discarded_slices: z.array(z.number().int().min(0)).length(2).default([0, 0])
      .describe("Slices left out at both ends."),
  }),
  inputs: { caps: port("caps") },
  outputs: { images: { type: "images", description: "The slices." } },
  runs: "worker",
  run,
});

const labels = defineStep({
  kind: "labels.get",
  version: 1,
  summary: "Makes the table of labels.",
  params: z.strictObject({
    diagnoses: z.array(z.string().min(1)).min(1).default(["AD", "CN"]).describe("Labels kept."),
  }),
  inputs: { caps: port("caps") },
  outputs: { labels: { type: "labels", description: "One row a session." } },
  runs: "inline",
  run,
});

const holdout = defineStep({
  kind: "split.holdout",
  version: 1,
  summary: "Sets participants aside.",
  params: z.strictObject({
    subset_name: z.string().regex(/^[a-z]+$/).default("test").describe("Name of the subset."),
    n_test: z.number().positive().default(0.2).describe("Share or number of participants."),
    seed,
  }),
  inputs: { labels: port("labels") },
  outputs: ({ subset_name }) => ({
    train: { type: "labels", description: "The rest." },
    [subset_name]: { type: "labels", description: "The subset." },
  }),
  runs: "inline",
  checkParams: ({ n_test }) =>
    n_test > 1 && !Number.isInteger(n_test)
      ? [{
        parameter: "n_test",
        message: "n_test above 1 is a number of participants: no fraction",
      }]
      : [],
  run,
});

const kfold = defineStep({
  kind: "split.kfold",
  version: 1,
  summary: "Splits participants into folds.",
  params: z.strictObject({
    n_splits: z.number().int().min(2).max(1000).default(5).describe("Number of folds."),
    stratification: z.string().optional().describe("Column that is kept in balance."),
    seed,
  }),
  inputs: { labels: port("labels") },
  outputs: ({ n_splits }) => ({
    folds: { type: "folds", list: "fold", length: n_splits, description: "One element a fold." },
  }),
  runs: "inline",
  run,
});

const train = defineStep({
  kind: "train.classification",
  version: 1,
  summary: "Trains a classifier.",
  params: z.strictObject({
    architecture: z.enum(["resnet18", "conv4"]).default("resnet18").describe("The network."),
    multi_network: z.boolean().default(false).describe("One network for each element."),
    epochs: z.number().int().min(1).default(20).describe("Number of epochs."),
    learning_rate: z.number().positive().default(1e-4).describe("Step size."),
    dropout: z.union([z.number().min(0).max(1), z.literal("auto")]).default(0)
      .describe("Share of activations that are dropped."),
    optimizer: z.strictObject({ name: z.enum(["Adam", "SGD"]) }).default({ name: "Adam" })
      .describe("The optimizer."),
    config_file: pathParameter().optional().describe("A file of parameters."),
    seed,
  }),
  inputs: { images: port("images"), folds: port("fold", "folds") },
  outputs: { model: { type: "model", description: "The trained networks." } },
  runs: "device",
  chain: "epochs",
  preset: {
    parameter: "config_file",
    parse: (text) => Promise.resolve(JSON.parse(text) as Record<string, number>),
  },
  run,
});

const predict = defineStep({
  kind: "predict",
  version: 1,
  summary: "Applies a model.",
  params: z.strictObject({
    batch_size: z.number().int().min(1).default(32).describe("Elements at once."),
  }),
  inputs: {
    model: port("model"),
    images: port("images"),
    participants: port("labels", "participants"),
  },
  outputs: { predictions: { type: "predictions", description: "One row an element." } },
  runs: "device",
  run,
});

const evaluate = defineStep({
  kind: "evaluate",
  version: 1,
  summary: "Scores predictions.",
  params: z.strictObject({
    group_by: z.array(z.string()).default([]).describe("Axes that stay apart."),
  }),
  inputs: { predictions: { ...port("predictions"), many: true } },
  outputs: { table: { type: "table", description: "One row a group." } },
  runs: "inline",
  run,
});

export const toyKinds: readonly StepKind[] = [
  generate,
  phantom,
  open,
  slices,
  labels,
  holdout,
  kfold,
  train,
  predict,
  evaluate,
];
