import { assertEquals } from "@std/assert";
import { stepModules } from "../../../src/steps/mod.ts";
import { starterWorkflow } from "../../../src/workflow/describe/starter.ts";
import { read } from "../reading.ts";
import { toyKinds } from "../toy_kinds.ts";

for (const [name, kinds] of [["the toy", toyKinds], ["the real", stepModules]] as const) {
  Deno.test(`the starter workflow is valid with ${name} step kinds`, async () => {
    const workflow = await read(starterWorkflow('a "quoted" name'), { kinds });
    assertEquals(workflow.name, 'a "quoted" name');
    assertEquals(workflow.steps.map(({ name }) => name), [
      "caps",
      "slices",
      "labels",
      "split",
      "folds",
      "train",
      "predict",
      "evaluate",
    ]);
  });
}
