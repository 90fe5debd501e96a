import { assertEquals, assertThrows } from "@std/assert";
import { WorkflowError } from "../../src/errors.ts";
import { findTarget } from "../../src/workflow/targets.ts";
import { experiment, read } from "./reading.ts";

Deno.test("a target names a step or some of its instances", async () => {
  const workflow = await read(experiment);
  const names = (target: string) => findTarget(workflow, target).map(({ name }) => name);
  assertEquals(names("train").length, 8);
  assertEquals(names("train[fold=2]"), [
    "train[fold=2,multi_network=false]",
    "train[fold=2,multi_network=true]",
  ]);
  assertEquals(names("train[multi_network=true,fold=2]"), ["train[fold=2,multi_network=true]"]);
  assertEquals(names("caps"), ["caps"]);
});

Deno.test("an unknown target is reported with the nearest name", async () => {
  const workflow = await read(experiment);
  const said = (target: string) => {
    const error = assertThrows(() => findTarget(workflow, target), WorkflowError);
    const [{ message, suggestion }] = error.issues;
    return `${message}; ${suggestion}`;
  };
  assertEquals(said("trian"), 'there is no step "trian"; did you mean "train"?');
  assertEquals(said("train[fodl=1]"), 'train has no matrix axis "fodl"; did you mean "fold"?');
  assertEquals(said("train[fold=7]"), "no instance of train has fold=7; known: 0, 1, 2, 3");
  assertEquals(said("caps[fold=1]"), "caps has no matrix; undefined");
  assertEquals(
    said("train[fold=0].model"),
    '"train[fold=0].model" names an output; name a step or an instance, such as ' +
      "train[fold=0,multi_network=false]",
  );
  assertEquals(said("caps["), '"caps[" is not a reference: "[" can\'t follow here; undefined');
});
