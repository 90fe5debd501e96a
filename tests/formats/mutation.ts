/** Corrupts files at random, to prove that readers answer with a DataError and nothing else. */
import { DataError } from "../../src/errors.ts";

/** 500 mutants, or twenty times as many in the full proof. */
export const MUTANTS = Deno.env.get("GYRUS_TEST_FULL") === "1" ? 10_000 : 500;

/** Milliseconds for one mutant, on a machine with other work. */
const LONGEST = 2000;

/** Values at which size and offset fields break. */
const EDGES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/**
 * Reads `count` mutants of `bytes`: bits flipped, bytes set to edge values, runs removed, doubled or
 * cut off. Throws when `read` throws anything but a {@link DataError}, or takes long.
 *
 * @returns how many mutants were refused
 */
export function readMutants(
  bytes: Uint8Array<ArrayBuffer>,
  read: (mutant: Uint8Array<ArrayBuffer>) => void,
  count = MUTANTS,
): number {
  const below = randomBelow(20260101);
  let refused = 0;
  for (let i = 0; i < count; i++) {
    const mutant = mutate(bytes, below);
    const start = performance.now();
    try {
      read(mutant);
    } catch (error) {
      if (!(error instanceof DataError)) {
        throw new Error(`Mutant ${i} of ${count} was not refused properly`, { cause: error });
      }
      refused++;
    }
    const milliseconds = performance.now() - start;
    if (milliseconds > LONGEST) {
      throw new Error(`Mutant ${i} of ${count} was answered after ${milliseconds} ms`);
    }
  }
  return refused;
}

function mutate(
  bytes: Uint8Array<ArrayBuffer>,
  below: (limit: number) => number,
): Uint8Array<ArrayBuffer> {
  let mutant = bytes.slice();
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const at = below(mutant.length);
    const length = below(16);
    switch (below(5)) {
      case 0:
        mutant[at] ^= 1 << below(8);
        break;
      case 1:
        mutant[at] = EDGES[below(EDGES.length)];
        break;
      case 2:
        mutant = mutant.slice(0, at);
        break;
      case 3:
        mutant = join(mutant.subarray(0, at), mutant.subarray(at + length));
        break;
      case 4:
        mutant = join(mutant.subarray(0, at + length), mutant.subarray(at));
        break;
    }
    if (mutant.length === 0) break;
  }
  return mutant;
}

function join(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(head.length + tail.length);
  joined.set(head);
  joined.set(tail, head.length);
  return joined;
}

/** Marsaglia's xorshift32. */
function randomBelow(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % Math.max(1, limit);
  };
}
