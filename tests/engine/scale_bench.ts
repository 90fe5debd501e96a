/**
 * A store of 100,000 results: planning with all of them cached, and what garbage
 * collection would take.
 *
 *     deno bench -A tests/engine/scale_bench.ts
 *
 * The store is in memory where Linux has it: what is timed is the engine and not the disk. Making it
 * takes a minute or two.
 */
import { diskFiles, type FileOperations } from "../../src/disk/operations.ts";
import { gc } from "../../src/engine/gc/gc.ts";
import { plan } from "../../src/engine/plan/plan.ts";
import { run } from "../../src/engine/run/run.ts";
import { openStore } from "../../src/engine/store/store.ts";
import { wideWorkflow } from "./wide_workflow.ts";

const RESULTS = 100_000;
const CHILD = new URL("./plan_child.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
/** Two days on nothing is too young to go. */
const LATER = Date.now() + 172_800_000;

const folder = Deno.makeTempDirSync({
  prefix: "gyrus-bench-",
  ...(Deno.build.os === "linux" && { dir: "/dev/shm" }),
});
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** A power failure would destroy the store. */
const unsynced: FileOperations = {
  ...diskFiles,
  create: (path) => ({ ...diskFiles.create(path), sync: () => Promise.resolve() }),
  syncFolder: () => Promise.resolve(),
};
const workflow = wideWorkflow(RESULTS);
const started = performance.now();
await run(openStore(folder, { files: unsynced }), workflow);
const seconds = (performance.now() - started) / 1000;
console.log(`${RESULTS + 1} instances ran and were stored in ${seconds.toFixed(0)} s`);

Deno.bench(`plan ${RESULTS} instances, all cached`, { n: 1, warmup: 1 }, async () => {
  const { counts } = await plan(openStore(folder), workflow);
  if (counts.cached !== RESULTS + 1) throw new Error("something was not cached");
});

Deno.bench("the same in a process of its own", { n: 1, warmup: 0 }, async () => {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "-c", CONFIG, CHILD, folder, `${RESULTS}`],
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("the plan failed");
});

Deno.bench(`collect ${RESULTS} results, dry run`, { n: 1, warmup: 1 }, () => {
  const { removals } = gc(openStore(folder), { dryRun: true, keepRuns: 0, now: LATER });
  if (removals.length <= RESULTS) throw new Error("results were kept");
});
