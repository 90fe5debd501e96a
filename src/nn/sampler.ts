/** Order of the samples of an epoch: a function of (seed, epoch) alone. */
import { Random } from "../random.ts";

export type Sampler = "random" | "weighted" | "sequential";

/**
 * Positions 0 to `count` - 1 in the order of one epoch.
 *
 * @param classes class of each position, for `weighted`: drawn with replacement so that every class
 *   is equally likely
 */
export function sampleOrder(
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
    const members = byClass.get(classes[i]);
    if (members) members.push(i);
    else byClass.set(classes[i], [i]);
  }
  const groups = [...byClass.entries()].sort(([a], [b]) => a - b).map(([, members]) => members);
  for (let i = 0; i < count; i++) {
    const members = groups[random.integer(groups.length)];
    order[i] = members[random.integer(members.length)];
  }
  return order;
}
