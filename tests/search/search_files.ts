/** Workflow texts with searches over real step kinds, and what the reader reports of them. */
import { WorkflowError } from "../../src/errors.ts";
import { reading } from "../../src/steps/engine_options.ts";
import { readWorkflow } from "../../src/workflow/read.ts";

/** Data, a split with a test set, and folds of the rest. */
export const DATA = `version = 1
[steps.caps]
uses = "generate.phantom"
[steps.slices]
uses = "extract.slices"
in.caps = "caps"
[steps.labels]
uses = "labels.get"
in.caps = "caps"
with.diagnoses = ["AD", "CN"]
[steps.split]
uses = "split.holdout"
in.labels = "labels"
with.subset_name = "test"
[steps.folds]
uses = "split.kfold"
in.labels = "split.train"
`;

/** @param space one line a parameter */
export const search = (
  metric: string,
  goal: string,
  more = "",
  space = '"train.learning_rate" = { log_uniform = [1e-5, 1e-2] }',
) => `
[search.rates]
metric = "${metric}"
goal = "${goal}"
n_trials = 4
${more}
[search.rates.space]
${space}
`;

export const training = (inputs: string, parameters = "") => `
[steps.train]
uses = "train.classification"
in.images = "slices"
${inputs}
${parameters}
`;

export const evaluated = (prediction: string) => `
[steps.predict]
uses = "predict"
in.model = "train"
in.images = "slices"
${prediction}
[steps.evaluate]
uses = "evaluate"
in.predictions = "predict"
`;

/** The problem of a workflow, an empty text when it has none. */
export async function problem(text: string): Promise<string> {
  try {
    await readWorkflow("/project/a.toml", { ...reading, readText: () => Promise.resolve(text) });
    return "";
  } catch (error) {
    if (error instanceof WorkflowError) {
      return error.issues.map(({ message }) => message).join("; ");
    }
    throw error;
  }
}
