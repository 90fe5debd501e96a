/** One test for each cause of a rerun; `no_rerun_test.ts` has the changes that are none. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { why } from "../../../src/engine/plan/explain.ts";
import { plan } from "../../../src/engine/plan/plan.ts";
import { run } from "../../../src/engine/run/run.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { defineStep, type Json, type StepKind } from "../../../src/workflow/step.ts";
import { base, rerun, rerunOf, type Spec, states } from "./rerun.ts";
import { inFolder } from "../scratch.ts";
import { constant, countFiles, device } from "../toy_steps.ts";
import { toyWorkflow } from "../toy_workflow.ts";

Deno.test("a changed parameter reruns its step, with old and new value and line as reason", () =>
  inFolder(async (folder) => {
    const { plan, result, reasons } = await rerunOf(folder, (spec) => {
      spec.text.with = { text: "abd" };
    });
    assertEquals(states(plan), ["will-run", "may-run"]);
    assertEquals(reasons[0], 'text: text: "abc" → "abd" (line 7)');
    assertEquals(result.counts.done, 2);
  }));

Deno.test("identical bytes of a rerun stop invalidation: early cut-off", () =>
  inFolder(async (folder) => {
    const spec = (first: number): Spec => ({
      text: { uses: "constant", with: { text: "abc" } },
      cut: { uses: "join", with: { first }, in: { values: ["text"] } },
      end: { uses: "join", in: { values: ["cut"] } },
    });
    // Both keep all of the text, so that only the parameter differs.
    const { plan, result } = await rerun(folder, toyWorkflow(spec(10)), toyWorkflow(spec(11)));
    assertEquals(states(plan), ["cached", "will-run", "may-run"]);
    assertEquals(result.counts, { cached: 2, done: 1, failed: 0, skipped: 0 });
  }));

Deno.test("a changed input reruns the consumer and names the producer", () =>
  inFolder(async (folder) => {
    const spec = (from: string): Spec => ({
      other: { uses: "constant", with: { text: "xyz" } },
      ...base(),
      joined: { uses: "join", in: { values: from } },
    });
    const { reasons } = await rerun(folder, toyWorkflow(spec("text")), toyWorkflow(spec("other")));
    assertEquals(reasons, ["joined: input values (other): content changed"]);
  }));

Deno.test("a raised step version reruns", () =>
  inFolder(async (folder) => {
    const raised = { ...constant, version: 2 } as unknown as StepKind;
    const { reasons } = await rerunOf(folder, (spec) => spec.text.uses = raised);
    assertEquals(reasons[0], "text: step version 1 → 2");
  }));

Deno.test("changed code of a user's own step reruns", () =>
  inFolder(async (folder) => {
    const own = (code: string): Spec => ({
      text: { uses: { ...constant, code } as unknown as StepKind },
    });
    const { reasons } = await rerun(folder, toyWorkflow(own("a")), toyWorkflow(own("b")));
    assertEquals(reasons, ["text: code of the step changed"]);
  }));

Deno.test("a changed device, kernel table or code reruns device steps alone", () =>
  inFolder(async (folder) => {
    const spec: Spec = {
      ...base(),
      gpu: { uses: device as unknown as StepKind, in: { values: ["joined"] } },
    };
    const cache = `${folder}/cache`;
    const planWith = (numericClass: () => Json, code = "c1") =>
      plan(openStore(cache), toyWorkflow(spec), {
        numericClass,
        deviceCode: (kind) => Promise.resolve(`${kind} ${code}`),
      });
    const old = { adapter: "A", kernels: "k1" };
    await run(openStore(cache), toyWorkflow(spec), {
      numericClass: () => old,
      deviceCode: (kind) => Promise.resolve(`${kind} c1`),
    });
    assertEquals((await planWith(() => old)).counts.cached, 3);
    const moved = await planWith(() => ({ ...old, adapter: "B" }));
    assertEquals(states(moved), ["cached", "cached", "will-run"]);
    assertEquals(moved.instances[2].reasons[0].cause, "device");
    const tuned = await planWith(() => ({ ...old, kernels: "k2" }));
    assertEquals(tuned.instances[2].reasons, [{ cause: "kernel" }]);
    const edited = await planWith(() => old, "c2");
    assertEquals(edited.instances[2].reasons, [{ cause: "code" }]);
    assertEquals(states(edited), ["cached", "cached", "will-run"]);
  }));

Deno.test("a parameter that chooses the device puts it in the key", () =>
  inFolder(async (folder) => {
    const choosing = defineStep({
      kind: "choosing",
      version: 1,
      summary: "Needs a device where its parameter asks for one.",
      params: z.object({ gpu: z.boolean() }),
      inputs: {},
      outputs: { value: { type: "value", description: "a text" } },
      runs: ({ gpu }) => gpu ? "device" : "inline",
      run: () => Promise.resolve({ value: { files: { "value.txt": "same" } } }),
    });
    const uses = choosing as unknown as StepKind;
    const workflow = () =>
      toyWorkflow({ here: { uses, with: { gpu: false } }, there: { uses, with: { gpu: true } } });
    const options = (adapter: string) => ({
      numericClass: () => adapter,
      deviceCode: () => Promise.resolve("c1"),
    });
    const cache = `${folder}/cache`;
    const { counts } = await run(openStore(cache), workflow(), options("A"));
    assertEquals(counts.done, 2);
    const moved = await plan(openStore(cache), workflow(), options("B"));
    assertEquals(states(moved), ["cached", "will-run"]);
    assertEquals(moved.instances[1].reasons[0].cause, "device");
  }));

Deno.test("an edited file behind a path parameter reruns", () =>
  inFolder(async (folder) => {
    const path = `${folder}/input.txt`;
    await Deno.writeTextFile(path, "one");
    const workflow = () => toyWorkflow({ file: { uses: "file", with: { path } } });
    const { reasons } = await rerun(folder, workflow(), workflow(), {}, () =>
      Deno.writeTextFile(path, "two"));
    assertEquals(reasons, ["file: path: content changed (line 7)"]);
  }));

Deno.test("a file edited within the clock's resolution and of equal size is seen", () =>
  inFolder(async (folder) => {
    const path = `${folder}/input.txt`;
    await Deno.writeTextFile(path, "one");
    const { mtime } = await Deno.stat(path);
    const workflow = () => toyWorkflow({ file: { uses: "file", with: { path } } });
    const { plan } = await rerun(folder, workflow(), workflow(), {}, async () => {
      await Deno.writeTextFile(path, "two");
      await Deno.utime(path, mtime!, mtime!);
    });
    assertEquals(states(plan), ["will-run"]);
  }));

Deno.test("a changed folder behind a source step reruns its consumers, and why names the files", () =>
  inFolder(async (folder) => {
    const path = `${folder}/data`;
    await Deno.mkdir(path);
    await Deno.writeTextFile(`${path}/a.txt`, "a");
    await Deno.writeTextFile(`${path}/b.txt`, "b");
    const workflow = toyWorkflow({
      open: { uses: "folder", with: { path } },
      use: { uses: countFiles, in: { folder: "open" } },
    });
    const cache = `${folder}/cache`;
    assertEquals((await run(openStore(cache), workflow)).status, "done");
    assertEquals((await plan(openStore(cache), workflow)).counts.cached, 2);
    await Deno.writeTextFile(`${path}/b.txt`, "changed");
    await Deno.writeTextFile(`${path}/c.txt`, "c");
    const [explained] = await why(openStore(cache), workflow, "use");
    assertEquals(explained.planned.state, "will-run");
    assertEquals(explained.inputs, [
      { port: "folder", added: ["c.txt"], removed: [], changed: ["b.txt"], meta: [] },
    ]);
  }));

Deno.test("a missing output reruns what somebody needs, and only that", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    const workflow = () =>
      toyWorkflow({ ...base(), joined: { ...base().joined, with: { first: 1 } } });
    const first = await run(openStore(cache), workflow());
    const store = openStore(cache);
    await Deno.remove(store.objectPath(first.nodes.get("text")!.outputs!.value.digest));
    assertEquals(states(await plan(openStore(cache), workflow())), ["cached", "cached"]);
    await Deno.remove(store.objectPath(first.nodes.get("joined")!.outputs!.value.digest));
    const planned = await plan(openStore(cache), workflow());
    assertEquals(planned.instances.map(({ reasons }) => reasons[0]?.cause), ["missing", "missing"]);
    const second = await run(openStore(cache), workflow());
    assertEquals(second.counts.done, 2);
    assertEquals(second.nodes.get("joined")!.outputs, first.nodes.get("joined")!.outputs);
  }));

Deno.test("a truncated object is corrupt and reruns", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    const workflow = () => toyWorkflow(base());
    const first = await run(openStore(cache), workflow());
    const path = openStore(cache).objectPath(first.nodes.get("joined")!.outputs!.value.digest);
    await Deno.chmod(path, 0o644);
    await Deno.truncate(path, 3);
    const planned = await plan(openStore(cache), workflow());
    assertEquals(planned.instances[1].reasons, [{ cause: "corrupt", output: "value" }]);
    assertEquals((await run(openStore(cache), workflow())).counts.done, 1);
    assertEquals((await plan(openStore(cache), workflow())).counts.cached, 2);
  }));

Deno.test("--force reruns, and cache = false always does", () =>
  inFolder(async (folder) => {
    const forced = await rerunOf(folder, () => {}, { force: ["text"] });
    assertEquals(forced.plan.instances[0].reasons, [{ cause: "forced" }]);
    assertEquals(forced.result.counts, { cached: 1, done: 1, failed: 0, skipped: 0 });
    const uncached = await rerunOf(`${folder}/2`, (spec) => spec.text.execution = { cache: false });
    assertEquals(uncached.plan.instances[0].reasons, [{ cause: "uncached" }]);
    assertEquals(uncached.result.counts.done, 1);
  }));

Deno.test("an index into a list depends on that element alone", () =>
  inFolder(async (folder) => {
    const spec = (texts: string[]): Spec => ({
      list: { uses: "list", with: { texts } },
      zero: { uses: "join", in: { values: "list.values[0]" } },
      one: { uses: "join", in: { values: "list.values[1]" } },
    });
    const { result } = await rerun(
      folder,
      toyWorkflow(spec(["a", "b"])),
      toyWorkflow(spec(["a", "c"])),
    );
    assertEquals(result.nodes.get("zero")!.outcome, "cached");
    assertEquals(result.nodes.get("one")!.outcome, "done");
  }));

Deno.test("axes of a fan-in are part of its key, since the step sees them", () =>
  inFolder(async (folder) => {
    const spec = (fold: number): Spec => ({
      "text[fold=1]": { uses: "constant", axes: { fold } },
      end: { uses: "join", in: { values: ["text[fold=1]"] } },
    });
    const { reasons } = await rerun(folder, toyWorkflow(spec(1)), toyWorkflow(spec(2)));
    assertStringIncludes(reasons.join(), "1 of 1 elements changed");
  }));
