/** "Did you mean": the nearest known name by Damerau-Levenshtein distance. */
import type { StepKind } from "./step.ts";

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
      }
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length];
}

/** More names than this are not compared: a file with as many unknown names would take minutes. */
const mostCandidates = 1000;

/** Edits that a typing mistake makes at most: none in one or two letters, else a third of them. */
function editLimit(name: string): number {
  return name.length < 3 ? 0 : Math.floor(name.length / 3);
}

/** The candidate nearest to `name`, if it is near enough to be a typing mistake. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > 80) return undefined;
  const lower = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = editLimit(name) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) > bestDistance) continue;
    const distance = editDistance(lower, candidate.toLowerCase());
    const sameLength = candidate.length === name.length && best?.length !== name.length;
    if (distance < bestDistance || distance === bestDistance && best && sameLength) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** So many candidates that have the parts of a name are listed. */
const MAX_ALIKE = 3;

/** The candidates that have each part of a name: `subjcts` is in `n_subjects`, `train` in `train.x`. */
function withItsParts(name: string, candidates: readonly string[]): string[] {
  if (name.length > 80) return [];
  const parts = partsOf(name);
  // A letter or two are a part of too many names.
  if (!parts.some((part) => part.length > 2)) return [];
  const distances = candidates.map((candidate) => {
    const own = partsOf(candidate);
    let sum = 0;
    for (const part of parts) {
      const near = Math.min(...own.map((each) => editDistance(part, each)));
      sum += near <= editLimit(part) ? near : Infinity;
    }
    return sum;
  });
  const least = Math.min(...distances);
  return least === Infinity ? [] : candidates.filter((_, index) => distances[index] === least);
}

function partsOf(name: string): string[] {
  return name.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);
}

/**
 * `did you mean "n_test"?`, by a typing mistake or by the parts of a name; else the list of what there
 * is when it is short, or nothing.
 */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const all = [...candidates];
  if (all.length > mostCandidates) return undefined;
  const best = nearest(name, all);
  const alike = best === undefined ? withItsParts(name, all) : [best];
  if (alike.length > 0 && alike.length <= MAX_ALIKE) {
    return `did you mean ${alike.map((each) => `"${each}"`).join(" or ")}?`;
  }
  if (all.length === 0 || all.length > 12) return undefined;
  return `known: ${all.join(", ")}`;
}

/** What replaced a parameter that a kind once had; else as {@link didYouMean} of those it has. */
export function suggestParameter(
  { params, replaced = {} }: Pick<StepKind, "params" | "replaced">,
  name: string,
): string | undefined {
  return Object.hasOwn(replaced, name)
    ? replaced[name]
    : didYouMean(name, Object.keys(params.shape));
}
