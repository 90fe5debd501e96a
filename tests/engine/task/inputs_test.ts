import { assertEquals } from "@std/assert";
import { run } from "../../../src/engine/run/run.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import type { StepKind } from "../../../src/workflow/step.ts";
import { inFolder } from "../scratch.ts";
import { join } from "../toy_steps.ts";
import { toyWorkflow } from "../toy_workflow.ts";

const stepModule = new URL("../toy_steps.ts", import.meta.url).href;

Deno.test("a port that takes several gets a list, also of one", () =>
  inFolder(async (folder) => {
    const lists: boolean[] = [];
    const looking: StepKind = {
      ...join as unknown as StepKind,
      kind: "looking",
      run(context) {
        lists.push(Array.isArray(context.inputs.values));
        return Promise.resolve({ value: { files: { "value.txt": "seen" } } });
      },
    };
    await run(
      openStore(`${folder}/cache`),
      toyWorkflow({
        one: { uses: "constant", with: { text: "a" } },
        two: { uses: "constant", with: { text: "b" } },
        single: { uses: looking, in: { values: "one" } },
        several: { uses: looking, in: { values: ["one", "two"] } },
      }),
      { stepModule },
    );
    assertEquals(lists, [true, true]);
  }));
