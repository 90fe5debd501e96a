/** Instances that are ready to run, by demand and priority. */
import type { Demand } from "./pools.ts";

interface QueuedItem<T> {
  item: T;
  priority: number;
  order: number;
}

/** One heap for each distinct demand, so that skipping what doesn't fit now costs nothing. */
export class ReadyQueue<T> {
  readonly #heaps = new Map<string, { demand: Demand; heap: QueuedItem<T>[] }>();
  size = 0;

  /** Higher priority first; among equals the lower order. */
  push(item: T, demand: Demand, priority: number, order: number): void {
    const name = `${demand.cpu} ${demand.gpu} ${demand.memory}`;
    let queue = this.#heaps.get(name);
    if (!queue) this.#heaps.set(name, queue = { demand, heap: [] });
    siftUp(queue.heap, { item, priority, order });
    this.size++;
  }

  /** Removes the first whose demand fits. */
  pop(fits: (demand: Demand) => boolean): T | undefined {
    let best: QueuedItem<T>[] | undefined;
    for (const { demand, heap } of this.#heaps.values()) {
      if (heap.length === 0 || !fits(demand)) continue;
      if (!best || before(heap[0], best[0])) best = heap;
    }
    if (!best) return undefined;
    this.size--;
    return removeFirst(best).item;
  }
}

function before<T>(a: QueuedItem<T>, b: QueuedItem<T>): boolean {
  return a.priority !== b.priority ? a.priority > b.priority : a.order < b.order;
}

function siftUp<T>(heap: QueuedItem<T>[], entry: QueuedItem<T>): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(entry, heap[parent])) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = entry;
}

function removeFirst<T>(heap: QueuedItem<T>[]): QueuedItem<T> {
  const first = heap[0];
  const last = heap.pop()!;
  if (heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], last)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return first;
}
