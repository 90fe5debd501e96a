/** Reading workflow texts from memory. */
import { assertEquals } from "@std/assert";
import { WorkflowError } from "../../src/errors.ts";
import type { Workflow } from "../../src/workflow/graph.ts";
import { type ReadOptions, readWorkflow } from "../../src/workflow/read.ts";
import { renderIssues } from "../../src/workflow/render_issues.ts";
import { toyKinds } from "./toy_kinds.ts";

export type Files = Readonly<Record<string, string>>;

/** Options that read `/project/NAME` from `files`. */
export function inMemory(files: Files, options: Partial<ReadOptions> = {}): ReadOptions {
  return {
    kinds: toyKinds,
    readText: (path) => {
      const name = path.replace(/^\/project\//, "");
      return Object.hasOwn(files, name)
        ? Promise.resolve(files[name])
        : Promise.reject(new Deno.errors.NotFound(path));
    },
    ...options,
  };
}

/** Reads a text as `/project/a.toml`, or several files of which `a.toml` is the main one. */
export function read(text: string | Files, options: Partial<ReadOptions> = {}): Promise<Workflow> {
  const files = typeof text === "string" ? { "a.toml": text } : text;
  return readWorkflow("/project/a.toml", inMemory(files, options));
}

/** The rendered issues; an empty text when there are none. */
export async function issues(
  text: string | Files,
  options: Partial<ReadOptions> = {},
): Promise<string> {
  try {
    await read(text, options);
    return "";
  } catch (error) {
    if (!(error instanceof WorkflowError)) throw error;
    return renderIssues(error.issues, "/project");
  }
}

/** The experiment of the documentation, on toy step kinds. */
export const experiment = `version = 1
name = "slices-resnet18"

[params]
seed = 42
n_splits = 4

[defaults]
with.seed = "\${params.seed}"

[steps.caps]
uses = "caps.generate"
with = { kind = "phantom", n_subjects = 32 }

[steps.slices]
uses = "extract.slices"
in.caps = "caps"
with = { slice_direction = 2, discarded_slices = [40, 40] }

[steps.labels]
uses = "labels.get"
in.caps = "caps"

[steps.split]
uses = "split.holdout"
in.labels = "labels"
with = { subset_name = "test", n_test = 0.2 }

[steps.folds]
uses = "split.kfold"
in.labels = "split.train"
with.n_splits = "\${params.n_splits}"

[steps.train]
uses = "train.classification"
matrix.fold = { range = "\${params.n_splits}" }
matrix.multi_network = [false, true]
in.images = "slices"
in.folds = "folds[\${matrix.fold}]"
resources = { gpu = 1, memory = "8GiB", time = "2h" }
with = { multi_network = "\${matrix.multi_network}", epochs = 20 }

[steps.predict]
uses = "predict"
matrix = "train" # same axes as train
in.model = "train"
in.images = "slices"
in.participants = "split.test"

[steps.evaluate]
uses = "evaluate"
in.predictions = "predict[*]"
with.group_by = ["multi_network"]

[publish]
"results/metrics.tsv" = "evaluate.table"
"results/\${matrix.fold}/\${matrix.multi_network}/model" = "train"

[profile.cluster]
cache = "/shared/cache"
jobs = 4
`;

/** A data set, its slices and labels: a base for short tests. */
export const base = `version = 1
[steps.caps]
uses = "caps.generate"
with.kind = "phantom"
[steps.slices]
uses = "extract.slices"
in.caps = "caps"
[steps.labels]
uses = "labels.get"
in.caps = "caps"
`;

/** Registers a test: the rendered issues of a text read exactly so. */
export function reports(name: string, text: string, expected: string): void {
  Deno.test(name, async () => assertEquals(await issues(text), expected));
}
