/** A workflow that is run, changed and planned again. */
import { assertEquals } from "@std/assert";
import { type Plan, plan, type PlanOptions } from "../../../src/engine/plan/plan.ts";
import { locatedReasonText } from "../../../src/engine/plan/reason.ts";
import { run, type RunResult } from "../../../src/engine/run/run.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import type { Workflow } from "../../../src/workflow/graph.ts";
import { type ToyInstance, toyWorkflow } from "../toy_workflow.ts";

export const base = (): Record<string, ToyInstance> => ({
  text: { uses: "constant", with: { text: "abc" } },
  joined: { uses: "join", in: { values: ["text"] } },
});

export type Spec = Record<string, ToyInstance>;

/** Runs the first, then plans and runs the second on the same store. */
export async function rerun(
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

export const states = ({ instances }: Plan) => instances.map(({ state }) => state);

export async function rerunOf(
  folder: string,
  change: (spec: Spec) => void,
  options: PlanOptions = {},
) {
  const spec = base();
  change(spec);
  return await rerun(folder, toyWorkflow(base()), toyWorkflow(spec), options);
}
