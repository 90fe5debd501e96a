import { assertEquals } from "@std/assert";
import { starterWorkflow } from "../../src/workflow/starter.ts";
import { read } from "./reading.ts";

Deno.test("the starter workflow is valid", async () => {
  const workflow = await read(starterWorkflow('a "quoted" name'));
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
