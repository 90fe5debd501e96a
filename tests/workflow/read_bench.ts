/**
 * Expanding big matrices. The peer is the bare making of as many instance objects
 * with a name, axes and inputs: what no reader could do without.
 */
import { inMemory } from "./reading.ts";
import { readWorkflow } from "../../src/workflow/read.ts";

/** `count` chains of train, predict (half of the instances each) and one evaluation. */
function workflowOf(count: number, dependent: boolean): string {
  const rows = count / 2 / 10;
  return `version = 1
[steps.caps]
uses = "caps.generate"
with.kind = "phantom"
[steps.slices]
uses = "extract.slices"
in.caps = "caps"
[steps.labels]
uses = "labels.get"
in.caps = "caps"
[steps.folds]
uses = "split.kfold"
in.labels = "labels"
with.n_splits = 10
[steps.train]
uses = "train.classification"
matrix = { fold = { range = 10 }, seed = { range = ${rows} } }
in = { images = "slices", folds = "folds[\${matrix.fold}]" }
${dependent ? 'with.seed = "${matrix.seed}"' : ""}
[steps.predict]
uses = "predict"
matrix = "train"
in = { model = "train", images = "slices", participants = "labels" }
[steps.evaluate]
uses = "evaluate"
in.predictions = "predict[*]"
`;
}

/** Every instance picks its input by a reference of its own. */
function pickingWorkflowOf(count: number): string {
  return `version = 1
[steps.sets]
uses = "caps.generate"
matrix.n = { range = ${count / 2} }
with.kind = "random"
[steps.labels]
uses = "labels.get"
matrix.m = { range = ${count / 2} }
in.caps = "sets[n=\${matrix.m}]"
`;
}

function bareObjects(count: number): unknown[] {
  const made: unknown[] = [];
  for (let index = 0; index < count; index++) {
    const axes = { fold: index % 10, seed: index };
    const name = `train[fold=${axes.fold},seed=${axes.seed}]`;
    made.push({
      name,
      step: "train",
      axes,
      inputs: { model: { instance: name, output: "model" } },
    });
  }
  return made;
}

for (const count of [10_000, 100_000]) {
  const group = `${count} instances`;
  Deno.bench(`bare objects, ${count}`, { group, baseline: true }, () => {
    bareObjects(count);
  });
  const picking = inMemory({ "a.toml": pickingWorkflowOf(count) });
  Deno.bench(`read and expand, ${count}, a reference per instance`, { group, n: 5 }, async () => {
    await readWorkflow("/project/a.toml", picking);
  });
  for (const dependent of [false, true]) {
    const options = inMemory({ "a.toml": workflowOf(count, dependent) });
    const name = `read and expand, ${count}${dependent ? ", a parameter per instance" : ""}`;
    Deno.bench(name, { group, n: 5, warmup: 1 }, async () => {
      await readWorkflow("/project/a.toml", options);
    });
  }
}
