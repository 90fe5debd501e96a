/** Places virtual tensors in as few bytes as their lifetimes allow. */

export interface Lifetime {
  /** Bytes, or any size that must not exceed its slot's. */
  size: number;
  /** Index of the first operation that uses it. */
  first: number;
  /** Index of the last operation that uses it. */
  last: number;
}

export interface Placement {
  /** Slot of each tensor, in the order given. */
  slots: number[];
  /** Size of each slot, largest first. */
  sizes: number[];
}

/**
 * Interval colouring, largest first: two tensors share a slot only when their lifetimes do not
 * touch. Whole buffers are shared rather than ranges of one buffer because WebGPU tracks hazards
 * by buffer. The result depends on nothing but the input.
 */
export function place(lifetimes: readonly Lifetime[]): Placement {
  const order = lifetimes.map((_, index) => index).sort((a, b) =>
    lifetimes[b].size - lifetimes[a].size || lifetimes[a].first - lifetimes[b].first || a - b
  );
  const slots = new Array<number>(lifetimes.length);
  const sizes: number[] = [];
  const occupants: Lifetime[][] = [];
  for (const index of order) {
    const wanted = lifetimes[index];
    let best = -1;
    for (let slot = 0; slot < sizes.length; slot++) {
      const free = occupants[slot].every((o) => o.last < wanted.first || wanted.last < o.first);
      if (free && (best < 0 || sizes[slot] < sizes[best])) best = slot;
    }
    if (best < 0) {
      best = sizes.push(wanted.size) - 1;
      occupants.push([]);
    }
    occupants[best].push(wanted);
    slots[index] = best;
  }
  return { slots, sizes };
}
