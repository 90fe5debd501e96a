/** The standard streams. Only this file writes to them. */

/** How a piece of text is marked on a terminal. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

const CODES: Readonly<Record<Style, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  cyan: 36,
};

const encoder = new TextEncoder();

/** One of the two output streams. */
export class Output {
  readonly isTerminal: boolean;
  readonly #colored: boolean;

  constructor(readonly stream: typeof Deno.stdout | typeof Deno.stderr) {
    this.isTerminal = stream.isTerminal();
    this.#colored = this.isTerminal && !Deno.noColor;
  }

  /** Characters a line holds. */
  get columns(): number {
    return this.isTerminal ? Deno.consoleSize().columns : 80;
  }

  get rows(): number {
    return this.isTerminal ? Deno.consoleSize().rows : 24;
  }

  /** @throws {Deno.errors.BrokenPipe} when the reader has closed the pipe */
  write(text: string): void {
    const bytes = encoder.encode(text);
    for (let at = 0; at < bytes.length;) at += this.stream.writeSync(bytes.subarray(at));
  }

  line(text = ""): void {
    this.write(`${text}\n`);
  }

  paint(text: string, ...styles: readonly Style[]): string {
    if (!this.#colored || text === "") return text;
    return `${styles.map((style) => `\x1b[${CODES[style]}m`).join("")}${text}\x1b[0m`;
  }
}

/** Results go to `out`; progress, warnings and errors to `err`. */
export interface Terminal {
  readonly out: Output;
  readonly err: Output;
}

export function standardTerminal(): Terminal {
  return { out: new Output(Deno.stdout), err: new Output(Deno.stderr) };
}
