/** A folder with a workflow of a user's steps, run here or as jobs of a cluster. */
import { openCluster, type Pace } from "../../../src/cli/cluster/open_cluster.ts";
import { Submissions } from "../../../src/engine/cluster/submissions.ts";
import { diskFiles } from "../../../src/disk/operations.ts";
import type { EngineEvent } from "../../../src/engine/plan/events.ts";
import { run, type RunOptions, type RunResult } from "../../../src/engine/run/run.ts";
import { openStore, type Store } from "../../../src/engine/store/store.ts";
import { reading, running } from "../../../src/steps/engine_options.ts";
import type { Workflow } from "../../../src/workflow/graph.ts";
import { type ReadOptions, readWorkflow } from "../../../src/workflow/read.ts";

/** Tests ask the scheduler more often than a site would like. */
export const PACE: Pace = { recordsMs: 100, queueMs: 400, visibilityMs: 1_500 };

/** Waits, writes, saves checkpoints or fails, as its parameters demand. */
const WORK = `import { defineStep, z } from "gyrus";

export default defineStep({
  kind: "work",
  version: 1,
  summary: "Works",
  params: z.object({
    n: z.int().default(0).describe("Makes it another"),
    milliseconds: z.int().default(0).describe("Time that it takes"),
    megabytes: z.int().default(0).describe("What it stores, a megabyte each"),
    allocate: z.int().default(0).describe("Megabytes of memory"),
    until: z.string().default("").describe("Fails while its inputs have this text"),
    epochs: z.int().default(0).describe("Checkpoints"),
  }),
  inputs: { before: { types: ["text"], description: "Texts", optional: true, many: true } },
  outputs: { text: { type: "text", description: "A text" } },
  runs: "worker",
  chain: "epochs",
  async run({ params, inputs, put, log, progress, signal, checkpoints }) {
    const { n, milliseconds, megabytes, epochs } = params;
    const texts = [];
    for (const input of [inputs.before ?? []].flat()) texts.push(await input.readText("text.txt"));
    log("working on " + n);
    const files = {};
    const pause = (time) => new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      if (signal.aborted) reject(signal.reason);
      setTimeout(resolve, time);
    });
    for (let at = 0; at < megabytes; at++) {
      const bytes = new Uint8Array(1 << 20).fill(n + at);
      new DataView(bytes.buffer).setUint32(0, at);
      files["part-" + at] = await put(bytes);
      await pause(milliseconds / megabytes);
    }
    const latest = await checkpoints?.latest(epochs);
    let sum = latest ? Number(await latest.artifact.readText("sum.txt")) : 0;
    for (let epoch = (latest?.position ?? 0) + 1; epoch <= epochs; epoch++) {
      await pause(milliseconds / epochs);
      sum += epoch;
      progress({ fraction: epoch / epochs, message: "epoch " + epoch + "/" + epochs });
      await checkpoints.save(epoch, { files: { "sum.txt": String(sum) } }, { final: epoch === epochs });
    }
    if (megabytes === 0 && epochs === 0) await pause(milliseconds);
    if (params.until !== "" && texts.join().includes(params.until)) throw new Error("told to fail");
    return { text: { files: { ...files, "text.txt": n + ":" + sum + "(" + texts.join() + ")" } } };
  },
});
`;

