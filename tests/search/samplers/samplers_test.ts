import { assert, assertEquals, assertLess } from "@std/assert";
import { assign, valueAt } from "../../../src/search/space.ts";
import { sampleRandom } from "../../../src/search/samplers/random.ts";
import type { Observation, Sampler } from "../../../src/search/samplers/sampler.ts";
import { sampleSobol, sobolWord } from "../../../src/search/samplers/sobol.ts";
import { sampleTpe } from "../../../src/search/samplers/tpe.ts";
import optuna from "../../fixtures/search/optuna.json" with { type: "json" };
import { type Objective, OBJECTIVES } from "./objectives.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";

function search(objective: Objective, sampler: Sampler, seed: number, trials: number) {
  const earlier: Observation[] = [];
  for (let number = 0; number < trials; number++) {
    const values = sampler(objective.parameters, seed, number, earlier);
    earlier.push({ values, loss: objective.value(values) });
  }
  return earlier;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return 0.5 * (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]);
}

// The short form has the quickest objective.
for (const name of full ? Object.keys(OBJECTIVES) : ["branin"]) {
  Deno.test(`TPE finds the optimum of ${name} as closely as Optuna: median of 20 seeds`, () => {
    const objective = OBJECTIVES[name];
    const theirs = optuna.regrets[name as keyof typeof optuna.regrets];
    const regrets = theirs.default.map((_, seed) => {
      const losses = search(objective, sampleTpe, seed, optuna.trials).map(({ loss }) => loss!);
      return Math.min(...losses) - objective.optimum;
    });
    assertLess(median(regrets), 1.1 * median(theirs.default));
  });
}

Deno.test("random trials are distributed as the space declares", () => {
  const { parameters } = OBJECTIVES.conditional;
  const trials = Array.from({ length: 4000 }, (_, k) => sampleRandom(parameters, 3, k, []));
  for (const { address, domain } of parameters) {
    const values = trials.filter((trial) => address in trial).map((trial) => trial[address]);
    if (domain.kind === "choice" || domain.kind === "int") {
      const options = domain.kind === "choice"
        ? domain.values
        : Array.from({ length: domain.high - domain.low + 1 }, (_, i) => domain.low + i);
      const expected = values.length / options.length;
      const statistic = options.reduce((sum: number, option) => {
        const count = values.filter((value) => value === option).length;
        return sum + (count - expected) ** 2 / expected;
      }, 0);
      const freedom = options.length - 1;
      // The 0.9999 quantile of chi-square, by Wilson and Hilferty.
      const limit = freedom * (1 - 2 / (9 * freedom) + 3.72 * Math.sqrt(2 / (9 * freedom))) ** 3;
      assertLess(statistic, limit, address);
      continue;
    }
    const log = domain.kind === "log_uniform" ? Math.log : (x: number) => x;
    const [low, high] = [log(domain.low), log(domain.high)];
    const units = values.map((value) => (log(value as number) - low) / (high - low)).sort((a, b) =>
      a - b
    );
    const distance = Math.max(...units.map((u, i) => Math.abs(u - (i + 0.5) / units.length)));
    // Kolmogorov and Smirnov's test at 0.0001.
    assertLess(distance, 2.23 / Math.sqrt(units.length), address);
  }
});

Deno.test("points of Sobol's sequence before scrambling are SciPy's", () => {
  // scipy.stats.qmc.Sobol(64, scramble=False, bits=30), times 2^30; every ninth dimension.
  const points = {
    1: [536870912, 536870912, 536870912, 536870912, 536870912, 536870912, 536870912, 536870912],
    2: [805306368, 805306368, 805306368, 805306368, 268435456, 268435456, 268435456, 805306368],
    77: [897581056, 461373440, 847249408, 394264576, 595591168, 830472192, 192937984, 947912704],
    100: [444596224, 746586112, 897581056, 713031680, 1048576000, 645922816, 411041792, 696254464],
    255: [4194304, 381681664, 784334848, 759169024, 230686720, 775946240, 37748736, 364904448],
  };
  for (const [index, expected] of Object.entries(points)) {
    const words = expected.map((_, i) => sobolWord(Number(index), 9 * i) / 4);
    assertEquals(words.map(Math.floor), expected, `point ${index}`);
  }
});

Deno.test("each of 64 Sobol trials has its own 64th of every parameter's range, and another seed others", () => {
  const parameters = Array.from({ length: 64 }, (_, i) => ({
    address: `x${i}`,
    domain: { kind: "uniform", low: 0, high: 1 } as const,
    when: [],
  }));
  const trials = (seed: number) =>
    Array.from({ length: 64 }, (_, k) => sampleSobol(parameters, seed, k, []));
  for (const { address } of parameters) {
    const cells = new Set(trials(5).map((values) => Math.floor(64 * (values[address] as number))));
    assertEquals(cells.size, 64, address);
  }
  const first = (seed: number) => trials(seed)[0].x0;
  assert(first(5) !== first(6));
});

Deno.test("a trial has the parameters of its own branch alone, under every sampler", () => {
  for (const sampler of [sampleRandom, sampleSobol, sampleTpe]) {
    for (const { values } of search(OBJECTIVES.conditional, sampler, 1, 40)) {
      assertEquals("momentum" in values, values.optimizer === "SGD");
      assertEquals("depth" in values && "dropout" in values, values.network === "conv");
      assertEquals("width" in values, values.network === "resnet");
    }
  }
});

Deno.test("a trial depends on the seed and earlier trials alone, and failed trials on nothing", () => {
  const { parameters } = OBJECTIVES.branin;
  const earlier = search(OBJECTIVES.branin, sampleTpe, 1, 30);
  const next = sampleTpe(parameters, 1, 30, earlier);
  assertEquals(sampleTpe(parameters, 1, 30, structuredClone(earlier)), next);
  assert(JSON.stringify(sampleTpe(parameters, 2, 30, earlier)) !== JSON.stringify(next));
  const failed = { values: { x: 1, y: 1 } };
  assertEquals(sampleTpe(parameters, 1, 30, [...earlier, failed]), next);
});

Deno.test("values stay within their range at both ends", () => {
  const below = 1 - 2 ** -53;
  assertEquals(valueAt({ kind: "log_uniform", low: 1e-5, high: 1e-2 }, 0), 1e-5);
  for (const unit of [0, below]) {
    const value = valueAt({ kind: "log_uniform", low: 3e-5, high: 7e-3 }, unit) as number;
    assert(value >= 3e-5 && value <= 7e-3);
  }
  assertEquals(valueAt({ kind: "int", low: 4, high: 6 }, below), 6);
  assertEquals(valueAt({ kind: "choice", values: ["a", "b"] }, below), "b");
  const parameters = [{
    address: "a",
    domain: { kind: "int", low: 2, high: 2 } as const,
    when: [],
  }];
  assertEquals(assign(parameters, ({ domain }) => valueAt(domain, 0.5)), { a: 2 });
});
