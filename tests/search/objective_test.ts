import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { WorkflowError } from "../../src/errors.ts";
import { Random } from "../../src/random.ts";
import { reading } from "../../src/steps/engine_options.ts";
import { readWorkflow } from "../../src/workflow/read.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";

const DATA = `version = 1
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

const search = (metric: string, goal: string, more = "") => `
[search.rates]
metric = "${metric}"
goal = "${goal}"
n_trials = 4
${more}
space."train.learning_rate" = { log_uniform = [1e-5, 1e-2] }
`;

const training = (inputs: string, parameters = "") => `
[steps.train]
uses = "train.classification"
in.images = "slices"
${inputs}
${parameters}
`;

/** The problem of a workflow, an empty text when it has none. */
async function problem(text: string): Promise<string> {
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

const evaluated = (prediction: string) => `
[steps.predict]
uses = "predict"
in.model = "train"
in.images = "slices"
${prediction}
[steps.evaluate]
uses = "evaluate"
in.predictions = "predict"
`;

Deno.test("a search may be by a training's own validation set, or by an evaluation of it", async () => {
  const trained = DATA + training('in.folds = "folds[0]"');
  assertEquals(await problem(trained + search("train.loss", "minimize")), "");
  const own = evaluated('with.data_group = "validation"');
  assertEquals(await problem(trained + own + search("evaluate.BA", "maximize")), "");
});

Deno.test("a search by an evaluation of the test set is refused with the path", async () => {
  const tested = training('in.folds = "folds[0]"') + evaluated('in.participants = "split.test"');
  assertEquals(
    await problem(DATA + tested + search("evaluate.BA", "maximize")),
    "a search may read the model's own participants alone: split.test -> predict -> evaluate",
  );
});

Deno.test("a search by a metric by which no network is kept, or to the wrong end, is refused", async () => {
  const trained = DATA + training('in.folds = "folds[0]"');
  const accuracy = search("train.accuracy", "maximize");
  assertEquals(await problem(trained + accuracy), "train keeps no network by accuracy");
  const kept = training('in.folds = "folds[0]"', 'with.selection_metrics = ["accuracy"]');
  assertEquals(await problem(DATA + kept + accuracy), "");
  assertEquals(
    await problem(trained + search("train.loss", "maximize")),
    "maximize loss: its best values are at the other end",
  );
  assertEquals(
    await problem(trained + search("labels.loss", "minimize")),
    "labels (labels.get) has no metrics",
  );
});

Deno.test("a pruner requires the horizon of a schedule that the space may choose", async () => {
  const asha = (more: string) =>
    `pruner = { asha = { min = 1, max = 9, eta = 3 } }\nspace."train.${more}`;
  const schedules = asha('learning_rate_schedule" = { choice = ["constant", "cosine"] }');
  const trained = (parameters = "") => DATA + training('in.folds = "folds[0]"', parameters);
  assertStringIncludes(
    await problem(trained() + search("train.loss", "minimize", schedules)),
    "asha requires schedule_epochs of train",
  );
  const fixed = trained("with.schedule_epochs = 9");
  assertEquals(await problem(fixed + search("train.loss", "minimize", schedules)), "");
  assertEquals(
    await problem(trained() + search("train.loss", "minimize", asha('epochs" = { int = [1, 2] }'))),
    "asha sets epochs of train, which the space varies too",
  );
});

/** Splits of splits: the last table is read from `start`, through steps that each keep a part. */
function narrowing(start: string, depth: number, random: Random): { steps: string; last: string } {
  let steps = "";
  let last = start;
  for (let level = 0; level < depth; level++) {
    steps += `[steps.part${level}]\nuses = "split.holdout"\nin.labels = "${last}"\n`;
    last = `part${level}.${random.integer(2) === 0 ? "train" : "validation"}`;
  }
  return { steps, last };
}

/** Ways in which a table becomes part of an objective: the model learns or is chosen by it, or its start did. */
const USES: readonly ((table: string) => string)[] = [
  (table) => training(`in.train = "split.train"\nin.validation = "${table}"`),
  (table) => training(`in.train = "${table}"\nin.validation = "split.train"`),
  (table) =>
    `[steps.parts]\nuses = "split.kfold"\nin.labels = "${table}"\n` +
    training('in.folds = "parts[1]"'),
  (table) =>
    `[steps.parts]\nuses = "split.kfold"\nin.labels = "${table}"\n` +
    training('in.folds = "parts[0]"').replace("steps.train]", "steps.earlier]") +
    training('in.folds = "folds[0]"\nin.transfer = "earlier"'),
];

Deno.test("no objective that reads a test subset is accepted, at whatever depth, and others are", async () => {
  const random = new Random(11, "objectives");
  const opened = '[steps.opened]\nuses = "tables.open"\n' +
    'with = { path = "split", content = "split", subset_name = "held_out" }\n';
  for (let number = 0; number < (full ? 400 : 40); number++) {
    const depth = random.integer(5);
    const use = USES[random.integer(USES.length)];
    const objective = random.integer(2) === 0
      ? search("train.loss", "minimize")
      : evaluated('with.data_group = "validation"') + search("evaluate.BA", "maximize");
    for (const start of ["split.test", "opened.held_out", "split.train", "opened.train"]) {
      const { steps, last } = narrowing(start, depth, random);
      const text = DATA + opened + steps + use(last) + objective;
      const found = await problem(text);
      if (start.endsWith("train")) assertEquals(found, "", text);
      else {
        assertStringIncludes(found, `participants who are set aside: ${start} -> `, text);
        assert(/ -> (train|evaluate)$/.test(found), found);
      }
    }
  }
});