export class ClusterProject implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly events: EngineEvent[] = [];

  private constructor(readonly folder: string) {}

  /** @param workflow text below \`version\`, with the profile \`cluster\` appended */
  static async make(workflow: string, profile: readonly string[] = []): Promise<ClusterProject> {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "gyrus-cluster-" }));
    const project = new ClusterProject(folder);
    await Deno.writeTextFile(`${folder}/work.ts`, WORK);
    await project.write(workflow, profile);
    return project;
  }

  get file(): string {
    return `${this.folder}/flow.toml`;
  }

  async write(workflow: string, profile: readonly string[] = []): Promise<void> {
    const text = [
      "version = 1",
      workflow,
      "[profile.cluster]",
      ...profile.some((line) => line.startsWith("executor")) ? [] : ['executor = "slurm"'],
      ...profile,
      "",
    ].join("\n");
    await Deno.writeTextFile(this.file, text);
  }

  store(name = ".gyrus"): Store {
    return openStore(`${this.folder}/${name}`);
  }

  /** One after the other: a step's module has ten seconds to load, however many load at once. */
  async #read(options: Pick<ReadOptions, "set" | "profile">): Promise<Workflow> {
    const before = ClusterProject.#reading;
    const own = before.then(() => readWorkflow(this.file, { ...reading, ...options }));
    ClusterProject.#reading = own.catch(() => {});
    return await own;
  }
  static #reading: Promise<unknown> = Promise.resolve();

  /** On this machine, into another cache. */
  async runHere(options: RunOptions = {}, set: readonly string[] = []): Promise<RunResult> {
    const workflow = await this.#read({ set });
    return await run(this.store("here"), workflow, { ...running, keepGoing: true, ...options });
  }

  /** As jobs. */
  async runJobs(options: RunOptions = {}, set: readonly string[] = []): Promise<RunResult> {
    const workflow = await this.#read({ set, profile: "cluster" });
    const store = this.store();
    const { signal = new AbortController().signal } = options;
    const report = (line: string) => void this.lines.push(line);
    return await run(store, workflow, {
      ...running,
      ...openCluster(store, workflow, signal, report, undefined, PACE),
      onEvent: (event) => void this.events.push(event),
      ...options,
    });
  }

  /** Calls of the scheduler's submission. */
  submittedArrays(): number {
    return this.submissions().reduce((sum, { arrays }) => sum + arrays.length, 0);
  }

  submissions() {
    const store = this.store();
    const ids = store.files.list(`${store.root}/jobs`).sort();
    return ids.flatMap((id) => new Submissions(store).read(id) ?? []);
  }

  /** Whether the job of an instance has reported a message. */
  hasProgress(instance: string, message: string): boolean {
    return this.submissions().some(({ id, arrays }) =>
      arrays.flatMap(({ tasks }) => tasks).some(({ instance: name, position }) => {
        const path = `${this.folder}/.gyrus/jobs/${id}/${position}.jsonl`;
        return name === instance && diskFiles.size(path) !== undefined &&
          Deno.readTextFileSync(path).includes(message);
      })
    );
  }

  /** Daemons of SLURM that watch over running jobs. */
  stepDaemons(): number[] {
    const jobs = this.submissions().flatMap(({ arrays }) => arrays.flatMap(({ job }) => job ?? []));
    return processes().filter(({ words }) =>
      jobs.some((job) => words[0].startsWith(`slurmstepd: [${job}.`))
    ).map(({ pid }) => pid);
  }

  /** Process that computes an instance, once it has started to. */
  processOf(instance: string): number | undefined {
    for (const { id, arrays } of this.submissions()) {
      for (const { instance: name, position } of arrays.flatMap(({ tasks }) => tasks)) {
        if (name !== instance) continue;
        const plan = `${this.folder}/.gyrus/jobs/${id}/plan.json`;
        const found = processes().find(({ words }) =>
          words.includes(plan) && words[words.indexOf(plan) + 1] === String(position)
        );
        if (found) return found.pid;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

function processes(): { pid: number; words: string[] }[] {
  return [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name)).flatMap(
    ({ name }) => {
      try {
        const words = Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0");
        return [{ pid: Number(name), words }];
      } catch {
        return [];
      }
    },
  );
}

/** Digests of all outputs by instance. */
export function digestsOf({ nodes }: Pick<RunResult, "nodes">): Record<string, string[]> {
  return Object.fromEntries([...nodes].map(([name, { outputs }]) => [
    name,
    Object.values(outputs ?? {}).map(({ digest }) => digest),
  ]));
}
