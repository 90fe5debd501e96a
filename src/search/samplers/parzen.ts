/**
 * Parzen estimators of parameters: mixtures with a kernel for each observation and a wide one, the prior,
 * as Optuna's `_ParzenEstimator` (5.0) makes them. A kernel is a product over the parameters: a normal
 * distribution cut to the range, in the logarithm of a `log_uniform` one; of an `int` its integral over
 * the unit around each value; of a choice mostly the observed value.
 */
import type { Random } from "../../random.ts";
import type { Json } from "../../workflow/search.ts";
import {
  type Assignment,
  choiceIndex,
  type Domain,
  type SearchParameter,
  within,
} from "../space.ts";
import { shareBetween, truncatedNormalAt } from "./normal.ts";

/** Kernels are at least this part of the range wide, however many there are. */
const NARROWEST = 1 / 100;

/** So many of the newest observations have full weight; older ones have less. */
const FULL_WEIGHTS = 25;

/** One parameter's side of the kernels; number k is that of observation k, the last the prior's. */
interface Kernels {
  draw(kernel: number, random: Random): Json;
  /** Logarithm of the density, or of the probability of a discrete value. */
  logDensity(kernel: number, value: Json): number;
}

export class ParzenEstimator {
  readonly #kernels: readonly Kernels[];
  readonly #weights: readonly number[];

  /** @param observations values of all the parameters, the oldest first */
  constructor(
    readonly parameters: readonly SearchParameter[],
    observations: readonly Assignment[],
  ) {
    this.#kernels = parameters.map(({ address, domain }) =>
      kernelsOf(domain, observations.map((values) => values[address]))
    );
    const weights = [...observationWeights(observations.length), 1];
    const sum = weights.reduce((a, b) => a + b);
    this.#weights = weights.map((weight) => weight / sum);
  }

  draw(random: Random): Assignment {
    let left = random.uniform();
    let kernel = 0;
    while (kernel < this.#weights.length - 1 && left >= this.#weights[kernel]) {
      left -= this.#weights[kernel++];
    }
    return Object.fromEntries(
      this.parameters.map(({ address }, i) => [address, this.#kernels[i].draw(kernel, random)]),
    );
  }

  logDensity(values: Assignment): number {
    const terms = this.#weights.map((weight, kernel) =>
      this.parameters.reduce(
        (sum, { address }, i) => sum + this.#kernels[i].logDensity(kernel, values[address]),
        Math.log(weight),
      )
    );
    const greatest = Math.max(...terms);
    return greatest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - greatest), 0));
  }
}

/** A ramp from 1 / count, then ones for the newest. */
function observationWeights(count: number): number[] {
  const ramp = Math.max(0, count - FULL_WEIGHTS);
  return Array.from({ length: count }, (_, i) => {
    if (i >= ramp) return 1;
    return ramp === 1 ? 1 / count : 1 / count + i / (ramp - 1) * (1 - 1 / count);
  });
}

function kernelsOf(domain: Domain, observed: readonly Json[]): Kernels {
  switch (domain.kind) {
    case "choice":
      return choiceKernels(domain.values, observed);
    case "int":
      return intKernels(domain, observed as readonly number[]);
    case "uniform":
      return rangeKernels(domain, observed as readonly number[]);
    case "log_uniform": {
      const logs = { low: Math.log(domain.low), high: Math.log(domain.high) };
      const inner = rangeKernels(logs, observed.map((value) => Math.log(value as number)));
      return {
        draw: (kernel, random) => within(domain, Math.exp(inner.draw(kernel, random) as number)),
        logDensity: (kernel, value) => inner.logDensity(kernel, Math.log(value as number)),
      };
    }
  }
}

interface Range {
  low: number;
  high: number;
}

function rangeKernels(range: Range, observed: readonly number[]): Kernels {
  const { low, high } = range;
  const { means, deviations } = normals(range, observed);
  const scales = means.map((mean, k) =>
    Math.log(
      deviations[k] * Math.sqrt(2 * Math.PI) *
        shareBetween((low - mean) / deviations[k], (high - mean) / deviations[k]),
    )
  );
  return {
    draw: (k, random) => truncatedNormalAt(random.uniform(), means[k], deviations[k], low, high),
    logDensity: (k, value) =>
      -0.5 * ((value as number - means[k]) / deviations[k]) ** 2 - scales[k],
  };
}

function intKernels(domain: Range, observed: readonly number[]): Kernels {
  const low = domain.low - 0.5;
  const high = domain.high + 0.5;
  const { means, deviations } = normals({ low, high }, observed);
  const share = (k: number, from: number, to: number) =>
    shareBetween((from - means[k]) / deviations[k], (to - means[k]) / deviations[k]);
  const totals = means.map((_, k) => share(k, low, high));
  return {
    draw: (k, random) => {
      const drawn = truncatedNormalAt(random.uniform(), means[k], deviations[k], low, high);
      return within(domain, Math.round(drawn));
    },
    logDensity: (k, value) => {
      const at = value as number;
      return Math.log(share(k, at - 0.5, at + 0.5) / totals[k]);
    },
  };
}

/** The prior is as wide as the range; an observation's kernel reaches its farther neighbour. */
function normals({ low, high }: Range, observed: readonly number[]) {
  const width = high - low;
  const least = width * Math.max(NARROWEST, 1 / (observed.length + 2));
  const order = [...observed.keys()].sort((a, b) => observed[a] - observed[b] || a - b);
  const deviations = new Array<number>(observed.length);
  const last = order.length - 1;
  order.forEach((at, rank) => {
    const before = observed[at] - (rank > 0 ? observed[order[rank - 1]] : low);
    const after = (rank < last ? observed[order[rank + 1]] : high) - observed[at];
    // The ends of the range are no observations: with others, they are not counted as neighbours.
    const reach = last === 0
      ? Math.max(before, after)
      : rank === 0
      ? after
      : rank === last
      ? before
      : Math.max(before, after);
    deviations[at] = Math.min(width, Math.max(least, reach));
  });
  return {
    means: [...observed, 0.5 * (low + high)],
    deviations: [...deviations, width],
  };
}

function choiceKernels(choices: readonly Json[], observed: readonly Json[]): Kernels {
  const kernels = observed.length + 1;
  const indices = observed.map((value) => choiceIndex(choices, value));
  const probability = (kernel: number, choice: number) => {
    if (kernel === observed.length) return 1 / choices.length;
    return (1 / kernels + Number(indices[kernel] === choice)) / (choices.length / kernels + 1);
  };
  return {
    draw: (kernel, random) => {
      let left = random.uniform();
      let choice = 0;
      while (choice < choices.length - 1 && left >= probability(kernel, choice)) {
        left -= probability(kernel, choice++);
      }
      return choices[choice];
    },
    logDensity: (kernel, value) => Math.log(probability(kernel, choiceIndex(choices, value))),
  };
}
