/**
 * Leases: a hint that another run is computing a key already.
 *
 * Correctness never depends on one: where locks don't work, two runs compute the same thing and
 * publish the same bytes.
 */
import { FileLock } from "../../disk/lock.ts";
import type { Digest } from "../../workflow/step.ts";
import { hexOf } from "./digest.ts";

export type Lease = FileLock;

/** Undefined when another process holds it. */
export function takeLease(folder: string, key: Digest): Lease | undefined {
  return FileLock.tryTake(`${folder}/${hexOf(key)}`);
}
