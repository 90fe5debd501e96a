/**
 * The tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kégl, NIPS 2011) with Optuna's
 * refinements (Watanabe, "Tree-structured Parzen estimator", 2023): kernels reach their neighbours and are
 * never too narrow, a prior of weight 1, and less weight for old trials. Parameters with the same condition
 * are drawn together, as its multivariate form does.
 */
import { Random } from "../../random.ts";
import { type Assignment, isActive, type SearchParameter } from "../space.ts";
import { ParzenEstimator } from "./parzen.ts";
import { sampleRandom } from "./random.ts";
import type { Observation, Sampler } from "./sampler.ts";
import { MOST_SOBOL_DIMENSIONS, sampleSobol } from "./sobol.ts";

/** The first trials are points of the Sobol sequence, which leaves no region out. */
const STARTUP_TRIALS = 16;

/** Candidates, of which the one with the highest ratio of densities is taken. */
const CANDIDATES = 48;

/** Share of the trials that count as good, and at most how many. */
const GOOD_SHARE = 0.1;
const MOST_GOOD = 25;

export const sampleTpe: Sampler = (parameters, seed, number, earlier) => {
  const finished = earlier.filter(({ loss }) => loss !== undefined);
  if (finished.length < STARTUP_TRIALS) {
    const start = parameters.length > MOST_SOBOL_DIMENSIONS ? sampleRandom : sampleSobol;
    return start(parameters, seed, number, earlier);
  }
  const good = new Set(
    finished.toSorted(compareObservations)
      .slice(0, Math.min(MOST_GOOD, Math.ceil(GOOD_SHARE * finished.length))),
  );
  let values: Assignment = {};
  for (const group of groupByCondition(parameters)) {
    if (!isActive(group[0], values)) continue;
    const known = finished.filter((trial) =>
      group.every(({ address }) => Object.hasOwn(trial.values, address))
    );
    const of = (chosen: boolean) =>
      new ParzenEstimator(
        group,
        known.filter((trial) => good.has(trial) === chosen).map((trial) => trial.values),
      );
    const random = new Random(seed, `search tpe ${group[0].address}`, number);
    values = { ...values, ...bestCandidate(of(true), of(false), random) };
  }
  return values;
};

function bestCandidate(good: ParzenEstimator, others: ParzenEstimator, random: Random): Assignment {
  let best: Assignment = {};
  let highest = -Infinity;
  for (let i = 0; i < CANDIDATES; i++) {
    const candidate = good.draw(random);
    const ratio = good.logDensity(candidate) - others.logDensity(candidate);
    if (i > 0 && !(ratio > highest)) continue;
    best = candidate;
    highest = ratio;
  }
  return best;
}

/** Completed trials by their loss, then pruned ones: the longer they lasted, the better. */
function compareObservations(a: Observation, b: Observation): number {
  const epochs = (trial: Observation) => trial.prunedAfter ?? Infinity;
  if (epochs(a) !== epochs(b)) return epochs(b) - epochs(a);
  return a.loss! - b.loss!;
}

function groupByCondition(parameters: readonly SearchParameter[]): SearchParameter[][] {
  const groups = new Map<string, SearchParameter[]>();
  for (const parameter of parameters) {
    const condition = JSON.stringify(parameter.when);
    const group = groups.get(condition);
    if (group) group.push(parameter);
    else groups.set(condition, [parameter]);
  }
  return [...groups.values()];
}
