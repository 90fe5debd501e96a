/**
 * The engine and its peers: bare system calls, sha256sum, and Snakemake on the same DAG (Debian's
 * package `snakemake`; its benches are left out where it is not installed).
 *
 *     deno bench -A tests/engine/engine_bench.ts
 *
 * What takes 100,000 results is in `scale_bench.ts`.
 */
import { digestFile } from "../../src/engine/store/digest.ts";
import { plan } from "../../src/engine/plan/plan.ts";
import { run } from "../../src/engine/run/run.ts";
import { outputState, storeOutput } from "../../src/engine/store/artifact.ts";
import { openStore, type Store } from "../../src/engine/store/store.ts";
import type { StepKind } from "../../src/workflow/step.ts";
import { noopWorkflow } from "./noop_child.ts";
import { constant } from "./toy_steps.ts";
import { toyWorkflow } from "./toy_workflow.ts";
import { wideWorkflow } from "./wide_workflow.ts";

const folder = Deno.makeTempDirSync({ prefix: "gyrus-bench-" });
/** In memory where Linux has it: what is timed there is the engine and not the disk. */
const memory = Deno.makeTempDirSync({
  prefix: "gyrus-bench-",
  ...(Deno.build.os === "linux" && { dir: "/dev/shm" }),
});
addEventListener("unload", () => {
  for (const path of [folder, memory]) Deno.removeSync(path, { recursive: true });
});

const installed = (program: string) =>
  Deno.env.get("PATH")!.split(":").some((path) => {
    try {
      return Deno.statSync(`${path}/${program}`).isFile;
    } catch {
      return false;
    }
  });

async function shell(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdout: "null" }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

// ---- publishing ----

let counter = 0;
const content = (size: number) => {
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, counter++);
  return bytes;
};

/** What no publish can do without. */
async function bare(bytes: Uint8Array): Promise<void> {
  const name = `${folder}/bare/${counter}`;
  {
    using file = await Deno.open(`${name}.tmp`, { createNew: true, write: true });
    await file.write(bytes);
    await file.sync();
  }
  await Deno.rename(`${name}.tmp`, name);
  using parent = await Deno.open(`${folder}/bare`);
  await parent.sync();
}
Deno.mkdirSync(`${folder}/bare`);

async function publish(store: Store, size: number): Promise<void> {
  await store.putObject(content(size));
  await store.sync();
}

const OBJECTS = 60;
const used = openStore(`${folder}/used`);
for (let object = 0; object < 600; object++) await used.putObject(content(10));
await used.sync();

for (const [label, size] of [["1 kB", 1000], ["4 MB", 4_000_000]] as const) {
  const group = `publish ${OBJECTS} times ${label}`;
  const options = { group, n: 3, warmup: 1 };
  Deno.bench(`write, fsync, rename, fsync: ${label}`, { ...options, baseline: true }, async () => {
    for (let object = 0; object < OBJECTS; object++) await bare(content(size));
  });
  Deno.bench(`publish in a store in use: ${label}`, options, async () => {
    for (let object = 0; object < OBJECTS; object++) await publish(used, size);
  });
  Deno.bench(`publish in a new store, made too: ${label}`, options, async () => {
    const store = openStore(`${folder}/new-${counter}`);
    for (let object = 0; object < OBJECTS; object++) await publish(store, size);
  });
}

// ---- a cache hit ----

const hits = openStore(`${folder}/hits`);
const port = { type: "value", description: "" };
const output = { files: { "value.bin": new Uint8Array(50_000_000) } };
const stored = await storeOutput(hits, port, output, "bench");
const done = await run(hits, toyWorkflow({ text: { uses: "constant" } }));
const { key } = done.nodes.get("text")!;
const hitFile = hits.recordPath(key!);

Deno.bench("read a file of a record's size", { group: "hit", baseline: true }, () => {
  Deno.readTextFileSync(hitFile);
});
Deno.bench("cache hit: record, manifest, files of 50 MB present", { group: "hit" }, () => {
  hits.record(key!);
  if (outputState(hits, stored) !== "present") throw new Error("a miss");
});

// ---- hashing ----

