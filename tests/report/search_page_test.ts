import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { searchPage } from "../../src/report/search/page.ts";
import type { Trial } from "../../src/search/trial.ts";
import type { Search } from "../../src/workflow/graph.ts";

const search: Search = {
  name: "rates",
  metric: { step: "train", name: "loss" },
  goal: "minimize",
  nTrials: 4,
  sampler: "tpe",
  pruner: { kind: "asha", stages: { min: 1, max: 2, eta: 2 } },
  seed: 0,
  parallel: 1,
  space: [
    { address: "train.rate", domain: { kind: "log_uniform", low: 1e-4, high: 1e-1 }, when: [] },
    { address: "train.kind", domain: { kind: "choice", values: ["<b>", "c"] }, when: [] },
  ],
  reaches: {},
};

const trial = (number: number, state: Trial["state"], value?: number): Trial => ({
  number,
  state,
  values: { "train.rate": 10 ** -(number + 1), "train.kind": "<b>" },
  ...(value !== undefined && { value, epochs: 2 }),
  curve: value === undefined ? [] : [value + 1, value],
  stages: [],
  ...(state === "failed" && { reason: "the loss is not finite" }),
});

Deno.test("the page of a search has its trials, the best first, and states that its value is optimistic", async () => {
  const trials = [trial(0, "complete", 0.5), trial(1, "pruned", 0.1), trial(2, "complete", 0.4)];
  const page = await searchPage("flow", search, {
    trials: [...trials, trial(3, "failed")],
    shares: [],
  });
  const rows = [...page.matchAll(/<tr><td>(\d)<\/td><td>([^<]*)/g)];
  assertEquals(rows.map(([, number, state]) => `${number} ${state}`), [
    "2 complete",
    "0 complete",
    "1 pruned",
    "3 failed",
  ]);
  assertStringIncludes(page, "<td>the loss is not finite</td>");
  assertStringIncludes(page, "Best: trial 2, loss 0.4");
  assertStringIncludes(page, "This value is optimistic");
  assertStringIncludes(page, "&lt;b&gt;");
  assert(!page.includes("<b>"), "text of a workflow is no HTML");
  assert(!/NaN|undefined|Infinity/.test(page.replaceAll(/<script>[^]*?<\/script>/g, "")));
});

Deno.test("a search without a completed trial has a page too", async () => {
  const page = await searchPage("flow", search, {
    trials: [trial(0, "failed")],
    shares: [],
  });
  assertStringIncludes(page, "No trial was completed");
});
