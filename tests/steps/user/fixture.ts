/** A folder for a user's step, a secret outside it, and a context that records what the step does. */
import { DataError } from "../../../src/errors.ts";
import type { Artifact, Blob, StepContext } from "../../../src/workflow/step.ts";
import { digestOf } from "../../../src/engine/store/digest.ts";

export interface Fixture extends AsyncDisposable {
  /** The step's folder; `../secret.txt` and `../outside.ts` are outside it. */
  folder: string;
  write(name: string, text: string): Promise<string>;
}

export async function stepFolder(): Promise<Fixture> {
  const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "gyrus step " }));
  const folder = `${root}/steps`;
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${root}/secret.txt`, "a secret");
  await Deno.writeTextFile(`${root}/secret.json`, '"a secret"');
  await Deno.writeTextFile(`${root}/outside.ts`, 'export const secret = "a secret";\n');
  return {
    folder,
    async write(name, text) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
      return `${folder}/${name}`;
    },
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

/** A step whose `run` is this text. */
export function stepText(run: string, imports = ""): string {
  return `${imports}
import { defineStep, pathParameter, z } from "gyrus";
export default defineStep({
  kind: "my.step",
  version: 1,
  summary: "A step of a test",
  params: z.object({
    n: z.int().min(1).max(9).default(3).describe("A number"),
    file: pathParameter().optional().describe("A file"),
  }),
  inputs: { caps: { types: ["caps"], description: "Images", optional: true } },
  outputs: { table: { type: "table", description: "What was found" } },
  runs: "worker",
  async run(context) {
    ${run}
  },
});
`;
}

/** A step whose parameter `n` chooses which of these texts it runs: one declaration for all. */
export function stepTextOf(runs: readonly string[]): string {
  const choices = runs.map((run, index) => `if (context.params.n === ${index}) { ${run} }`);
  return stepText(choices.join("\n")).replace("min(1).max(9)", "min(0)");
}

/** A context, and what the step logged through it. */
export interface Recorded {
  context: StepContext<Record<string, unknown>>;
  logs: string[];
}

export function recordingContext(
  params: Record<string, unknown> = { n: 3 },
  inputs: Record<string, Artifact> = {},
  signal = new AbortController().signal,
): Recorded {
  const logs: string[] = [];
  const blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  const store = (bytes: Uint8Array): Blob => {
    const digest = digestOf(bytes);
    blobs.set(digest, new Uint8Array(bytes));
    return { digest, size: bytes.length };
  };
  const context: StepContext<Record<string, unknown>> = {
    params,
    inputs,
    services: undefined,
    signal,
    cpus: 1,
    log: (message) => logs.push(message),
    warn: (message) => logs.push(`warning: ${message}`),
    progress: (update) => logs.push(JSON.stringify(update)),
    put: (bytes) => Promise.resolve(store(bytes)),
    get: (blob) => {
      const bytes = blobs.get(blob.digest);
      return bytes ? Promise.resolve(bytes) : Promise.reject(new DataError(blob.digest, "is gone"));
    },
    external: async (path) => store(await Deno.readFile(path)),
    memo: async (_key, compute) => store(await compute()),
  };
  return { context, logs };
}

export function capsArtifact(text: string): Artifact {
  const bytes = new TextEncoder().encode(text);
  const digest = digestOf(bytes);
  return {
    type: "caps",
    digest,
    meta: { source: "caps" },
    files: [{ path: "images.tsv", digest, size: bytes.length }],
    read: (path) =>
      path === "images.tsv"
        ? Promise.resolve(bytes)
        : Promise.reject(new DataError(path, "no such file")),
    readText: () => Promise.resolve(text),
  };
}
