import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { problem, search } from "./search_files.ts";

/** Three outer folds, each with an inner split of its training part, and an evaluation of all their tests. */
const NESTED = `version = 1
[steps.caps]
uses = "generate.phantom"
[steps.slices]
uses = "extract.slices"
in.caps = "caps"
[steps.labels]
uses = "labels.get"
in.caps = "caps"
[steps.outer]
uses = "split.kfold"
in.labels = "labels"
with.n_splits = 3
[steps.parts]
uses = "split.fold"
matrix.outer = { range = 3 }
in.folds = "outer[\${matrix.outer}]"
[steps.inner]
uses = "split.kfold"
matrix = "parts"
in.labels = "parts.train"
with.n_splits = 2
[steps.train]
uses = "train.classification"
matrix.outer = { range = 3 }
matrix.fold = { range = 2 }
in.images = "slices"
in.folds = "inner[\${matrix.fold}]"
with.selection_metrics = ["BA"]
[steps.predict]
uses = "predict"
matrix = "train"
in.model = "train"
in.images = "slices"
in.participants = "parts.test"
[steps.evaluate]
uses = "evaluate"
in.predictions = "predict[*]"
`;

const OUTER = 'outer = { axis = "outer", metric = "evaluate.BA" }';
const nested = search("train.BA", "maximize", OUTER);

/** The file with some texts replaced, and `[search]`. */
function changed(...replacements: readonly [from: string, to: string][]): string {
  let text = NESTED;
  for (const [from, to] of replacements) {
    assertStringIncludes(text, from);
    text = text.replaceAll(from, to);
  }
  return text + nested;
}

Deno.test("a search inside outer folds may be tested on those who are set aside in each", async () => {
  assertEquals(await problem(NESTED + nested), "");
  // Repeated holdouts are outer folds too.
  const holdouts = changed(
    [
      'uses = "split.fold"',
      'uses = "split.holdout"\nwith = { subset_name = "test", seed = "${matrix.outer}" }',
    ],
    ['in.folds = "outer[${matrix.outer}]"', 'in.labels = "labels"'],
  );
  assertEquals(await problem(holdouts), "");
});

Deno.test("without outer folds a search may not read the training parts of folds whose others are tested on", async () => {
  assertEquals(
    await problem(NESTED + search("train.BA", "maximize")),
    "a search must not read participants who are set aside as parts[outer=1].test: " +
      "outer -> parts[outer=0].train -> inner[outer=0] -> train[fold=0,outer=0]",
  );
});

const refused: readonly [situation: string, text: string, message: string][] = [
  [
    "an objective that is validated on an outer fold",
    changed(["inner[${matrix.fold}]", "outer[${matrix.outer}]"], [
      '["BA"]',
      '["BA"]\nwith.seed = "${matrix.fold}"',
    ]),
    "a search must not read participants who are set aside as parts[outer=0].test: outer -> train[",
  ],
  [
    "an objective on all labels",
    changed(['in.labels = "parts.train"', 'in.labels = "labels"']),
    "in an outer fold a search may read the training part alone, not parts[outer=0].test as well: " +
    "labels -> inner[outer=0] -> train[",
  ],
  [
    "an objective on the training part of another outer fold",
    changed(['in.labels = "parts.train"', 'in.labels = "parts[outer=0].train"']),
    "in an outer fold a search may read the training part alone, not parts[outer=1].test as well: " +
    "labels -> outer -> parts[outer=0].train -> inner[outer=1] -> train[",
  ],
  [
    "an objective that reads the test part through an inner split",
    changed(['in.labels = "parts.train"', 'in.labels = "parts.test"']),
    "a search must not read participants who are set aside: parts[outer=0].test -> inner[outer=0] -> train[",
  ],
  [
    "a test on those whom the search has read",
    changed(['in.participants = "parts.test"', 'in.participants = "parts.train"']),
    "predict[fold=0,outer=0] predicts no participants who are set aside",
  ],
  [
    "a test that allows training data",
    changed([
      'in.participants = "parts.test"',
      'in.participants = "parts.test"\nwith.on_training_data = true',
    ]),
    "predict[fold=0,outer=0] predicts no participants who are set aside",
  ],
  [
    "one outer fold",
    changed(["{ range = 3 }", "{ range = 1 }"]),
    "outer has one value: a search needs two outer folds",
  ],
  [
    "an axis that the training lacks",
    NESTED + search("train.BA", "maximize", OUTER.replace('"outer"', '"other"')),
    'train has no matrix axis "other", so no outer folds',
  ],
  [
    "a test that is no evaluation",
    NESTED + search("train.BA", "maximize", OUTER.replace("evaluate.", "predict.")),
    "outer folds need one instance of evaluate, which predict is not",
  ],
  [
    "a space that the test does not depend on",
    NESTED + "[params]\nunused = 1\n" + search(
      "train.BA",
      "maximize",
      OUTER,
      '"params.unused" = { int = [1, 3] }',
    ),
    "evaluate does not depend on params.unused, which the space varies",
  ],
];

for (const [situation, text, message] of refused) {
  Deno.test(`${situation} is refused`, async () => {
    const found = await problem(text);
    assert(found.startsWith(message), `${found}\ninstead of\n${message}`);
  });
}
