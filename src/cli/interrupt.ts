/** Ctrl-C: the first asks to stop, the second stops. */

export interface Interrupt {
  /** Aborted by the first. */
  signal: AbortSignal;
  /** Aborted by the second. */
  kill: AbortSignal;
  close(): void;
}

/** After the second, whatever still runs has so long before the process ends; milliseconds. */
const LAST_GASP = 300;
const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM"];

export function onInterrupt(say: (message: string) => void): Interrupt {
  const first = new AbortController();
  const second = new AbortController();
  const hear = () => {
    const reason = new DOMException("interrupted", "AbortError");
    if (!first.signal.aborted) {
      say("interrupted: running steps save what they can; Ctrl-C again stops at once");
      first.abort(reason);
    } else if (!second.signal.aborted) {
      second.abort(reason);
      Deno.unrefTimer(setTimeout(() => Deno.exit(130), LAST_GASP));
    }
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, hear);
  return {
    signal: first.signal,
    kill: second.signal,
    close() {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, hear);
    },
  };
}
