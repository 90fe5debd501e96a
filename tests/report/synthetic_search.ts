/** A search of sixty trials that nobody ran, with hostile names. */
import { Random } from "../../src/random.ts";
import { importances } from "../../src/search/importances.ts";
import { sampleRandom } from "../../src/search/samplers/random.ts";
import { bestTrial, type Trial } from "../../src/search/trial.ts";
import type { SearchOutcome } from "../../src/report/search/describe.ts";
import type { Search } from "../../src/workflow/graph.ts";

const search: Search = {
  name: "rates",
  metric: { step: "train", name: "loss" },
  goal: "minimize",
  nTrials: 60,
  sampler: "tpe",
  pruner: { kind: "asha", stages: { min: 1, max: 9, eta: 3 } },
  seed: 0,
  parallel: 1,
  space: [
    {
      address: "train.learning_rate",
      domain: { kind: "log_uniform", low: 1e-5, high: 1e-1 },
      when: [],
    },
    {
      address: "train.optimizer",
      domain: { kind: "choice", values: ["Adam", "SGD", "<b>"] },
      when: [],
    },
    {
      address: "train.momentum",
      domain: { kind: "uniform", low: 0, high: 0.95 },
      when: [{ address: "train.optimizer", values: ["SGD"] }],
    },
    { address: "train.n_convblocks", domain: { kind: "int", low: 2, high: 6 }, when: [] },
  ],
  reaches: {},
  outer: { axis: "outer", metric: { step: "evaluate", name: "BA" } },
};

const STAGES = [1, 3, 9];

function trial(number: number): Trial {
  const random = new Random(4, "synthetic search", number);
  const values = sampleRandom(search.space, 4, number, []);
  if (number % 17 === 5) {
    return {
      number,
      values,
      state: "failed",
      curve: [],
      stages: [],
      reason: "the loss is not finite",
    };
  }
  const distance = Math.log10(values["train.learning_rate"] as number) + 3;
  const floor = 0.35 + 0.06 * distance ** 2 + (values["train.optimizer"] === "SGD" ? 0.08 : 0) +
    0.05 * random.uniform();
  const epochs = STAGES[number % 5 === 0 || number % 7 === 3 ? 2 : number % 2];
  const curve = Array.from(
    { length: epochs },
    (_, epoch) => floor + 0.3 / (1 + epoch) + 0.02 * random.uniform(),
  ).map((_, epoch, all) => Math.min(...all.slice(0, epoch + 1)));
  const value = curve[epochs - 1];
  return {
    number,
    values,
    state: epochs === 9 ? "complete" : "pruned",
    value,
    epochs,
    curve,
    stages: [],
  };
}

export function searchOfSixty(): {
  workflow: { name: string; file: string };
  search: Search;
  outcome: SearchOutcome;
} {
  const trials = Array.from({ length: 60 }, (_, number) => trial(number));
  const best = bestTrial(trials, "minimize")!;
  return {
    workflow: { name: "flow <b>", file: "/project/flow.toml" },
    search,
    outcome: {
      trials,
      shares: importances(search.space, trials, "minimize", 0),
      estimate: {
        metric: "BA",
        value: 0.81,
        lower: 0.735,
        upper: 0.885,
        confidence: 0.95,
        participants: 120,
        validation: 0.41,
        folds: [0.84, 0.79, 0.8].map((tested, value) => ({ value, trials, best, tested })),
      },
    },
  };
}
