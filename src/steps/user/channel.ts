/** Calls in both directions between the engine and the worker of a user's step. */

/** An error on its way between threads. */
interface SentError {
  name: string;
  message: string;
  stack?: string;
  /** Number of the error in the thread that first threw it. */
  origin?: number;
}

type Message =
  | { type: "call"; id: number; method: string; args: unknown[] }
  | { type: "return"; id: number; value: unknown }
  | { type: "throw"; id: number; error: SentError };

/** Functions that the other side may call. */
export type Handlers = Readonly<Record<string, (...args: never[]) => unknown>>;

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * One end of a connection. Arguments and results are structured clones; an error that comes back to
 * the side that threw it is the same object again.
 */
export class Channel {
  readonly #pending = new Map<number, Pending>();
  /** Errors that were thrown here and sent. */
  readonly #thrown: unknown[] = [];
  /** Numbers, on the other side, of the errors that came from there. */
  readonly #origins = new WeakMap<object, number>();
  #calls = 0;

  constructor(readonly port: MessagePort, readonly handlers: Handlers) {
    port.onmessage = ({ data }: MessageEvent<Message>) => this.#receive(data);
  }

  call(method: string, ...args: unknown[]): Promise<unknown> {
    const id = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.port.postMessage({ type: "call", id, method, args } satisfies Message);
    });
  }

  /** Fails every call that is under way, and closes. */
  close(reason: unknown): void {
    this.port.close();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }

  async #receive(message: Message): Promise<void> {
    if (message.type === "call") {
      const { id, method, args } = message;
      try {
        const handler = this.handlers[method];
        const value = await handler(...args as never[]);
        this.port.postMessage({ type: "return", id, value } satisfies Message);
      } catch (error) {
        this.port.postMessage({ type: "throw", id, error: this.#send(error) } satisfies Message);
      }
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.type === "return") pending?.resolve(message.value);
    else pending?.reject(this.#arrive(message.error));
  }

  #send(error: unknown): SentError {
    if (!(error instanceof Error)) return { name: "Error", message: String(error) };
    const { name, message, stack } = error;
    const origin = this.#origins.get(error);
    if (origin !== undefined) return { name, message, stack, origin };
    return { name, message, stack, origin: -this.#thrown.push(error) };
  }

  #arrive(sent: SentError): unknown {
    // Numbers are negative where they were made, positive where they are known from.
    if (sent.origin !== undefined && sent.origin > 0) return this.#thrown[sent.origin - 1];
    const error = new Error(sent.message);
    error.name = sent.name;
    error.stack = sent.stack;
    if (sent.origin !== undefined) this.#origins.set(error, -sent.origin);
    return error;
  }
}
