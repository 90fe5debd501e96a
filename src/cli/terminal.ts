/**
 * The standard streams. Only this file writes to them, and whatever is written passes the filter of
 * `workflow/printable.ts`: escape sequences come from {@link Output.paint} and {@link Output.escape} alone.
 * A stream whose reader has gone takes no more text and stops nobody: a run goes on when its terminal is
 * closed.
 */
import { diskError, errorCode } from "../disk/errors.ts";
import { DataError } from "../errors.ts";
import { indentContinued, printable } from "../workflow/printable.ts";

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

/** Between two tries to write to a pipe that is full and doesn't wait; milliseconds. */
const FULL_PIPE_WAIT = 5;

/** One of the two output streams. */
export class Output {
  /** Whether lines can be coloured and drawn again; not on a terminal that calls itself dumb. */
  readonly isTerminal: boolean;
  readonly #colored: boolean;
  /** Stands for the escape character until it is written: text from data can't contain it. */
  readonly #mark = `<${crypto.randomUUID()}>`;
  #closed = false;
  /** Why text was lost, such as a full disk; absent when the reader has closed the pipe. */
  problem?: DataError;

  /** @param name for messages */
  constructor(
    readonly stream: Pick<typeof Deno.stdout, "writeSync" | "isTerminal">,
    readonly name: string,
  ) {
    this.isTerminal = stream.isTerminal() && Deno.env.get("TERM") !== "dumb";
    this.#colored = this.isTerminal && !Deno.noColor;
  }

  /** Characters that a line of a terminal holds; a file's lines hold any number. */
  get columns(): number {
    return this.isTerminal ? this.#size()?.columns ?? 80 : Infinity;
  }

  get rows(): number {
    return this.#size()?.rows ?? 24;
  }

  /** Undefined without a terminal, and after it was closed. */
  #size(): { columns: number; rows: number } | undefined {
    if (!this.isTerminal) return undefined;
    try {
      return Deno.consoleSize();
    } catch {
      return undefined;
    }
  }

  /** Does nothing once text was lost, see {@link problem}. */
  write(text: string): void {
    const bytes = encoder.encode(text.split(this.#mark).map(printable).join("\x1b"));
    for (let at = 0; at < bytes.length && !this.#closed;) at += this.#writeSome(bytes.subarray(at));
  }

  /** @returns how many bytes were taken */
  #writeSome(bytes: Uint8Array): number {
    try {
      return this.stream.writeSync(bytes);
    } catch (cause) {
      const code = errorCode(cause);
      if (code === "EAGAIN") {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT);
        return 0;
      }
      this.#closed = true;
      const readerHasGone = code === "EPIPE" || code === "EIO" && this.isTerminal;
      if (!readerHasGone) {
        const error = diskError(this.name, cause);
        if (!(error instanceof DataError)) throw error;
        this.problem = error;
      }
      return 0;
    }
  }

  /** One line; what follows a line break in it is indented. */
  line(text = ""): void {
    this.write(`${indentContinued(text)}\n`);
  }

  /** Lines that Gyrus has laid out itself; text from data in them must be one line each. */
  block(text: string): void {
    this.write(`${text}\n`);
  }

  paint(text: string, ...styles: readonly Style[]): string {
    if (!this.#colored || text === "") return text;
    const codes = styles.map((style) => this.escape(`[${CODES[style]}m`));
    return `${codes.join("")}${text}${this.escape("[0m")}`;
  }

  /** An escape sequence to be written, such as `[2A`, without its first character. */
  escape(sequence: string): string {
    return this.#mark + sequence;
  }
}

/** Results go to `out`; progress, warnings and errors to `err`. */
export interface Terminal {
  readonly out: Output;
  readonly err: Output;
}

export function standardTerminal(): Terminal {
  return {
    out: new Output(Deno.stdout, "standard output"),
    err: new Output(Deno.stderr, "standard error"),
  };
}
