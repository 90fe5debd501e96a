import { assertEquals } from "@std/assert";
import { experiment, issues, read } from "../reading.ts";

const search = (text: string) => `${experiment}\n[search.rates]\n${text}`;

const complete = search(`metric = "train.loss"
goal = "minimize"
n_trials = 30
pruner = { asha = { min = 1, max = 9, eta = 3 } }
[search.rates.space]
"predict.batch_size" = { int = [1, 64], when = { "train.multi_network" = true } }
"train.multi_network" = { choice = [true, false] }
`);

Deno.test("a search is read with its defaults, each parameter after those of its condition", async () => {
  const { searches } = await read(complete);
  const [{ place: _, ...found }] = searches!;
  assertEquals(found, {
    name: "rates",
    metric: { step: "train", name: "loss" },
    goal: "minimize",
    nTrials: 30,
    sampler: "tpe",
    pruner: { kind: "asha", stages: { min: 1, max: 9, eta: 3 } },
    seed: 0,
    parallel: 1,
    space: [
      {
        address: "train.multi_network",
        domain: { kind: "choice", values: [true, false] },
        when: [],
      },
      {
        address: "predict.batch_size",
        domain: { kind: "int", low: 1, high: 64 },
        when: [{ address: "train.multi_network", values: [true] }],
      },
    ],
    reaches: {
      "train.multi_network": [{ step: "train", parameter: "multi_network" }],
      "predict.batch_size": [{ step: "predict", parameter: "batch_size" }],
    },
  });
});

Deno.test("a workflow without searches has none", async () => {
  assertEquals((await read(experiment)).searches, undefined);
});

Deno.test("an included search is continued by the file that includes it", async () => {
  const { searches } = await read({
    "a.toml": 'version = 1\ninclude = "b.toml"\n[search.rates]\nn_trials = 60\n',
    "b.toml": complete,
  });
  assertEquals(searches![0].nTrials, 60);
  assertEquals(searches![0].space.length, 2);
});

/** Messages without their excerpts. */
async function messages(text: string): Promise<string[]> {
  return (await issues(search(text))).split("\n")
    .filter((line) => !/^(\/|\d|a\.toml|\s|\||$)/.test(line) && !/^\d* \|/.test(line));
}

const table: readonly [situation: string, text: string, message: string][] = [
  [
    "a search with a key that is none",
    'metric = "train.loss"\ngoal = "minimize"\nn_trial = 3\nn_trials = 3\nspace."train.epochs" = { int = [1, 2] }',
    'unknown key "n_trial" of a search; did you mean "n_trials"?',
  ],
  [
    "a search without a goal",
    'metric = "train.loss"\nn_trials = 3\nspace."train.epochs" = { int = [1, 2] }',
    'search rates: goal is missing; write goal = "minimize" or "maximize"',
  ],
  [
    "a search by a metric of a step that is not there",
    'metric = "trian.loss"\ngoal = "minimize"\nn_trials = 3\nspace."train.epochs" = { int = [1, 2] }',
    'there is no step "trian"; did you mean "train"?',
  ],
  [
    "a search over a parameter that its step lacks",
    'metric = "train.loss"\ngoal = "minimize"\nn_trials = 3\nspace."train.epoch" = { int = [1, 2] }',
    'unknown parameter "epoch" of train.classification; did you mean "epochs"?',
  ],
  [
    "a search beyond the range of a parameter",
    'metric = "train.loss"\ngoal = "minimize"\nn_trials = 3\nspace."train.epochs" = { int = [0, 2] }',
    "epochs of train.classification must be at least 1; it is 0",
  ],
  [
    "a range from the larger to the smaller number",
    'metric = "train.loss"\ngoal = "minimize"\nn_trials = 3\nspace."train.epochs" = { int = [2, 1] }',
    "train.epochs: int must be two numbers, the smaller first; write one of { uniform = [0, 1] }, " +
    '{ log_uniform = [1e-5, 1e-2] }, { int = [1, 8] }, { choice = ["a", "b"] }',
  ],
  [
    "a condition on a parameter outside the space",
    'metric = "train.loss"\ngoal = "minimize"\nn_trials = 3\n' +
    'space."train.epochs" = { int = [1, 2], when = { "train.x" = 1 } }',
    'when names "train.x", which is not in the space; known: train.epochs',
  ],
  [
    "conditions in a circle",
    'metric = "train.loss"\ngoal = "minimize"\nn_trials = 3\n' +
    'space."train.epochs" = { int = [1, 2], when = { "caps.n_subjects" = 5 } }\n' +
    'space."caps.n_subjects" = { int = [4, 9], when = { "train.epochs" = 1 } }',
    "conditions form a circle: train.epochs -> caps.n_subjects -> train.epochs",
  ],
  [
    "a pruner without its stages",
    'metric = "train.loss"\ngoal = "minimize"\nn_trials = 3\npruner = { asha = { min = 3, max = 1, eta = 3 } }\n' +
    'space."train.multi_network" = { choice = [true, false] }',
    "asha requires whole numbers min, max and eta, in epochs: 1 <= min <= max, eta at least 2; " +
    "write pruner = { asha = { min = 1, max = 27, eta = 3 } }",
  ],
];
for (const [situation, text, message] of table) {
  Deno.test(`${situation} is reported`, async () => assertEquals(await messages(text), [message]));
}
