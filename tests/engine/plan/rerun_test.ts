/** One test for each cause of a rerun, and for each change that is none. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { diskFiles, type FileOperations } from "../../../src/disk/operations.ts";
import { why } from "../../../src/engine/plan/explain.ts";
import { type Plan, plan, type PlanOptions } from "../../../src/engine/plan/plan.ts";
import { locatedReasonText } from "../../../src/engine/plan/reason.ts";
import { run, type RunResult } from "../../../src/engine/run/run.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import type { Workflow } from "../../../src/workflow/graph.ts";
import type { Json, StepKind } from "../../../src/workflow/step.ts";
import { inFolder } from "../scratch.ts";
import { constant, device, join, train } from "../toy_steps.ts";
import { type ToyInstance, toyWorkflow } from "../toy_workflow.ts";

const base = (): Record<string, ToyInstance> => ({
  text: { uses: "constant", with: { text: "abc" } },
  joined: { uses: "join", in: { values: ["text"] } },
});

type Spec = Record<string, ToyInstance>;

/** Runs the first, then plans and runs the second on the same store. */
async function rerun(
  folder: string,
  first: Workflow,
  second: Workflow,
  options: PlanOptions = {},
  between: () => Promise<void> | void = () => {},
): Promise<{ plan: Plan; result: RunResult; reasons: string[] }> {
  const cache = `${folder}/cache`;
  const before = await run(openStore(cache), first, options);
  assertEquals(before.status, "done");
  await between();
  const planned = await plan(openStore(cache), second, options);
  const reasons: string[] = [];
  for (const { instance, reasons: why } of planned.instances) {
    for (const reason of why) {
      reasons.push(`${instance.name}: ${await locatedReasonText(reason, second)}`);
    }
  }
  return { plan: planned, result: await run(openStore(cache), second, options), reasons };
}

const states = ({ instances }: Plan) => instances.map(({ state }) => state);

async function rerunOf(folder: string, change: (spec: Spec) => void, options: PlanOptions = {}) {
  const spec = base();
  change(spec);
  return await rerun(folder, toyWorkflow(base()), toyWorkflow(spec), options);
}

// ---- causes ----

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

const countFiles = {
  ...join,
  kind: "count",
  inputs: { folder: { types: ["folder"], description: "a folder" } },
  run: ({ inputs }: { inputs: Record<string, { files: unknown[] }> }) =>
    Promise.resolve({ value: { files: { "value.txt": String(inputs.folder.files.length) } } }),
} as unknown as StepKind;

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

// ---- no causes ----

async function assertNothingRuns(
  folder: string,
  first: Workflow,
  second: Workflow,
  between: () => Promise<void> | void = () => {},
): Promise<void> {
  const { plan, result } = await rerun(folder, first, second, {}, between);
  assertEquals(states(plan), states(plan).map(() => "cached"));
  assertEquals(result.counts.done, 0);
}

Deno.test("an edited comment or description reruns nothing", () =>
  inFolder((folder) => {
    const edited = {
      ...toyWorkflow(base()),
      description: "now described",
      sources: new Map([["toy.toml", "# a comment\n"]]),
    };
    return assertNothingRuns(folder, toyWorkflow(base()), edited);
  }));

Deno.test("reordered steps and parameters rerun nothing", () =>
  inFolder((folder) => {
    const spec = (flipped: boolean): Spec => {
      const a: [string, ToyInstance] = ["a", { uses: "constant", with: { text: "a" } }];
      const b: [string, ToyInstance] = ["b", { uses: "constant", with: { text: "b" } }];
      const params: Record<string, Json> = flipped
        ? { first: 3, separator: "-" }
        : { separator: "-", first: 3 };
      return {
        ...Object.fromEntries(flipped ? [b, a] : [a, b]),
        end: { uses: "join", with: params, in: { values: ["a", "b"] } },
      };
    };
    return assertNothingRuns(folder, toyWorkflow(spec(false)), toyWorkflow(spec(true)));
  }));

