import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { computeInstance } from "../../../src/engine/cluster/compute_instance.ts";
import { freeze } from "../../../src/engine/cluster/freeze.ts";
import { type FrozenPlan, readFrozenPlan } from "../../../src/engine/cluster/frozen_plan.ts";
import { plan } from "../../../src/engine/plan/plan.ts";
import { openStore, type Store } from "../../../src/engine/store/store.ts";
import { LocalExecutor } from "../../../src/engine/task/executors/local.ts";
import { DataError } from "../../../src/errors.ts";
import type { Workflow } from "../../../src/workflow/graph.ts";
import type { StepKind } from "../../../src/workflow/step.ts";
import { inFolder } from "../scratch.ts";
import { loadKind } from "../toy_steps.ts";
import { toyWorkflow } from "../toy_workflow.ts";

async function frozenPlan(store: Store, workflow: Workflow): Promise<FrozenPlan> {
  const { plan: frozen } = await freeze(store, await plan(store, workflow), "2026-01-01");
  return readFrozenPlan("plan.json", new TextEncoder().encode(JSON.stringify(frozen)));
}

function compute(
  store: Store,
  frozen: FrozenPlan,
  name: string,
  load: (name: string) => Promise<StepKind | undefined> = loadKind,
  visibilityMs = 300,
) {
  return computeInstance(store, frozen, name, {
    loadKind: load,
    executor: new LocalExecutor(store, {}),
    signal: new AbortController().signal,
    listener: { log() {}, progress() {} },
    visibilityMs,
  });
}

const chain = () =>
  toyWorkflow({
    first: { uses: "slow" },
    between: { uses: "join", in: { values: ["first"] } },
    last: { uses: "slow", in: { values: ["between"] } },
  });

Deno.test("a job without its inputs waits for them for a while, and then names what is missing", async () => {
  await inFolder(async (folder) => {
    const store = openStore(folder);
    const frozen = await frozenPlan(store, chain());
    const started = performance.now();
    const error = await assertRejects(() => compute(store, frozen, "last"), DataError);
    assertEquals(performance.now() - started >= 290, true);
    assertStringIncludes(error.message, `first: has no result in ${folder}`);
  });
});

Deno.test("an input that another machine publishes while a job waits is taken", async () => {
  await inFolder(async (folder) => {
    const store = openStore(folder);
    const frozen = await frozenPlan(store, chain());
    const [last] = await Promise.all([
      compute(store, frozen, "last", loadKind, 60_000),
      compute(openStore(folder), frozen, "first"),
    ]);
    assertEquals(last.computed, true);
    const again = await compute(store, frozen, "last");
    assertEquals(again, { key: last.key, computed: false });
  });
});

Deno.test("two processes that compute one instance publish the same", async () => {
  await inFolder(async (folder) => {
    const store = openStore(folder);
    const frozen = await frozenPlan(store, chain());
    const both = await Promise.all([
      compute(store, frozen, "first"),
      compute(openStore(folder), frozen, "first"),
    ]);
    assertEquals(both[0].key, both[1].key);
  });
});

Deno.test("an input that is corrupt is not computed with", async () => {
  await inFolder(async (folder) => {
    const store = openStore(folder);
    const frozen = await frozenPlan(store, chain());
    const { key } = await compute(store, frozen, "first");
    const { value } = store.record(key)!.outputs;
    const path = store.objectPath(value.digest);
    await Deno.chmod(path, 0o644);
    await Deno.writeTextFile(path, "x".repeat(value.size));
    const again = openStore(folder);
    const found: string[] = [];
    again.onCorruption = ({ name }) => found.push(name);
    await assertRejects(() => compute(again, frozen, "last"), DataError, "first: has no result");
    assertEquals(found, [value.digest]);
  });
});

Deno.test("a program with another version of a step, or without it, refuses the plan", async () => {
  await inFolder(async (folder) => {
    const store = openStore(folder);
    const frozen = await frozenPlan(store, chain());
    const newer = async (name: string) => ({ ...(await loadKind(name))!, version: 7 });
    await assertRejects(
      () => compute(store, frozen, "first", newer),
      DataError,
      "was planned as something else: step kind slow has version 7 here and had 1",
    );
    await assertRejects(
      () => compute(store, frozen, "first", () => Promise.resolve(undefined)),
      DataError,
      "has no step kind slow",
    );
  });
});

Deno.test("a file that was edited after the plan is refused", async () => {
  await inFolder(async (folder) => {
    const store = openStore(`${folder}/cache`);
    await Deno.writeTextFile(`${folder}/a.txt`, "one");
    const workflow = toyWorkflow({ a: { uses: "file", with: { path: `${folder}/a.txt` } } });
    const frozen = await frozenPlan(store, workflow);
    await Deno.writeTextFile(`${folder}/a.txt`, "another");
    await assertRejects(
      () => compute(store, frozen, "a"),
      DataError,
      "a file that path names has changed",
    );
  });
});

Deno.test("what is no frozen plan is refused, whatever it holds", () => {
  for (const text of ["{}", "[]", "null", '{"version":1,"instances":[{}]}', "{"]) {
    try {
      readFrozenPlan("p.json", new TextEncoder().encode(text));
      throw new Error(`accepted ${text}`);
    } catch (error) {
      assertEquals((error as Error).name, "DataError", text);
    }
  }
});
