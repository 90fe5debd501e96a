import { assertEquals } from "@std/assert";
import type { RunDiff } from "../../src/engine/diff.ts";
import type { RunRecord } from "../../src/engine/run/run_folder.ts";
import { stepChanges } from "../../src/report/comparison.ts";

Deno.test("a parameter that changed alike in all instances of a step is listed once, by its step", () => {
  const change = { name: "learning_rate", old: 0.1, new: 0.01 };
  const rest = { execution: [], inputs: [], outputs: [], metrics: [] };
  const diff: RunDiff = {
    params: [],
    added: [],
    removed: [],
    instances: [
      { instance: "train[fold=0]", params: [change], ...rest },
      { instance: "train[fold=1]", params: [change, { name: "seed", old: 1, new: 2 }], ...rest },
    ],
  };
  const instances = [0, 1].map((fold) => ({ name: `train[fold=${fold}]`, step: "train" }));
  assertEquals(stepChanges(diff, { instances } as unknown as RunRecord), [
    { ...change, name: "train.learning_rate" },
    { name: "train.seed", old: 1, new: 2 },
  ]);
});