Deno.test("renamed steps rerun nothing", () =>
  inFolder((folder) => {
    const renamed = { other: base().text, end: { ...base().joined, in: { values: ["other"] } } };
    return assertNothingRuns(folder, toyWorkflow(base()), toyWorkflow(renamed));
  }));

Deno.test("a moved project folder reruns nothing, though paths lie in it", () =>
  inFolder(async (folder) => {
    const workflow = (home: string) =>
      toyWorkflow({
        file: { uses: "file", with: { path: `${home}/in.txt` } },
        open: { uses: "folder", with: { path: `${home}/data` } },
        use: { uses: countFiles, in: { folder: "open" } },
      }, { folder: home });
    const [old, moved] = [`${folder}/old`, `${folder}/moved`];
    await Deno.mkdir(`${old}/data`, { recursive: true });
    await Deno.writeTextFile(`${old}/in.txt`, "in");
    await Deno.writeTextFile(`${old}/data/a.txt`, "a");
    assertEquals((await run(openStore(`${old}/.gyrus`), workflow(old))).status, "done");
    await Deno.rename(old, moved);
    const again = await run(openStore(`${moved}/.gyrus`), workflow(moved));
    assertEquals(again.counts, { cached: 3, done: 0, failed: 0, skipped: 0 });
  }));

Deno.test("a default written explicitly reruns nothing", () =>
  inFolder((folder) => {
    const spec = base();
    spec.joined.with = { separator: "+" };
    return assertNothingRuns(folder, toyWorkflow(base()), toyWorkflow(spec));
  }));

Deno.test("a number written another way reruns nothing", () =>
  inFolder((folder) => {
    const spec = (rate: number): Spec => ({ t: { uses: "train", with: { epochs: 1, rate } } });
    return assertNothingRuns(folder, toyWorkflow(spec(1e-4)), toyWorkflow(spec(0.0001)));
  }));

Deno.test("unkeyed parameters, resources, retries and keep rerun nothing", () =>
  inFolder((folder) => {
    const spec = (other: boolean): Spec => ({
      t: {
        uses: "train",
        with: { epochs: 1, checkpoint_interval: other ? 9 : 0 },
        execution: other
          ? { retry: 3, keep: true, timeout: 60, resources: { cpu: 2, gpu: 1, memory: 5 } }
          : {},
      },
    });
    return assertNothingRuns(folder, toyWorkflow(spec(false)), toyWorkflow(spec(true)));
  }));

Deno.test("a touched file with the same content reruns nothing", () =>
  inFolder(async (folder) => {
    const path = `${folder}/input.txt`;
    await Deno.writeTextFile(path, "one");
    const workflow = () => toyWorkflow({ file: { uses: "file", with: { path } } });
    await assertNothingRuns(folder, workflow(), workflow(), () =>
      Deno.utime(path, new Date(2020, 1, 1), new Date(2020, 1, 1)));
  }));

Deno.test("publications rerun nothing", () =>
  inFolder((folder) =>
    assertNothingRuns(
      folder,
      toyWorkflow(base(), { folder }),
      toyWorkflow(base(), { folder, publish: { "out/joined.txt": "joined" } }),
    )
  ));

// ---- chains and memos ----

Deno.test("more epochs go on from the last checkpoint", () =>
  inFolder(async (folder) => {
    const spec = (epochs: number): Spec => ({ t: { uses: "train", with: { epochs } } });
    const { plan, result } = await rerun(folder, toyWorkflow(spec(10)), toyWorkflow(spec(20)));
    assertEquals(plan.instances[0].resumesFrom, 10);
    assertEquals(plan.instances[0].reasons.map(({ cause }) => cause), ["parameter"]);
    const log = await Deno.readTextFile(result.nodes.get("t")!.logPath!);
    assertEquals(log.split("\n").slice(0, 2), ["epoch 11", "epoch 12"]);
    // Only finals are left of the chain.
    const chain = openStore(`${folder}/cache`).chain(plan.instances[0].chain!);
    assertEquals(chain.map(({ position }) => position), [20, 10]);
  }));

