/** Processes that are killed at an instant of what they print. */

/** When to kill: so many milliseconds after so many lines. */
export interface Instant {
  line: number;
  delay: number;
}

/** @param command with its output piped */
export async function linesUntilKilled(
  command: Deno.Command,
  instant?: Instant,
): Promise<{ lines: string[]; killed: boolean }> {
  const child = command.spawn();
  const lines: string[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const complete = (rest + text).split("\n");
    rest = complete.pop()!;
    lines.push(...complete);
    if (instant && timer === undefined && lines.length >= instant.line) {
      timer = setTimeout(() => {
        try {
          child.kill("SIGKILL");
        } catch {
          // It was quicker and is gone.
        }
      }, instant.delay);
    }
  }
  clearTimeout(timer);
  const { signal } = await child.status;
  return { lines, killed: signal === "SIGKILL" };
}
