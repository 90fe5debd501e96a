/** Network disks show a file to other machines late: what must be there is waited for, with a limit. */

/** Longer than NFS keeps what it knows of a folder. */
export const VISIBILITY_LIMIT_MS = 60_000;

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** What `look` returns, once it returns something; undefined when the limit is over. */
export async function untilVisible<T>(
  look: () => T | undefined,
  limitMs: number,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const end = performance.now() + limitMs;
  for (let wait = FIRST_WAIT_MS;; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    signal?.throwIfAborted();
    const found = look();
    const left = end - performance.now();
    if (found !== undefined || left <= 0) return found;
    await new Promise((resolve) => setTimeout(resolve, Math.min(wait, left)));
  }
}
