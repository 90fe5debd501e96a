/** The order of an epoch's samples: a function of (seed, epoch) alone. */
import { Random } from "../random.ts";

export type Sampler = "random" | "weighted" | "sequential";

/**
 * Draws the order of one epoch's samples, numbered from 0 to `count` - 1. `weighted` draws with
 * replacement, so that every class is equally likely.
 *
 * @param classes class of each sample, for `weighted`
 * @throws {TypeError} for `weighted` without classes
 */
export function drawSampleOrder(
  sampler: Sampler,
  count: number,
  seed: number,
  epoch: number,
  classes?: ArrayLike<number>,
): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  if (sampler === "sequential") return order;
  const random = new Random(seed, "sample order", epoch);
  if (sampler === "random") return random.shuffle(order);
  if (!classes) throw new TypeError("The weighted sampler needs classes");
  const byClass = new Map<number, number[]>();
  for (let i = 0; i < count; i++) {
    const samples = byClass.get(classes[i]);
    if (samples) samples.push(i);
    else byClass.set(classes[i], [i]);
  }
  const groups = [...byClass.entries()].sort(([a], [b]) => a - b).map(([, samples]) => samples);
  for (let i = 0; i < count; i++) {
    const samples = groups[random.integer(groups.length)];
    order[i] = samples[random.integer(samples.length)];
  }
  return order;
}
