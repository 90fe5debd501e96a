/**
 * How much each parameter of a search matters: permutation importances of a random forest (Breiman,
 * "Random forests", Machine Learning 45, 2001) that predicts the loss from the parameters.
 */
import { Random } from "../random.ts";
import { choiceIndex, type Domain, type SearchParameter } from "./space.ts";
import type { Json } from "../workflow/search.ts";
import { lossOf, type Trial } from "./trial.ts";

const TREES = 100;
const SMALLEST_LEAF = 2;
/** A forest of fewer trials predicts nothing. */
const FEWEST_TRIALS = 8;
/** Value of a parameter in trials that lack it, below all others. */
const ABSENT = -1;

export interface Importance {
  address: string;
  /** Share of the sum over the parameters; all are 0 where nothing matters. */
  share: number;
}

/** Rows of features and their losses. */
interface Data {
  rows: readonly Float64Array[];
  losses: readonly number[];
}

type Tree = { loss: number } | { feature: number; threshold: number; below: Tree; above: Tree };

/** Greatest first; empty of fewer than eight completed trials. */
export function importances(
  parameters: readonly SearchParameter[],
  trials: readonly Trial[],
  goal: "minimize" | "maximize",
  seed: number,
): Importance[] {
  const completed = trials.filter(({ state }) => state === "complete");
  if (completed.length < FEWEST_TRIALS) return [];
  const data: Data = {
    rows: completed.map(({ values }) =>
      Float64Array.from(
        parameters,
        ({ address, domain }) =>
          Object.hasOwn(values, address) ? featureOf(domain, values[address]) : ABSENT,
      )
    ),
    losses: completed.map(({ value }) => lossOf(goal, value!)),
  };
  const sums = new Float64Array(parameters.length);
  for (let number = 0; number < TREES; number++) addTree(data, seed, number, sums);
  const positive = [...sums].map((sum) => Math.max(0, sum));
  const total = positive.reduce((a, b) => a + b, 0);
  return parameters
    .map(({ address }, i) => ({ address, share: total > 0 ? positive[i] / total : 0 }))
    .sort((a, b) => b.share - a.share);
}

function featureOf(domain: Domain, value: Json): number {
  if (domain.kind === "choice") return choiceIndex(domain.values, value);
  const scale = domain.kind === "log_uniform" ? Math.log : (x: number) => x;
  const low = scale(domain.low);
  return (scale(value as number) - low) / (scale(domain.high) - low || 1);
}

/** Grows a tree on a bootstrap sample, and adds by how much each shuffled feature worsens it on the rest. */
function addTree({ rows, losses }: Data, seed: number, number: number, sums: Float64Array): void {
  const random = new Random(seed, "search importances", number);
  const drawn = rows.map(() => random.integer(rows.length));
  const out = [...rows.keys()].filter((row) => !drawn.includes(row));
  if (out.length < 2) return;
  const tree = grow({ rows, losses }, drawn, random);
  const error = (features: (row: number) => Float64Array) =>
    out.reduce((sum, row) => sum + (predict(tree, features(row)) - losses[row]) ** 2, 0) /
    out.length;
  const before = error((row) => rows[row]);
  for (let feature = 0; feature < sums.length; feature++) {
    const shuffled = random.shuffle([...out]);
    const place = new Map(out.map((row, i) => [row, shuffled[i]]));
    sums[feature] += error((row) => {
      const changed = rows[row].slice();
      changed[feature] = rows[place.get(row)!][feature];
      return changed;
    }) - before;
  }
}

function grow(data: Data, members: readonly number[], random: Random): Tree {
  const { rows, losses } = data;
  const mean = members.reduce((sum, row) => sum + losses[row], 0) / members.length;
  let best: { score: number; feature: number; threshold: number } | undefined;
  const features = rows[0].length;
  // Some features compete at each split, so that trees differ.
  const candidates = random.shuffle([...Array(features).keys()])
    .slice(0, Math.max(1, Math.ceil(features * 2 / 3)));
  for (const feature of candidates) {
    const sorted = members.toSorted((a, b) => rows[a][feature] - rows[b][feature]);
    let sum = 0;
    for (let left = 1; left < sorted.length; left++) {
      sum += losses[sorted[left - 1]] - mean;
      const [low, high] = [rows[sorted[left - 1]][feature], rows[sorted[left]][feature]];
      const right = sorted.length - left;
      if (low === high || left < SMALLEST_LEAF || right < SMALLEST_LEAF) continue;
      const score = sum * sum / left + sum * sum / right;
      if (best && score <= best.score) continue;
      best = { score, feature, threshold: 0.5 * (low + high) };
    }
  }
  if (!best || best.score <= 0) return { loss: mean };
  const { feature, threshold } = best;
  const side = (isBelow: boolean) =>
    grow(data, members.filter((row) => rows[row][feature] < threshold === isBelow), random);
  return { feature, threshold, below: side(true), above: side(false) };
}

function predict(tree: Tree, features: Float64Array): number {
  let at = tree;
  while (!("loss" in at)) at = features[at.feature] < at.threshold ? at.below : at.above;
  return at.loss;
}
