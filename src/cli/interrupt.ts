/** Ctrl-C: the first lets running steps save, the second stops at once. A closed terminal is a first. */
import type { Workflow } from "../workflow/graph.ts";

export interface Interrupt {
  /** Aborted by the first. */
  signal: AbortSignal;
  /** Aborted by the second. */
  kill: AbortSignal;
  close(): void;
}

/** Time between the second interrupt and the end of the process; milliseconds. */
const EXIT_GRACE_MS = 300;

/** Signals that ask a program to end. */
export const STOP_SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK", "SIGHUP"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** What the first means for a run. */
export function interruptText({ profile }: Pick<Workflow, "profile">): string {
  return profile?.executor === undefined
    ? SAVING
    : "detached: submitted jobs go on; the same command follows them again";
}

const SAVING = "interrupted: running steps save what they can; Ctrl-C again stops at once";

/** @param message shown at the first */
export function onInterrupt(show: (message: string) => void, message = SAVING): Interrupt {
  const first = new AbortController();
  const second = new AbortController();
  const onSignal = (signal: Deno.Signal) => {
    const reason = new DOMException("interrupted", "AbortError");
    if (!first.signal.aborted) {
      show(message);
      first.abort(reason);
    } else if (signal !== "SIGHUP" && !second.signal.aborted) {
      // A closed terminal sends its signal twice, by the shell and by the system.
      second.abort(reason);
      Deno.unrefTimer(setTimeout(() => Deno.exit(130), EXIT_GRACE_MS));
    }
  };
  const listeners = STOP_SIGNALS.map((signal) => ({ signal, listener: () => onSignal(signal) }));
  for (const { signal, listener } of listeners) Deno.addSignalListener(signal, listener);
  return {
    signal: first.signal,
    kill: second.signal,
    close() {
      for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}
