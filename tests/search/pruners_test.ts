import { assert, assertEquals, assertLess } from "@std/assert";
import { Random } from "../../src/random.ts";
import { goesOn, type JudgedTrial, stagesOf } from "../../src/search/pruners.ts";
import { normalShare } from "../../src/search/samplers/normal.ts";
import type { PrunerSpec } from "../../src/workflow/search.ts";
import curves from "../fixtures/search/curves.json" with { type: "json" };

const stages = { min: 1, max: 27, eta: 3 };

/** Epochs that a pruner trains in order of `curves`, up to a budget, and the best loss it finds. */
function replay(pruner: PrunerSpec, order: readonly number[], budget: number): number {
  const ends = stagesOf(stages);
  const judged: JudgedTrial[] = [];
  let best = Infinity;
  let epochs = 0;
  for (const number of order) {
    const losses: number[] = [];
    for (const [stage, end] of ends.entries()) {
      const trained = end - (ends[stage - 1] ?? 0);
      if (epochs + trained > budget) return best;
      epochs += trained;
      losses.push(Math.min(...curves[number].slice(0, end)));
      best = Math.min(best, losses[stage]);
      if (end === stages.max || !goesOn(pruner, stage, losses[stage], judged)) break;
    }
    judged.push({ losses, completed: losses.length === ends.length });
  }
  return best;
}

/** One-sided p-value of Wilcoxon's signed-rank test that differences are below 0, by its normal limit. */
function wilcoxon(differences: readonly number[]): number {
  const present = differences.filter((d) => d !== 0)
    .toSorted((a, b) => Math.abs(a) - Math.abs(b));
  const n = present.length;
  const positive = present.reduce((sum, d, i) => sum + (d > 0 ? i + 1 : 0), 0);
  const mean = n * (n + 1) / 4;
  return normalShare((positive + 0.5 - mean) / Math.sqrt(n * (n + 1) * (2 * n + 1) / 24));
}

Deno.test("on 200 recorded trainings ASHA finds a better one than random search in as many epochs", () => {
  const budget = 20 * stages.max;
  const found = Array.from({ length: 50 }, (_, seed) => {
    const order = new Random(seed, "order").shuffle([...curves.keys()]);
    return replay({ kind: "asha", stages }, order, budget) -
      replay({ kind: "none" }, order, budget);
  });
  assertEquals(curves.length, 200);
  assertLess(wilcoxon(found), 0.01);
});

Deno.test("stages are powers of eta from min, and max", () => {
  assertEquals(stagesOf({ min: 1, max: 27, eta: 3 }), [1, 3, 9, 27]);
  assertEquals(stagesOf({ min: 2, max: 10, eta: 2 }), [2, 4, 8, 10]);
  assertEquals(stagesOf({ min: 5, max: 5, eta: 3 }), [5]);
});

const reached = (...losses: number[]): JudgedTrial => ({ losses, completed: losses.length === 4 });

Deno.test("ASHA lets the best of every eta trials go on, the earlier one of equals", () => {
  const pruner = { kind: "asha", stages } as const;
  assert(goesOn(pruner, 0, 0.9, []));
  assert(!goesOn(pruner, 0, 0.9, [reached(0.5)]));
  assert(goesOn(pruner, 0, 0.4, [reached(0.5)]));
  assert(!goesOn(pruner, 0, 0.5, [reached(0.5)]));
  const five = [0.1, 0.2, 0.3, 0.4, 0.5].map((loss) => reached(loss));
  assert(goesOn(pruner, 0, 0.15, five), "two of six");
  assert(!goesOn(pruner, 0, 0.25, five));
  assert(goesOn(pruner, 1, 0.25, five), "no other reached this stage");
});

Deno.test("the median pruner compares with completed trials, from the sixth on", () => {
  const pruner = { kind: "median", stages } as const;
  const five = [0.1, 0.2, 0.3, 0.4, 0.5].map((loss) => reached(loss, loss, loss, loss));
  assert(goesOn(pruner, 0, 0.9, five.slice(1)));
  assert(goesOn(pruner, 0, 0.3, five));
  assert(!goesOn(pruner, 0, 0.31, five));
  assert(
    !goesOn(pruner, 0, 0.31, [...five, reached(0.9), reached(0.9)]),
    "pruned trials don't count",
  );
  assert(goesOn({ kind: "none" }, 0, 9, five));
});