Deno.test("a forced training begins at epoch 0, and its checkpoints replace those there", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    const spec = (epochs: number) => toyWorkflow({ t: { uses: "train", with: { epochs } } });
    const first = await rerun(folder, spec(2), spec(4));
    const { chain } = first.plan.instances[0];
    const store = openStore(cache);
    const before = store.chain(chain!);
    assertEquals(before.map(({ position }) => position), [4, 2]);
    // What an instance of fewer epochs has left, at a position where this one saves nothing.
    await store.publishCheckpoint({ ...before[1], position: 0, final: true });

    const { plan: planned, result } = await rerun(folder, spec(4), spec(4), { force: ["t"] });
    assertEquals(planned.instances[0].resumesFrom, undefined);
    const log = await Deno.readTextFile(result.nodes.get("t")!.logPath!);
    assertEquals(log, "epoch 1\nepoch 2\nepoch 3\nepoch 4\n");
    const after = store.chain(chain!);
    assertEquals(after.map(({ position }) => position), [4, 2]);
    assert(after.every(({ created }) => created > before[0].created));
    assertEquals(result.nodes.get("t")!.outputs, first.result.nodes.get("t")!.outputs);
  }));

Deno.test("a forced training that is tried again continues from its own checkpoint", () =>
  inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    let fails = false;
    const stumbling: StepKind = {
      ...train as unknown as StepKind,
      run: (context) =>
        train.run({
          ...context,
          log(message: string) {
            context.log(message);
            if (!fails || message !== "epoch 3") return;
            fails = false;
            throw new Error("stumbled");
          },
        } as never),
    };
    const workflow = toyWorkflow({
      t: { uses: stumbling, with: { epochs: 4 }, execution: { retry: 1 } },
    });
    await run(store, workflow);
    fails = true;
    const { status, nodes } = await run(store, workflow, { force: ["t"] });
    assertEquals(status, "done");
    const log = await Deno.readTextFile(nodes.get("t")!.logPath!);
    assertEquals(
      log.split("\n").filter((line) => line.startsWith("epoch")),
      ["epoch 1", "epoch 2", "epoch 3", "epoch 3", "epoch 4"],
    );
  }));

Deno.test("a forced step computes its memoized parts again", () =>
  inFolder(async (folder) => {
    const workflow = toyWorkflow({ m: { uses: "memoized", with: { words: ["a", "b"] } } });
    const { result } = await rerun(folder, workflow, workflow, { force: ["m"] });
    const log = await Deno.readTextFile(result.nodes.get("m")!.logPath!);
    assertEquals(log, "computed a\ncomputed b\n");
  }));

Deno.test("a data set that is opened again is looked for in no place where it is not", () =>
  inFolder(async (folder) => {
    const data = `${folder}/data`;
    await Deno.mkdir(data);
    for (const name of ["a", "b", "c"]) await Deno.writeTextFile(`${data}/${name}`, name);
    const workflow = toyWorkflow({ data: { uses: "folder", with: { path: data } } });
    await run(openStore(`${folder}/cache`), workflow);
    const absent: string[] = [];
    const files: FileOperations = {
      ...diskFiles,
      size(path) {
        const size = diskFiles.size(path);
        if (size === undefined) absent.push(path);
        return size;
      },
    };
    const planned = await plan(openStore(`${folder}/cache`, { files }), workflow);
    assertEquals(states(planned), ["cached"]);
    assertEquals(absent, []);
  }));

Deno.test("memoized parts survive a change of the rest of the step", () =>
  inFolder(async (folder) => {
    const spec = (words: string[]): Spec => ({ m: { uses: "memoized", with: { words } } });
    const { result } = await rerun(
      folder,
      toyWorkflow(spec(["a", "b"])),
      toyWorkflow(spec(["b", "c"])),
    );
    const log = await Deno.readTextFile(result.nodes.get("m")!.logPath!);
    assertEquals(log, "computed c\n");
  }));
