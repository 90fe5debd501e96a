import { assertEquals } from "@std/assert";
import { jobEventsPath, JobEventWriter } from "../../src/engine/cluster/job_events.ts";
import { Submissions } from "../../src/engine/cluster/submissions.ts";
import { run } from "../../src/engine/run/run.ts";
import { readRun } from "../../src/engine/run/run_folder.ts";
import { openStore } from "../../src/engine/store/store.ts";
import { currentRun } from "../../src/report/current_run.ts";
import { toyWorkflow } from "../engine/toy_workflow.ts";

Deno.test("a run that was detached shows what its jobs report", async () => {
  const folder = await Deno.makeTempDir();
  const store = openStore(`${folder}/.gyrus`);
  const stop = new AbortController();
  stop.abort(new DOMException("interrupted", "AbortError"));
  const { id } = await run(store, toyWorkflow({ a: { uses: "slow" } }), { signal: stop.signal });
  const submissions = new Submissions(store);
  const jobs = submissions.make("one");
  submissions.addToRun(id!, ["one"]);
  const digest = `sha256-${"0".repeat(64)}`;
  await submissions.write({
    version: 1,
    id: "one",
    run: id!,
    profile: "p",
    executor: "slurm",
    host: "h",
    submitted: new Date().toISOString(),
    arrays: [{
      name: "x",
      job: "7",
      request: { cpu: 1, gpu: 0 },
      tasks: [{ index: 0, position: 0, instance: "a", lineage: digest }],
    }],
  });
  const show = () => {
    const { status, instances: [{ outcome, message, fraction }], points } = currentRun(
      store,
      readRun(store, id!)!,
    );
    return [status, outcome, message, fraction, points.length];
  };
  assertEquals(show().slice(0, 2), ["running", "skipped"]);
  const events = new JobEventWriter(store.files, jobEventsPath(jobs, 0));
  events.write({ type: "started", job: "7_0", host: "n1" });
  assertEquals(show(), ["running", "running", "job 7_0 on n1", undefined, 0]);
  events.write({ type: "progress", fraction: 0.5, message: "epoch 1/2", metrics: { loss: 1 } });
  assertEquals(show(), ["running", "running", "epoch 1/2", 0.5, 1]);
  events.write({ type: "failed", message: "no luck" });
  assertEquals(show(), ["interrupted", "failed", "no luck", 0.5, 1]);
  await Deno.remove(folder, { recursive: true });
});
