import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openStore } from "../../../src/engine/store/store.ts";
import { run } from "../../../src/engine/run/run.ts";
import type { Workflow } from "../../../src/workflow/graph.ts";
import { inFolder } from "../scratch.ts";
import { toyWorkflow } from "../toy_workflow.ts";
import { PlayedScheduler, runPlayed } from "./played_scheduler.ts";

/** Two cheap steps around slow ones, one of them between two jobs. */
function layered(): Workflow {
  return toyWorkflow({
    text: { uses: "constant" },
    "a[k=0]": { uses: "slow", axes: { k: 0 }, with: { salt: 1 }, in: { values: ["text"] } },
    "a[k=1]": { uses: "slow", axes: { k: 1 }, with: { salt: 2 }, in: { values: ["text"] } },
    both: { uses: "join", in: { values: ["a[k=0]", "a[k=1]"] } },
    b: { uses: "slow", in: { values: ["both"] } },
    end: { uses: "join", in: { values: ["b"] } },
  });
}

Deno.test("jobs give the results of this process; cheap steps are no jobs", async () => {
  await inFolder(async (folder) => {
    const store = openStore(`${folder}/jobs`);
    const scheduler = new PlayedScheduler(store);
    const jobs = await runPlayed(store, layered(), scheduler);
    const here = await run(openStore(`${folder}/here`), layered());
    const outputs = (nodes: typeof here.nodes) =>
      [...nodes].map(([name, node]) => [name, node.outputs?.value.digest]);
    assertEquals(outputs(jobs.nodes), outputs(here.nodes));
    assertEquals(jobs.counts, { cached: 0, done: 6, failed: 0, skipped: 0 });
    assertEquals(scheduler.submitted.map(({ indices, after }) => [indices, after]), [
      [[0, 1], []],
      [[0], [{ kind: "all", job: "101" }]],
    ]);
    const record = store.record(jobs.nodes.get("b")!.key!)!;
    assertEquals([record.memoryBytes, jobs.nodes.get("b")!.seconds], [12345, record.seconds]);
    const again = await runPlayed(store, layered(), scheduler);
    assertEquals([again.counts.cached, scheduler.submitted.length], [6, 2]);
  });
});

Deno.test("a job that ran out of memory gets twice as much, up to the limit", async () => {
  await inFolder(async (folder) => {
    const store = openStore(folder);
    const workflow = toyWorkflow({ a: { uses: "slow" } });
    const once = new PlayedScheduler(store, { a: ["out-of-memory"] });
    assertEquals((await runPlayed(store, workflow, once, { memory: 100 })).status, "done");
    assertEquals(once.submitted.map(({ request }) => request.memory), [100, 200]);
    const other = toyWorkflow({ a: { uses: "slow", with: { salt: 9 } } });
    const always = new PlayedScheduler(store, { a: Array(9).fill("out-of-memory") });
    const limits = { memory: 100_000, max_memory: 150_000 };
    const { errors } = await runPlayed(store, other, always, limits);
    assertEquals(always.submitted.map(({ request }) => request.memory), [100_000, 150_000]);
    assertStringIncludes(errors[0].message, "max_memory of [profile.p]");
  });
});

Deno.test("a step without checkpoints that is stopped near its time limit gets twice as long", async () => {
  await inFolder(async (folder) => {
    const store = openStore(folder);
    const workflow = toyWorkflow({
      a: { uses: "slow", with: { milliseconds: 400 } },
    });
    const scheduler = new PlayedScheduler(store, { a: [{ stopAfterMs: 50, signal: "SIGUSR2" }] });
    const { status } = await runPlayed(store, workflow, scheduler, { time: 60 });
    assertEquals(status, "done");
    assertEquals(scheduler.submitted.map(({ request }) => request.time), [60, 120]);
  });
});

Deno.test("COMPLETED is no result: without a record the job is submitted again, and then given up", async () => {
  await inFolder(async (folder) => {
    const store = openStore(folder);
    const workflow = toyWorkflow({ a: { uses: "slow" } });
    const lying = new PlayedScheduler(store, { a: Array(9).fill("completed") });
    const { status, errors, lines } = await runPlayed(store, workflow, lying);
    assertEquals([status, lying.submitted.length], ["failed", 3]);
    assertStringIncludes(errors[0].message, "ended without a result for the 3. time (completed)");
    assertStringIncludes(errors[0].message, `${folder}/jobs/`);
    assert(lines[0].startsWith("submitted 1 job: 101 a (1)"), lines[0]);
  });
});

Deno.test("what the scheduler did not run since another failed is submitted when its inputs exist", async () => {
  await inFolder(async (folder) => {
    const store = openStore(folder);
    const workflow = toyWorkflow({
      a: { uses: "slow" },
      b: { uses: "slow", in: { values: ["a"] } },
    });
    const scheduler = new PlayedScheduler(store, { a: ["lost"], b: ["dependency"] });
    assertEquals((await runPlayed(store, workflow, scheduler)).status, "done");
    assertEquals(scheduler.submitted.length, 4);
  });
});

Deno.test("a forced instance is computed again, and its new record is waited for", async () => {
  await inFolder(async (folder) => {
    const store = openStore(folder);
    const workflow = toyWorkflow({ a: { uses: "slow" } });
    const scheduler = new PlayedScheduler(store);
    const first = await runPlayed(store, workflow, scheduler);
    const { created } = store.record(first.nodes.get("a")!.key!)!;
    const forced = await runPlayed(store, workflow, scheduler, {}, { force: ["a"] });
    assertEquals([forced.status, scheduler.submitted.length], ["done", 2]);
    assert(store.record(first.nodes.get("a")!.key!)!.created > created);
  });
});

Deno.test("several GPUs are refused before anything is submitted", async () => {
  await inFolder(async (folder) => {
    const store = openStore(folder);
    const scheduler = new PlayedScheduler(store);
    const execution = { resources: { cpu: 1, gpu: 2 } };
    const workflow = toyWorkflow({ a: { uses: "slow", execution } });
    const error = await runPlayed(store, workflow, scheduler).catch((error) => error);
    assertStringIncludes(String(error), "asks for 2 GPUs");
    assertEquals(scheduler.submitted.length, 0);
  });
});

Deno.test("cache = false is computed by a job of each run, which serves that run alone", async () => {
  await inFolder(async (folder) => {
    const store = openStore(folder);
    const workflow = toyWorkflow({
      a: { uses: "slow", execution: { cache: false } },
      b: { uses: "slow", in: { values: ["a"] } },
    });
    const made: string[] = [];
    for (const ofB of ["done", "cached"] as const) {
      const { errors, nodes } = await runPlayed(store, workflow, new PlayedScheduler(store));
      assertEquals(errors, []);
      assertEquals(["a", "b"].map((name) => nodes.get(name)?.outcome), ["done", ofB]);
      made.push(store.record(nodes.get("a")!.key!)!.created);
    }
    assert(made[0] < made[1], "a record of its own for each run");
    assertEquals((await run(store, workflow)).nodes.get("a")?.outcome, "done");
  });
});
