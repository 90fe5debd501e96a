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

for (const kind of ["caps", "bids"] as const) {
  Deno.test(`the workflow that starts from a folder of ${kind} is valid`, async () => {
    const folder = `/data/it's "my" ${kind}`;
    const text = starterWorkflow("study", { kind, folder });
    const workflow = await read(text, { kinds: stepModules });
    const [open] = workflow.instances;
    assertEquals(open.kind.kind, `${kind}.open`);
    assertEquals(open.params[`${kind}_directory`], folder);
  });
}
