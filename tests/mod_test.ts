import { assertEquals, assertRejects } from "@std/assert";
import { openStore, plan, type PlanOptions, type ReadOptions, run, type RunOptions } from "gyrus";
import type { PlanOptions as EnginePlanOptions } from "../src/engine/plan/plan.ts";
import type { RunOptions as EngineRunOptions } from "../src/engine/run/run.ts";
import type { ReadOptions as ReaderOptions } from "../src/workflow/read.ts";

// An option that the engine or the reader does not know would be ignored: it fails to compile here.
const _known: [keyof ReaderOptions, keyof EnginePlanOptions, keyof EngineRunOptions] = [
  "set" as keyof ReadOptions,
  "force" as keyof PlanOptions,
  "force" as keyof RunOptions,
];

Deno.test("plan and run refuse a workflow and a store that Gyrus did not make", async () => {
  const folder = await Deno.makeTempDir();
  const store = await openStore(`${folder}/.gyrus`);
  const workflow = { name: "", file: "", folder, params: {}, instances: [] };
  await assertRejects(() => plan(store, workflow), TypeError, "readWorkflow has returned");
  const { root, lower, writable } = store;
  assertEquals([lower, writable], [[], true]);
  await assertRejects(() => run({ root, lower, writable }, workflow), TypeError, "openStore has");
  await Deno.remove(folder, { recursive: true });
});
