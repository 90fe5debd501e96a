/** Ctrl-C: the first lets running steps save, the second stops at once. */

export interface Interrupt {
  /** Aborted by the first. */
  signal: AbortSignal;
  /** Aborted by the second. */
  kill: AbortSignal;
  close(): void;
}

/** Time between the second interrupt and the end of the process; milliseconds. */
const EXIT_GRACE_MS = 300;
const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM"];

export function onInterrupt(show: (message: string) => void): Interrupt {
  const first = new AbortController();
  const second = new AbortController();
  const onSignal = () => {
    const reason = new DOMException("interrupted", "AbortError");
    if (!first.signal.aborted) {
      show("interrupted: running steps save what they can; Ctrl-C again stops at once");
      first.abort(reason);
    } else if (!second.signal.aborted) {
      second.abort(reason);
      Deno.unrefTimer(setTimeout(() => Deno.exit(130), EXIT_GRACE_MS));
    }
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, onSignal);
  return {
    signal: first.signal,
    kill: second.signal,
    close() {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, onSignal);
    },
  };
}
