import { assert, assertEquals } from "@std/assert";
import { importances } from "../../src/search/importances.ts";
import { sampleRandom } from "../../src/search/samplers/random.ts";
import type { Trial } from "../../src/search/trial.ts";
import type { SearchParameter } from "../../src/workflow/search.ts";

const parameters: SearchParameter[] = [
  { address: "idle", domain: { kind: "uniform", low: 0, high: 1 }, when: [] },
  { address: "rate", domain: { kind: "log_uniform", low: 1e-5, high: 1e-1 }, when: [] },
  { address: "network", domain: { kind: "choice", values: ["a", "b", "c"] }, when: [] },
];

const trials = (count: number) =>
  Array.from({ length: count }, (_, number): Trial => {
    const values = sampleRandom(parameters, 4, number, []);
    const value = -((Math.log10(values.rate as number) + 3) ** 2) -
      (values.network === "b" ? 1 : 0);
    return { number, values, state: "complete", value, curve: [], stages: [value] };
  });

Deno.test("parameters are ranked by how much the metric depends on them", () => {
  const found = importances(parameters, trials(80), "maximize", 0);
  assertEquals(found.map(({ address }) => address), ["rate", "network", "idle"]);
  const [rate, network, idle] = found.map(({ share }) => share);
  // Of the variance, 1.4 is the rate's and 0.2 the network's.
  assert(rate > 0.75 && network > 0.03 && idle < 0.02, JSON.stringify(found));
  assert(Math.abs(rate + network + idle - 1) < 1e-12);
});

Deno.test("fewer than eight completed trials have no importances", () => {
  assertEquals(importances(parameters, trials(7), "maximize", 0), []);
});
