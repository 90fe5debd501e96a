/** Reruns that continue from checkpoints, or from parts of a step that are remembered. */
import { assert, assertEquals } from "@std/assert";
import { diskFiles, type FileOperations } from "../../../src/disk/operations.ts";
import { plan } from "../../../src/engine/plan/plan.ts";
import { run } from "../../../src/engine/run/run.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import type { StepKind } from "../../../src/workflow/step.ts";
import { rerun, type Spec, states } from "./rerun.ts";
import { inFolder } from "../scratch.ts";
import { train } from "../toy_steps.ts";
import { toyWorkflow } from "../toy_workflow.ts";

Deno.test("more epochs go on from the last checkpoint", () =>
  inFolder(async (folder) => {
    const spec = (epochs: number): Spec => ({ t: { uses: "train", with: { epochs } } });
    const { plan, result } = await rerun(folder, toyWorkflow(spec(10)), toyWorkflow(spec(20)));
    assertEquals(plan.instances[0].resumesFrom, 10);
    assertEquals(plan.instances[0].reasons.map(({ cause }) => cause), ["parameter"]);
    const log = await Deno.readTextFile(result.nodes.get("t")!.logPath!);
    assertEquals(log.split("\n").slice(0, 2), ["epoch 11", "epoch 12"]);
    // Only finals are left of the chain.
    const chain = openStore(`${folder}/cache`).chains.read(plan.instances[0].chain!);
    assertEquals(chain.map(({ position }) => position), [20, 10]);
  }));

Deno.test("a training goes on from a checkpoint in a lower tier, which is not changed", () =>
  inFolder(async (folder) => {
    const spec = (epochs: number) => toyWorkflow({ t: { uses: "train", with: { epochs } } });
    const shared = openStore(`${folder}/shared`);
    const stop = new AbortController();
    const stopped = await run(shared, spec(20), {
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type === "instance-progress" && event.fraction === 0.5) stop.abort();
      },
    });
    assertEquals(stopped.status, "interrupted");
    const own = openStore(`${folder}/own`, { lower: [`${folder}/shared`] });
    const [planned] = (await plan(own, spec(20))).instances;
    const [{ position }] = shared.chains.read(planned.chain!);
    assert(position >= 9, `stopped after ${position} epochs`);
    assertEquals(planned.resumesFrom, position);
    const { nodes } = await run(own, spec(20));
    const log = await Deno.readTextFile(nodes.get("t")!.logPath!);
    assertEquals(log.split("\n")[0], `epoch ${position + 1}`);
    assertEquals(shared.chains.read(planned.chain!).map((each) => each.position), [position]);
  }));

Deno.test("a forced training begins at epoch 0, and its checkpoints replace those there", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    const spec = (epochs: number) => toyWorkflow({ t: { uses: "train", with: { epochs } } });
    const first = await rerun(folder, spec(2), spec(4));
    const { chain } = first.plan.instances[0];
    const store = openStore(cache);
    const before = store.chains.read(chain!);
    assertEquals(before.map(({ position }) => position), [4, 2]);
    // What an instance of fewer epochs has left, at a position where this one saves nothing.
    await store.chains.publish({ ...before[1], position: 0, final: true });

    const { plan: planned, result } = await rerun(folder, spec(4), spec(4), { force: ["t"] });
    assertEquals(planned.instances[0].resumesFrom, undefined);
    const log = await Deno.readTextFile(result.nodes.get("t")!.logPath!);
    assertEquals(log, "epoch 1\nepoch 2\nepoch 3\nepoch 4\n");
    const after = store.chains.read(chain!);
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