const big = `${folder}/big`;
Deno.writeFileSync(big, new Uint8Array(512 << 20));
Deno.bench(
  "sha256sum of 512 MB",
  { group: "hash", baseline: true, n: 5 },
  async () => {
    await shell("sha256sum", big);
  },
);
Deno.bench("digest of a file of 512 MB", { group: "hash", n: 3, warmup: 1 }, async () => {
  await digestFile(big);
});

// ---- planning ----

function snakefile(count: number): string {
  const half = count >> 1;
  return `
rule all:
    input: "all.txt"
rule a:
    output: "a/{i}.txt"
    shell: "echo {wildcards.i} > {output}"
rule b:
    input: "a/{i}.txt"
    output: "b/{i}.txt"
    shell: "cat {input} > {output}"
rule gather:
    input: expand("b/{i}.txt", i=range(${half}))
    output: "all.txt"
    shell: "cat b/*.txt > {output}"
`;
}

const snakemake = (workplace: string, ...args: string[]) =>
  shell("snakemake", "--directory", workplace, "-s", `${workplace}/Snakefile`, "-q", ...args);

function snakePlace(name: string, count: number): string {
  const workplace = `${folder}/${name}`;
  Deno.mkdirSync(workplace, { recursive: true });
  Deno.writeTextFileSync(`${workplace}/Snakefile`, snakefile(count));
  return workplace;
}

const PLANS = [10_000, 100_000];
for (const count of PLANS) {
  const group = `plan ${count}`;
  const workflow = wideWorkflow(count);
  if (count === 10_000 && installed("snakemake")) {
    const workplace = snakePlace("plan", count);
    Deno.bench(
      `snakemake -n, ${count} jobs`,
      { group, baseline: true, n: 1, warmup: 0 },
      async () => {
        await snakemake(workplace, "-n");
      },
    );
  }
  Deno.bench(`plan ${count} instances, nothing cached`, { group, n: 2, warmup: 0 }, async () => {
    const { counts } = await plan(openStore(`${folder}/empty`), workflow);
    if (counts["will-run"] !== count + 1) throw new Error("something was cached");
  });
}

const CACHED = 10_000;
const cachedWorkflow = wideWorkflow(CACHED);
await run(openStore(`${memory}/cached`), cachedWorkflow);
Deno.bench(`plan ${CACHED} instances, all cached`, { n: 5, warmup: 1 }, async () => {
  const { counts } = await plan(openStore(`${memory}/cached`), cachedWorkflow);
  if (counts.cached !== CACHED + 1) throw new Error("something was not cached");
});

// ---- scheduling ----

const empty: StepKind = {
  ...(constant as unknown as StepKind),
  kind: "empty",
  outputs: {},
  run: () => Promise.resolve({}),
};
const SCHEDULED = 1000;
const schedule = toyWorkflow(Object.fromEntries(
  Array.from({ length: SCHEDULED }, (_, i) => [
    `s[i=${i}]`,
    { uses: empty, axes: { i }, with: { text: `${i}` }, execution: { cache: false } },
  ]),
));
Deno.bench(`schedule and run ${SCHEDULED} empty instances`, { n: 5, warmup: 2 }, async () => {
  const { counts } = await run(openStore(`${memory}/schedule`), schedule);
  if (counts.done !== SCHEDULED) throw new Error("not all ran");
});

// ---- nothing to do, one process ----

const child = new URL("./noop_child.ts", import.meta.url).pathname;
const config = new URL("../../deno.json", import.meta.url).pathname;
const noop = (): Promise<void> =>
  shell(Deno.execPath(), "run", "-A", "--no-check", "-c", config, child, `${folder}/noop`);
await run(openStore(`${folder}/noop`), noopWorkflow());

Deno.writeTextFileSync(`${folder}/bare.ts`, "");
Deno.bench(
  "deno, an empty program",
  { group: "no-op", n: 10 },
  async () => {
    await shell(Deno.execPath(), "run", `${folder}/bare.ts`);
  },
);
if (installed("snakemake")) {
  const workplace = snakePlace("noop-snakemake", 30);
  await snakemake(workplace, "-c1");
  Deno.bench(
    "snakemake, 31 jobs done",
    { group: "no-op", baseline: true, n: 5 },
    async () => {
      await snakemake(workplace, "-c1");
    },
  );
}
Deno.bench("engine, 31 instances cached", { group: "no-op", n: 10 }, async () => {
  await noop();
});
