/** A search over a toy training, which computes a curve from its parameters and counts its epochs. */
import { z } from "zod";
import { openStore } from "../../src/engine/store/store.ts";
import { plan } from "../../src/engine/plan/plan.ts";
import { run } from "../../src/engine/run/run.ts";
import { findSearchProblem } from "../../src/search/objective.ts";
import { runSearch, type SearchResult } from "../../src/search/run_search.ts";
import type { Workflow } from "../../src/workflow/graph.ts";
import { defineStep, type StepKind } from "../../src/workflow/step.ts";
import { readWorkflow } from "../../src/workflow/read.ts";

/** Epochs trained, by learning rate and epoch: `0.01 3`. */
export const trainedEpochs = new Map<string, number>();

/** Called before each epoch. */
export const hooks: { onEpoch?: () => void } = {};

const data = defineStep({
  kind: "data",
  version: 1,
  summary: "What trials share.",
  params: z.object({ size: z.number().default(1).describe("how much") }),
  inputs: {},
  outputs: { labels: { type: "labels", description: "labels" } },
  runs: "inline",
  run: ({ params: { size } }) => {
    if (size === 0) throw new Error("there are no data");
    return Promise.resolve({ labels: { files: { "size.txt": String(size) } } });
  },
});

const training = defineStep({
  kind: "train",
  version: 1,
  summary: "Computes a curve.",
  params: z.object({
    epochs: z.int().min(1).default(9).describe("how many"),
    learning_rate: z.number().positive().default(0.01).describe("best at 0.002"),
    optimizer: z.enum(["Adam", "SGD"]).default("Adam").describe("SGD diverges at rates above 0.05"),
    momentum: z.number().optional().describe("of SGD"),
    selection_metrics: z.array(z.string()).default(["loss"]).describe("metrics"),
  }),
  inputs: { train: { types: ["labels"], description: "labels" } },
  outputs: { model: { type: "model", description: "a curve" } },
  checkParams: ({ optimizer, momentum }) =>
    optimizer === "Adam" && momentum !== undefined
      ? [{ parameter: "momentum", message: "Adam takes no momentum" }]
      : [],
  runs: "inline",
  chain: "epochs",
  async run({ params, checkpoints, signal }) {
    const { learning_rate, epochs, optimizer, momentum = 0 } = params;
    const latest = await checkpoints!.latest(epochs);
    const state = latest ? await latest.artifact.readText("losses.txt") : "";
    const losses = state === "" ? [] : state.split(",").map(Number);
    const save = (final: boolean) =>
      checkpoints!.save(losses.length, { files: { "losses.txt": losses.join() } }, { final });
    for (let epoch = losses.length + 1; epoch <= epochs; epoch++) {
      // An engine's event loop may go on meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 0));
      hooks.onEpoch?.();
      if (signal.aborted && losses.length > 0) await save(false);
      signal.throwIfAborted();
      if (optimizer === "SGD" && learning_rate > 0.05) throw new Error("the loss is not finite");
      const name = `${learning_rate} ${momentum} ${epoch}`;
      trainedEpochs.set(name, (trainedEpochs.get(name) ?? 0) + 1);
      losses.push((Math.log10(learning_rate) + 2.7) ** 2 + momentum ** 2 + 2 / (1 + epoch));
    }
    await save(true);
    const rows = losses.map((loss, epoch) => `${epoch}\t0\t${loss}\n`);
    return {
      model: { files: { "training.tsv": ["epoch\titeration\tloss_valid\n", ...rows].join("") } },
    };
  },
});

const KINDS = { data: load(data), train: load(training) };

function load(kind: StepKind) {
  return () => Promise.resolve({ default: kind });
}

export interface ToySearch {
  /** Keys of `[search.rates]`, replacing the usual ones. */
  keys?: string;
  size?: number;
  /** Epochs of trials that no pruner stops; 9 when absent. */
  epochs?: number;
  retry?: boolean;
  jobs?: number;
  signal?: AbortSignal;
}

/** The workflow that {@link toySearch} has written. */
export function readToy(folder: string, set: readonly string[] = []): Promise<Workflow> {
  return readWorkflow(`${folder}/toy.toml`, {
    kinds: KINDS,
    set,
    checkSearch: (search, instances) => Promise.resolve(findSearchProblem(search, instances)),
  });
}

/** Runs the search in a folder whose cache it uses. */
export async function toySearch(folder: string, options: ToySearch = {}): Promise<SearchResult> {
  await Deno.writeTextFile(
    `${folder}/toy.toml`,
    `version = 1
[steps.data]
uses = "data"
with.size = ${options.size ?? 1}
[steps.train]
uses = "train"
in.train = "data"
with.epochs = ${options.epochs ?? 9}
[search.rates]
metric = "train.loss"
goal = "minimize"
${options.keys ?? "n_trials = 6"}
[search.rates.space]
"train.learning_rate" = { log_uniform = [1e-5, 1e-1] }
"train.optimizer" = { choice = ["Adam", "SGD"] }
"train.momentum" = { uniform = [0, 0.9], when = { "train.optimizer" = "SGD" } }
`,
  );
  const read = (set: readonly string[]) => readToy(folder, set);
  const store = openStore(`${folder}/.gyrus`);
  const base = await read([]);
  return await runSearch(base.searches![0], base, {
    store,
    read,
    plan: (workflow, target) => plan(store, workflow, { targets: [target] }),
    run: (planned, target) =>
      run(store, planned.workflow, {
        targets: [target],
        planned,
        keepGoing: true,
        jobs: options.jobs,
        signal: options.signal,
      }),
    retry: options.retry ?? false,
  });
}
