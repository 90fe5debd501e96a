import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { parseRandomSearch } from "../../../src/steps/train/random_search.ts";
import { sampleRandom } from "../../../src/search/samplers/random.ts";
import { settingsOf } from "../../../src/search/run_search.ts";
import { readWorkflow } from "../../../src/workflow/read.ts";
import { reading } from "../../../src/steps/engine_options.ts";
import { DATA, search, training } from "../../search/search_files.ts";

const FILE = `
[Random_Search]
network_task = "classification"
caps_directory = "caps"
tsv_path = "labels"
preprocessing_json = "extract.json"
n_convblocks = [2, 4]
first_conv_width = [4, 8, 16]
n_fcblocks = [1, 2]
d_reduction = ["MaxPooling", "stride"]
network_normalization = ["BatchNorm", "None"]
channels_limit = 64
n_conv = [1, 2]
wd_bool = [true, false]

[Architecture]
dropout = [0, 0.5]

[Optimization]
epochs = 7
learning_rate = [3, 5]
weight_decay = [2, 4]
optimizer = ["Adam", "SGD"]
accumulation_steps = [1, 4]

[Data]
normalize = true
data_augmentation = false
`;

const parse = (text: string) => parseRandomSearch(text, "random_search.toml", "classification");

Deno.test("random_search.toml becomes the space that ClinicaDL draws from", () => {
  assertEquals(parse(FILE), {
    architecture: { choice: ["RandomArchitecture"] },
    dropout: { uniform: [0, 0.5] },
    epochs: { choice: [7] },
    learning_rate: { log_uniform: [1e-5, 1e-3] },
    weight_decay: { log_uniform: [1e-4, 1e-2], or: 0 },
    optimizer: { choice: ["Adam", "SGD"] },
    accumulation_steps: { int: [1, 4] },
    normalize: { choice: [true] },
    data_augmentation: { choice: [[]] },
    n_convblocks: { int: [2, 4] },
    first_conv_width: { choice: [4, 8, 16] },
    n_fcblocks: { int: [1, 2] },
    d_reduction: { choice: ["MaxPooling", "stride"] },
    network_normalization: { choice: ["BatchNorm", "None"] },
    channels_limit: { choice: [64] },
    n_conv: { choice: [1, 2] },
  });
});

Deno.test("a learning rate that is not written keeps its default, where ClinicaDL has 0.9998", () => {
  const space = parse(
    FILE.replace("learning_rate = [3, 5]\n", "").replace("weight_decay = [2, 4]\n", ""),
  );
  assertEquals(space.learning_rate, undefined);
  assertEquals(space.weight_decay, { choice: [0, 1e-4] });
  assertEquals(parse(FILE.replace("[3, 5]", "4")).learning_rate, { choice: [1e-4] });
  assertEquals(parse(FILE.replace("[true, false]", "false")).weight_decay, { choice: [0] });
  assertEquals(parse(FILE.replace("[true, false]", "true")).weight_decay, {
    log_uniform: [1e-4, 1e-2],
  });
});

const refused: readonly [situation: string, from: string, to: string, message: string][] = [
  [
    "a file without its section",
    "[Random_Search]",
    "[Model]",
    "lacks the section [Random_Search]",
  ],
  [
    "a rate where an exponent belongs",
    "[3, 5]",
    "0.001",
    "learning_rate is an exponent in a random search: 0.001 would be 10^-0.001 = 0.9977; write 3 for 0.001",
  ],
  [
    "a search for another task",
    '"classification"',
    '"regression"',
    "is for regression, and the step is a classification",
  ],
  [
    "a network without blocks",
    "n_convblocks = [2, 4]\n",
    "",
    'lacks "n_convblocks" in [Random_Search]',
  ],
  [
    "a key that there is not",
    "n_conv = [1, 2]",
    "n_convs = [1, 2]",
    'unknown key "n_convs" in [Random_Search]',
  ],
  [
    "a key in two sections",
    "n_conv = [1, 2]",
    "dropout = 0.1",
    "dropout is in [Random_Search] and in another section",
  ],
  [
    "a range from the larger number",
    "[2, 4]",
    "[4, 2]",
    "n_convblocks must be two numbers, the smaller first, or one, not [4,2]",
  ],
  ["a range of three", "[1, 4]", "[1, 2, 4]", "accumulation_steps must be two numbers"],
];

for (const [situation, from, to, message] of refused) {
  Deno.test(`${situation} is refused in random_search.toml`, () => {
    assertStringIncludes(FILE, from);
    const error = assertThrows(() => parse(FILE.replace(from, to)), DataError);
    assertStringIncludes(error.message, message);
  });
}

Deno.test("config_file of a search is its space, whose entries replace it, and each trial is a valid workflow", async () => {
  const text = DATA + training('in.folds = "folds[0]"') +
    search(
      "train.loss",
      "minimize",
      'config_file = "random_search.toml"',
      '"train.n_fcblocks" = { int = [1, 3] }',
    );
  const read = (set: readonly string[] = []) =>
    readWorkflow("/project/a.toml", {
      ...reading,
      set,
      readText: (path) => Promise.resolve(path.endsWith("search.toml") ? FILE : text),
    });
  const [{ space }] = (await read()).searches!;
  const of = (address: string) => space.find((each) => each.address === address)!;
  assertEquals(of("train.n_fcblocks").domain, { kind: "int", low: 1, high: 3 });
  assertEquals(of("train.weight_decay").when, [{ address: "train.weight_decay?", values: [true] }]);
  let without = 0;
  for (let trial = 0; trial < 12; trial++) {
    const values = sampleRandom(space, 3, trial, []);
    const { instances } = await read(settingsOf(space, values));
    const { params } = instances.find(({ step }) => step === "train")!;
    assertEquals(params.architecture, "RandomArchitecture");
    assertEquals(params.epochs, 7);
    if (params.weight_decay === 0) without++;
    else assert(1e-4 <= Number(params.weight_decay) && Number(params.weight_decay) <= 1e-2);
  }
  assert(0 < without && without < 12);
});
