/** Calls in both directions between two threads. */
import {
  decodeError,
  encodeError,
  ERROR_CLASSES,
  type ErrorClass,
  isSentError,
  type SentError,
} from "./errors.ts";

type Message =
  | { type: "call"; id: number; method: string; args: readonly unknown[] }
  | { type: "return"; id: number; value: unknown }
  | { type: "throw"; id: number; error: SentError; origin?: Origin };

/** Where an error was thrown first, as its sender sees it, and its number there. */
interface Origin {
  side: "sender" | "receiver";
  id: number;
}

/** Functions that the other side may call. */
export type Handlers = Readonly<Record<string, (...args: never[]) => unknown>>;

/** A `Worker`, the global scope inside one, or a `MessagePort`. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
  close?(): void;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

const transferred = new WeakMap<object, Transferable[]>();

/**
 * Marks an argument or a result: these buffers of it move to the other thread instead of being
 * copied, so that the sender can't use them any more.
 */
export function transfer<T extends object>(value: T, buffers: Transferable[]): T {
  transferred.set(value, buffers);
  return value;
}

function transfersOf(value: unknown): Transferable[] {
  return typeof value === "object" && value !== null ? transferred.get(value) ?? [] : [];
}

/**
 * One end of a connection. Arguments and results are structured clones; an error that comes back to
 * the side that threw it is the same object again.
 *
 * @typeParam Remote functions of the other end
 */
export class Channel<Remote extends Handlers = Handlers> {
  readonly #pending = new Map<number, Pending>();
  /** Errors that were thrown here and sent. */
  readonly #thrown: object[] = [];
  /** Numbers, on the other side, of the errors that came from there. */
  readonly #received = new WeakMap<object, number>();
  #calls = 0;
  #closed: { reason: unknown } | undefined;

  /**
   * @param handlers may be replaced between calls
   * @param classes of errors that may arrive as what they are
   */
  constructor(
    readonly port: Port,
    public handlers: Handlers,
    readonly classes: readonly ErrorClass[] = ERROR_CLASSES,
  ) {
    port.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isMessage(data)) this.#receive(data).catch((error) => this.close(error));
      else this.close(new TypeError("the other thread sent what is no call and no answer"));
    };
  }

  /** @throws what the other side throws, and the reason of {@link close} */
  call<Name extends string & keyof Remote>(
    method: Name,
    ...args: Parameters<Remote[Name]>
  ): Promise<Awaited<ReturnType<Remote[Name]>>> {
    const id = this.#calls++;
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#closed.reason);
      this.#post({ type: "call", id, method, args }, args.flatMap(transfersOf));
      this.#pending.set(id, { resolve: resolve as Pending["resolve"], reject });
    });
  }

  /** Fails every call that is under way or still to come, and closes a message port. */
  close(reason: unknown): void {
    this.#closed ??= { reason };
    this.port.close?.();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }

  #post(message: Message, buffers: Transferable[] = []): void {
    if (!this.#closed) this.port.postMessage(message, buffers);
  }

  async #receive(message: Message): Promise<void> {
    const { id } = message;
    if (message.type === "call") {
      const { method, args } = message;
      try {
        if (!Object.hasOwn(this.handlers, method)) throw new TypeError(`no method ${method}`);
        const value = await this.handlers[method](...args as never[]);
        this.#post({ type: "return", id, value }, transfersOf(value));
      } catch (error) {
        this.#post({
          type: "throw",
          id,
          error: encodeError(error, this.classes),
          origin: this.#originOf(error),
        });
      }
      return;
    }
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (message.type === "return") pending?.resolve(message.value);
    else pending?.reject(this.#decode(message.error, message.origin));
  }

  #originOf(error: unknown): Origin | undefined {
    if (typeof error !== "object" || error === null) return undefined;
    const id = this.#received.get(error);
    if (id !== undefined) return { side: "receiver", id };
    return { side: "sender", id: this.#thrown.push(error) - 1 };
  }

  #decode(sent: SentError, origin: Origin | undefined): object {
    const own = origin?.side === "receiver" ? this.#thrown[origin.id] : undefined;
    if (own) return own;
    const error = decodeError(sent, this.classes);
    if (origin?.side === "sender") this.#received.set(error, origin.id);
    return error;
  }
}

function isMessage(data: unknown): data is Message {
  if (typeof data !== "object" || data === null) return false;
  const { type, id, method, args, error, origin } = data as Record<string, unknown>;
  if (!Number.isSafeInteger(id)) return false;
  if (type === "call") return typeof method === "string" && Array.isArray(args);
  return type === "return" || type === "throw" && isSentError(error) && isOrigin(origin);
}

function isOrigin(origin: unknown): origin is Origin | undefined {
  if (origin === undefined) return true;
  if (typeof origin !== "object" || origin === null) return false;
  const { side, id } = origin as Record<string, unknown>;
  return (side === "sender" || side === "receiver") && Number.isSafeInteger(id);
}

/** The channel from inside a worker to the thread that started it. */
export function connectToParent<Remote extends Handlers>(
  handlers: Handlers,
  classes?: readonly ErrorClass[],
): Channel<Remote> {
  return new Channel(globalThis as unknown as Port, handlers, classes);
}
