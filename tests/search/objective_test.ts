import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Random } from "../../src/random.ts";
import { DATA, evaluated, problem, search, training } from "./search_files.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";

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
    search(
      "train.loss",
      "minimize",
      "pruner = { asha = { min = 1, max = 9, eta = 3 } }",
      `"train.${more}`,
    );
  const schedules = asha('learning_rate_schedule" = { choice = ["constant", "cosine"] }');
  const trained = (parameters = "") => DATA + training('in.folds = "folds[0]"', parameters);
  assertStringIncludes(
    await problem(trained() + schedules),
    "asha requires schedule_epochs of train",
  );
  const fixed = trained("with.schedule_epochs = 9");
  assertEquals(await problem(fixed + schedules), "");
  assertEquals(
    await problem(trained() + asha('epochs" = { int = [1, 2] }')),
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
