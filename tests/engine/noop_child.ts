/** A process with nothing to do: 31 instances, all cached. Argument: the cache folder. */
import { openStore } from "../../src/engine/store/store.ts";
import { run } from "../../src/engine/run/run.ts";
import type { Workflow } from "../../src/workflow/graph.ts";
import { type ToyInstance, toyWorkflow } from "./toy_workflow.ts";

export function noopWorkflow(): Workflow {
  const spec: Record<string, ToyInstance> = {};
  for (let i = 0; i < 15; i++) {
    spec[`a[i=${i}]`] = { uses: "constant", axes: { i }, with: { text: `${i}` } };
    spec[`b[i=${i}]`] = { uses: "join", axes: { i }, in: { values: `a[i=${i}]` } };
  }
  const values = Array.from({ length: 15 }, (_, i) => `b[i=${i}]`);
  return toyWorkflow({ ...spec, all: { uses: "join", in: { values } } });
}

if (import.meta.main) {
  const { counts } = await run(openStore(Deno.args[0]), noopWorkflow());
  if (counts.cached !== 31) throw new Error("something was not cached");
}
