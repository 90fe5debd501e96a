import { assertEquals } from "@std/assert";
import { DATA, evaluated, problem, search, training } from "./search_files.ts";

const onFold = DATA + training('in.folds = "folds[0]"');
const moves = (path: string) => `a search must not vary who is in which set: ${path}`;
const by = (space: string) => search("train.loss", "minimize", "", space);

const refused: readonly [space: string, message: string][] = [
  ['"split.seed" = { int = [0, 9] }', moves("split.seed -> split.train -> folds -> train")],
  [
    '"split.n_test" = { uniform = [0.1, 0.5] }',
    moves("split.n_test -> split.train -> folds -> train"),
  ],
  ['"folds.seed" = { int = [0, 9] }', moves("folds.seed -> train")],
  ['"folds.n_splits" = { int = [2, 9] }', moves("folds.n_splits -> train")],
  [
    '"labels.diagnoses" = { choice = [["AD", "CN"], ["AD", "MCI"]] }',
    moves("labels.diagnoses -> split.train -> folds -> train"),
  ],
  [
    '"caps.n_subjects" = { int = [8, 64] }',
    moves("caps.n_subjects -> caps.caps -> labels -> split.train -> folds -> train"),
  ],
  [
    '"train.diagnoses" = { choice = [["AD"], ["CN"]] }',
    "a search must not vary which participants or values its metric is computed from: train.diagnoses",
  ],
  [
    '"train.loss" = { choice = ["CrossEntropyLoss", "MultiMarginLoss"] }',
    "a search must not vary which participants or values its metric is computed from: train.loss",
  ],
  [
    '"train.label_smoothing" = { uniform = [0, 0.2] }',
    "a search must not vary which participants or values its metric is computed from: train.label_smoothing",
  ],
];

Deno.test("a search over a parameter that changes who is in which set is refused with the path", async () => {
  for (const [space, message] of refused) assertEquals(await problem(onFold + by(space)), message);
});

Deno.test("the loss may vary where the metric is another, and so may the training set of sessions", async () => {
  const losses = '"train.loss" = { choice = ["CrossEntropyLoss", "MultiMarginLoss"] }';
  const kept = DATA + training('in.folds = "folds[0]"', 'with.selection_metrics = ["BA"]');
  assertEquals(await problem(kept + search("train.BA", "maximize", "", losses)), "");
  assertEquals(await problem(onFold + by('"train.baseline" = { choice = [true, false] }')), "");
  assertEquals(await problem(onFold + by('"slices.slice_direction" = { int = [0, 2] }')), "");
});

Deno.test("what is predicted and how groups are formed may not vary, how votes are weighed may", async () => {
  const text = onFold + evaluated('with.data_group = "validation"');
  const by = (space: string) => problem(text + search("evaluate.BA", "maximize", "", space));
  assertEquals(
    await by('"predict.data_group" = { choice = ["train", "validation"] }'),
    "a search must not vary which participants or values its metric is computed from: predict.data_group -> evaluate",
  );
  assertEquals(
    await by('"train.label" = { choice = ["diagnosis", "sex"] }'),
    "a search must not vary which participants or values its metric is computed from: train.label -> predict -> evaluate",
  );
  assertEquals(await by('"predict.voting" = { choice = ["soft", "hard"] }'), "");
});

Deno.test("a value of [params] is followed to the steps that it reaches", async () => {
  const base = (value: string) =>
    onFold.replace("version = 1", `version = 1\n[params]\nchosen = 1\nindirect = "${value}"`);
  const chosen = (text: string) => problem(text + by('"params.chosen" = { int = [1, 3] }'));
  assertEquals(
    await chosen(base("${params.chosen}") + 'with.seed = "${params.indirect}"\n'),
    "",
  );
  const split = (text: string) =>
    text.replace(
      'with.subset_name = "test"',
      'with = { subset_name = "test", seed = "${params.indirect}" }',
    );
  assertEquals(
    await chosen(split(base("${params.chosen}"))),
    moves("split.seed -> split.train -> folds -> train"),
  );
  assertEquals(
    await chosen(base("x").replace('"folds[0]"', '"folds[${params.chosen}]"')),
    "a search must not vary what train reads: train",
  );
  const seeds = 'matrix.seed = ["${params.chosen}"]';
  assertEquals(
    await chosen(
      base("x").replace("[steps.split]", `[steps.split]\n${seeds}`)
        .replace("[steps.folds]", '[steps.folds]\nmatrix = "split"')
        .replace("[steps.train]", '[steps.train]\nmatrix = "folds"')
        .replace('subset_name = "test"', 'subset_name = "test"\nwith.seed = "${matrix.seed}"'),
    ),
    "a search must not vary what split reads: split[seed=1].train -> folds[seed=1] -> train[seed=1]",
  );
});
