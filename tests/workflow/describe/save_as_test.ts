import { assertEquals, assertRejects } from "@std/assert";
import { WorkflowError } from "../../../src/errors.ts";
import { readWorkflow } from "../../../src/workflow/read.ts";
import { withValue, workflowTextWith } from "../../../src/workflow/describe/save_as.ts";
import { experiment, type Files, inMemory, read } from "../reading.ts";

const save = (files: Files, set: string[], sweep: string[] = []) =>
  workflowTextWith("/project/a.toml", inMemory(files, { set, sweep }));

Deno.test("saving retains comments and layout, and reads as the command line did", async () => {
  const set = ["params.n_splits=2", "train.learning_rate=0.01", "folds.seed=3", "caps.seed=9"];
  const sweep = ["train.epochs=1,2"];
  const text = await save({ "a.toml": experiment }, set, sweep);
  const lines = text.split("\n").filter((line) => !experiment.split("\n").includes(line));
  assertEquals(lines, [
    "n_splits = 2",
    'with = { kind = "phantom", n_subjects = 32, seed = 9 }',
    "with.seed = 3",
    "matrix.epochs = [1, 2]",
    'with = { multi_network = "${matrix.multi_network}", epochs = "${matrix.epochs}", learning_rate = 0.01 }',
    '"results/${matrix.fold}/${matrix.multi_network}/epochs=${matrix.epochs}/model" = "train"',
  ]);
  const [saved, direct] = [await read(text), await read(experiment, { set, sweep })];
  assertEquals(
    saved.instances.map(({ name, params, inputs }) => ({ name, params, inputs })),
    direct.instances.map(({ name, params, inputs }) => ({ name, params, inputs })),
  );
  assertEquals(
    saved.publications.map(({ path, binding }) => ({ path, binding })),
    direct.publications.map(({ path, binding }) => ({ path, binding })),
  );
});

Deno.test("values of an included file are written into the including one", async () => {
  const files = {
    "a.toml": 'version = 1\ninclude = "b.toml" # the rest',
    "b.toml": experiment.replace(/.*model" = "train"\n/, ""),
  };
  const set = ["params.seed=1", "train.epochs=4"];
  const sweep = ["train.learning_rate=0.1,0.2"];
  const text = await save(files, set, sweep);
  assertEquals(
    text,
    `version = 1
include = "b.toml" # the rest

[params]
seed = 1

[steps.train]
with.epochs = 4
with.learning_rate = "\${matrix.learning_rate}"
matrix.fold = [0, 1, 2, 3]
matrix.multi_network = [false, true]
matrix.learning_rate = [0.1, 0.2]
`,
  );
});

Deno.test("an included path that lacks the swept axis can't be mended from outside", async () => {
  const files = { "a.toml": 'version = 1\ninclude = "b.toml"', "b.toml": experiment };
  const error = await assertRejects(
    () => save(files, [], ["train.learning_rate=0.1,0.2"]),
    WorkflowError,
  );
  assertEquals(
    error.message,
    "the options can't be written into the file so that it means the same: train has the axes " +
      "fold, learning_rate, multi_network, but the path names no learning_rate",
  );
});

Deno.test("a value finds its place however the table is spelt", () => {
  const keys = ["steps", "a", "with", "x"];
  const put = (text: string) => withValue(text, keys, 1);
  assertEquals(put("[steps.a.with]\nx = 2 # two\ny = 3\n"), "[steps.a.with]\nx = 1 # two\ny = 3\n");
  assertEquals(put("[steps.a.with]\ny = 3 # y\n[b]\n"), "[steps.a.with]\ny = 3 # y\nx = 1\n[b]\n");
  assertEquals(put("[steps.a]\nwith = {}\n"), "[steps.a]\nwith = { x = 1 }\n");
  assertEquals(put("[steps.a]\nuses = 'u'"), "[steps.a]\nuses = 'u'\nwith.x = 1");
  assertEquals(put("[steps]\na.uses = 'u'\n"), "[steps]\na.uses = 'u'\na.with.x = 1\n");
  assertEquals(put("[steps.b]\n"), "[steps.b]\n\n[steps.a]\nwith.x = 1\n");
  assertEquals(put("steps.a.uses = 'u'\n"), "steps.a.uses = 'u'\nsteps.a.with.x = 1\n");
});

Deno.test("an unknown address is refused before anything is written", async () => {
  const options = inMemory({ "a.toml": experiment }, { set: ["train.epoch=1"] });
  const saved = await assertRejects(
    () => workflowTextWith("/project/a.toml", options),
    WorkflowError,
  );
  const read = await assertRejects(() => readWorkflow("/project/a.toml", options), WorkflowError);
  assertEquals(saved.issues, read.issues);
});
