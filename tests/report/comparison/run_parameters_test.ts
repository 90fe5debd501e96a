import { assertEquals } from "@std/assert";
import type { RunRecord } from "../../../src/engine/run/run_folder.ts";
import { differingParameters } from "../../../src/report/comparison/run_parameters.ts";
import type { Json } from "../../../src/workflow/step.ts";

/** @param steps parameters by instance, such as `train[fold=0]` */
function run(params: Record<string, Json>, steps: Record<string, Record<string, Json>>) {
  const instances = Object.entries(steps).map(([name, params]) => ({
    name,
    step: name.replace(/\[.*/, ""),
    params,
  }));
  return { workflow: { params }, instances } as unknown as RunRecord;
}

Deno.test("a parameter that differs is listed once, by its step, with all values of a sweep", () => {
  const rates = (first: number, second: number) => ({
    "train[fold=0]": { rate: first, epochs: 5 },
    "train[fold=1]": { rate: second, epochs: 5 },
  });
  assertEquals(differingParameters([run({}, rates(0.1, 0.1)), run({}, rates(0.1, 0.2))]), [
    { name: "train.rate", values: ["0.1", "0.1, 0.2"] },
  ]);
});

Deno.test("what follows a parameter of the workflow is not listed again, nor a seed of every step", () => {
  const runs = [1, 2].map((n) =>
    run({ far: n }, { first: { n, seed: n + 7 }, second: { seed: n + 7, n: 4 } })
  );
  assertEquals(differingParameters(runs), [
    { name: "params.far", values: ["1", "2"] },
    { name: "seed", values: ["8", "9"] },
  ]);
});

Deno.test("parameters of steps that only some runs have do not differ", () => {
  assertEquals(differingParameters([run({}, { a: { n: 1 } }), run({}, { b: { n: 2 } })]), []);
});
