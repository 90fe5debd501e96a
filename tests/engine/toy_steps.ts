/** Step kinds that need no tensor and no device; tests and workers import them. */
import { z } from "zod";
import { pathParameter } from "../../src/workflow/path_parameter.ts";
import { type Artifact, defineStep, type StepKind } from "../../src/workflow/step.ts";

const value = { type: "value", description: "one text" };

function textOf(input: Artifact | readonly Artifact[] | undefined): Promise<string[]> {
  const artifacts = input === undefined ? [] : [input].flat() as Artifact[];
  return Promise.all(artifacts.map((artifact) => artifact.readText("value.txt")));
}

/** Writes a text. */
export const constant = defineStep({
  kind: "constant",
  version: 1,
  summary: "Writes a text.",
  params: z.object({ text: z.string().default("hello").describe("what to write") }),
  inputs: {},
  outputs: { value },
  runs: "inline",
  run: ({ params }) => Promise.resolve({ value: { files: { "value.txt": params.text } } }),
});

/** Joins its inputs. */
export const join = defineStep({
  kind: "join",
  version: 1,
  summary: "Joins texts.",
  params: z.object({
    separator: z.string().default("+").describe("between texts"),
    first: z.number().optional().describe("keep so many characters"),
  }),
  inputs: { values: { types: ["value"], description: "texts", many: true } },
  outputs: { value },
  runs: "inline",
  async run({ params, inputs }) {
    const text = (await textOf(inputs.values)).join(params.separator);
    return { value: { files: { "value.txt": text.slice(0, params.first) } } };
  },
});

/** As `join`, on a thread of its own, and slow. */
export const slow = defineStep({
  kind: "slow",
  version: 1,
  summary: "Works for a while on its own thread.",
  params: z.object({
    milliseconds: z.number().default(50).describe("how long"),
    salt: z.number().default(0).describe("makes it another"),
  }),
  inputs: { values: { types: ["value"], description: "texts", many: true, optional: true } },
  outputs: { value },
  runs: "worker",
  async run({ params, inputs, signal, log, progress, put }) {
    const until = performance.now() + params.milliseconds;
    while (performance.now() < until) {
      signal.throwIfAborted();
      progress({ fraction: 1 - (until - performance.now()) / params.milliseconds });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    log(`worked on ${params.salt}`);
    const text = `${params.salt}(${(await textOf(inputs.values)).join(",")})`;
    return { value: { files: { "value.txt": await put(new TextEncoder().encode(text)) } } };
  },
});

/** A list of texts. */
export const list = defineStep({
  kind: "list",
  version: 1,
  summary: "Lists texts.",
  params: z.object({ texts: z.array(z.string()).describe("elements") }),
  inputs: {},
  outputs: { values: { type: "values", list: "value", description: "texts" } },
  runs: "inline",
  run: ({ params }) =>
    Promise.resolve({
      values: {
        items: params.texts.map((text) => ({
          files: { "value.txt": text },
        })),
      },
    }),
});

/** Reads a file whose path is a parameter. */
export const readFile = defineStep({
  kind: "file",
  version: 1,
  summary: "Reads a file.",
  params: z.object({ path: pathParameter().describe("the file") }),
  inputs: {},
  outputs: { value },
  runs: "inline",
  async run({ params, external, get }) {
    return { value: { files: { "value.txt": await get(await external(params.path)) } } };
  },
});

/** Indexes a folder outside the store, as `caps.open` does. */
export const folder = defineStep({
  kind: "folder",
  version: 1,
  summary: "Opens a folder.",
  params: z.object({ path: pathParameter().describe("the folder") }),
  inputs: {},
  outputs: { value: { type: "folder", description: "its files" } },
  runs: "inline",
  source: true,
  async run({ params, external }) {
    const files: Record<string, Awaited<ReturnType<typeof external>>> = {};
    for (const entry of Deno.readDirSync(params.path)) {
      files[entry.name] = await external(`${params.path}/${entry.name}`);
    }
    return { value: { files } };
  },
});

/** Writes how many files a folder has. */
export const countFiles = defineStep({
  kind: "count",
  version: 1,
  summary: "counts the files of a folder",
  params: z.object({}),
  inputs: { folder: { types: ["folder"], description: "a folder" } },
  outputs: { value },
  runs: "worker",
  run: ({ inputs }) => {
    const { files } = inputs.folder as Artifact;
    return Promise.resolve({ value: { files: { "value.txt": String(files.length) } } });
  },
});

/** Keeps a running sum, with checkpoints. */
export const train = defineStep({
  kind: "train",
  version: 1,
  summary: "Adds one an epoch.",
  params: z.object({
    epochs: z.number().describe("how many"),
    rate: z.number().default(1).describe("a step's size"),
    checkpoint_interval: z.number().default(0).describe("seconds"),
  }),
  inputs: {},
  outputs: { value },
  runs: "inline",
  chain: "epochs",
  unkeyed: ["checkpoint_interval"],
  async run({ params, checkpoints, log, progress, signal }) {
    const latest = await checkpoints!.latest(params.epochs);
    let sum = latest ? Number(await latest.artifact.readText("sum.txt")) : 0;
    for (let epoch = (latest?.position ?? 0) + 1; epoch <= params.epochs; epoch++) {
      signal.throwIfAborted();
      sum += params.rate;
      log(`epoch ${epoch}`);
      progress({ fraction: epoch / params.epochs, metrics: { sum } });
      const final = epoch === params.epochs;
      await checkpoints!.save(epoch, { files: { "sum.txt": String(sum) } }, { final });
    }
    return { value: { files: { "value.txt": String(sum) } } };
  },
});

/** Runs on a "device". */
export const device = defineStep({
  kind: "device",
  version: 1,
  summary: "Pretends to need a device.",
  params: z.object({}),
  inputs: { values: { types: ["value"], description: "texts", many: true } },
  outputs: { value },
  runs: "device",
  run: async ({ inputs }) => ({
    value: { files: { "value.txt": (await textOf(inputs.values)).join() } },
  }),
});

/** Fails, always or until its flag file exists. */
export const failing = defineStep({
  kind: "failing",
  version: 1,
  summary: "Fails.",
  params: z.object({ message: z.string().default("no luck").describe("message of the error") }),
  inputs: {},
  outputs: { value },
  runs: "inline",
  async run({ params, log, put }) {
    log("about to fail");
    await put(new TextEncoder().encode("half a result"));
    throw new Error(params.message);
  },
});

/** Caches each element by itself. */
export const memoized = defineStep({
  kind: "memoized",
  version: 1,
  summary: "Upper-cases words, each cached.",
  params: z.object({ words: z.array(z.string()).describe("words") }),
  inputs: {},
  outputs: { value },
  runs: "inline",
  async run({ params, memo, log }) {
    const files: Record<string, Awaited<ReturnType<typeof memo>>> = {};
    for (const word of params.words) {
      files[`${word}.txt`] = await memo({ word }, () => {
        log(`computed ${word}`);
        return Promise.resolve(new TextEncoder().encode(word.toUpperCase()));
      });
    }
    return { value: { files } };
  },
});

export const stepKinds: readonly StepKind[] = [
  constant,
  join,
  slow,
  list,
  readFile,
  folder,
  countFiles,
  train,
  device,
  failing,
  memoized,
] as unknown as readonly StepKind[];

export function loadKind(name: string): Promise<StepKind | undefined> {
  return Promise.resolve(stepKinds.find(({ kind }) => kind === name));
}
