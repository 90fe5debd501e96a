/**
 * Requests to a server that may be hostile, wrong, slow or gone. Each has a limited number of attempts,
 * a time within which an answer must begin, one within which its body must end, and a largest size.
 * Redirects are not followed: an address is the only one that is talked to.
 */
import { DataError } from "../../../errors.ts";
import type { ServerAddress } from "./address.ts";

export interface RequestLimits {
  /** Milliseconds until an answer must begin, and between two pieces of its body. */
  silence: number;
  /** Milliseconds that a body may take longer... */
  body: number;
  /** ...than it does at so many bytes a second. */
  rate: number;
  attempts: number;
  /** Milliseconds between two attempts. */
  pause: number;
}

export const REQUEST_LIMITS: RequestLimits = {
  silence: 10_000,
  body: 20_000,
  rate: 256 * 1024,
  attempts: 2,
  pause: 500,
};

/**
 * What can be expected after a failed request: the same one may work again; the answer was something
 * else than asked for, and may be right the next time; the server is gone, so that every later request
 * would wait as long; or it will give the same answer each time.
 */
type Outlook = "passing" | "wrong" | "gone" | "lasting";

/** What a server did instead of what was asked. */
export class ServerError extends DataError {
  constructor(address: string, problem: string, readonly outlook: Outlook, cause?: unknown) {
    super(address, problem, { cause });
  }
}

/** Reads the pieces of an answer, which may end too early; it throws a {@link ServerError} on wrong ones. */
export type BodyReader<T> = (pieces: AsyncIterable<Uint8Array<ArrayBuffer>>) => Promise<T>;

export class Server {
  /** Stops every request. */
  signal: AbortSignal = new AbortController().signal;

  constructor(
    readonly address: ServerAddress,
    readonly token: string | undefined,
    readonly limits: RequestLimits,
  ) {}

  /** The size in bytes of a file; undefined where the server has none. Some state no size. */
  async size(path: string): Promise<number | "unknown" | undefined> {
    return await this.#try(async (exchange) => {
      const response = await exchange.send("HEAD", path);
      await response.body?.cancel();
      if (isAbsent(response)) return undefined;
      this.#checkStatus(response);
      const length = response.headers.get("content-length");
      return length !== null && /^\d{1,15}$/.test(length) ? Number(length) : "unknown";
    });
  }

  /**
   * Reads a file of at most `maxBytes`; undefined where the server has none.
   *
   * @throws {ServerError}, and whatever `read` throws
   */
  async get<T>(path: string, maxBytes: number, read: BodyReader<T>): Promise<T | undefined> {
    return await this.#try(async (exchange) => {
      const response = await exchange.send("GET", path);
      try {
        if (isAbsent(response)) return undefined;
        this.#checkStatus(response);
        return await read(this.#pieces(exchange, response, maxBytes));
      } finally {
        await response.body?.cancel().catch(() => {});
      }
    });
  }

  /** Stores a file, and makes its folders where the server wants them made. */
  async put(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#try(async (exchange) => {
      const send = async (method: string, path: string, content?: Uint8Array<ArrayBuffer>) => {
        const response = await exchange.send(method, path, content);
        await response.body?.cancel();
        return response;
      };
      let response = await send("PUT", path, bytes);
      if (response.status === 404 || response.status === 409) {
        for (const folder of foldersOf(path)) await send("MKCOL", folder);
        response = await send("PUT", path, bytes);
      }
      this.#checkStatus(response);
    });
  }

  async *#pieces(
    exchange: Exchange,
    response: Response,
    maxBytes: number,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const started = performance.now();
    const { body, rate } = this.limits;
    let size = 0;
    for await (const piece of response.body ?? []) {
      exchange.heard();
      size += piece.length;
      if (size > maxBytes) throw this.#error("sent more than was asked for", "wrong");
      if (performance.now() - started > body + size / rate * 1000) {
        throw this.#error(`sends less than ${Math.round(rate / 1024)} KiB a second`, "gone");
      }
      yield piece;
    }
  }

  /** Tries again what may work at another time. */
  async #try<T>(action: (exchange: Exchange) => Promise<T>): Promise<T> {
    for (let number = 1;; number++) {
      this.signal.throwIfAborted();
      const exchange = new Exchange(this);
      try {
        return await action(exchange);
      } catch (cause) {
        this.signal.throwIfAborted();
        const error = exchange.silentSeconds === undefined
          ? this.#inWords(cause, exchange.hasBegun)
          : this.#error(`did not answer within ${exchange.silentSeconds} s`, "gone");
        if (!(error instanceof ServerError)) throw error;
        if (error.outlook === "lasting" || number >= this.limits.attempts) throw error;
        await new Promise((resolve) => setTimeout(resolve, this.limits.pause));
      } finally {
        exchange.close();
      }
    }
  }

  /** Errors of the network and of the runtime; all others stay as they are. */
  #inWords(cause: unknown, hasBegun: boolean): unknown {
    if (cause instanceof Deno.errors.NotCapable) {
      const { host } = this.address;
      return this.#error(
        `Gyrus was started without permission to connect to ${host}`,
        "lasting",
        cause,
      );
    }
    if (!(cause instanceof TypeError) && !NETWORK_ERRORS.some((kind) => cause instanceof kind)) {
      return cause;
    }
    const [, distrust] = /invalid peer certificate: .*?(\w+)\)*$/m.exec(Deno.inspect(cause)) ?? [];
    if (distrust !== undefined) {
      return this.#error(
        `has a certificate that this machine does not accept (${distrust}); DENO_CERT=FILE names ` +
          "the certificate of the authority that signed it",
        "gone",
        cause,
      );
    }
    return hasBegun
      ? this.#error("ended an answer before its end", "passing", cause)
      : this.#error("can't be reached", "gone", cause);
  }

  #checkStatus({ status, ok }: Response): void {
    if (ok && status !== 206) return;
    if (status === 401 || status === 403) {
      const problem = this.token === undefined
        ? "wants a token; name its file by --cache-token"
        : "refuses the token";
      throw this.#error(`${problem} (status ${status})`, "lasting");
    }
    if (status >= 300 && status < 400) {
      throw this.#error("redirects to another address; name that one", "lasting");
    }
    const passes = status >= 500 || status === 408 || status === 429;
    throw this.#error(`answers with status ${status}`, passes ? "passing" : "lasting");
  }

  #error(problem: string, outlook: Outlook, cause?: unknown): ServerError {
    return new ServerError(this.address.url, problem, outlook, cause);
  }
}

/** What the runtime throws of a connection, besides TypeError. */
const NETWORK_ERRORS = [
  Deno.errors.Http,
  Deno.errors.ConnectionRefused,
  Deno.errors.ConnectionReset,
  Deno.errors.ConnectionAborted,
  Deno.errors.BrokenPipe,
  Deno.errors.UnexpectedEof,
  Deno.errors.Interrupted,
];

/** One attempt: a request, or several that belong together. It ends when nothing is heard for long. */
class Exchange {
  /** Whether an answer has begun. */
  hasBegun = false;
  readonly #silence = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly server: Server) {}

  /** How long nothing was heard, where that ended it. */
  get silentSeconds(): number | undefined {
    return this.#silence.signal.aborted ? this.#silence.signal.reason : undefined;
  }

  async send(method: string, path: string, content?: Uint8Array<ArrayBuffer>): Promise<Response> {
    const { address, token, limits, signal } = this.server;
    // While a file is sent, nothing is heard.
    this.#wait(limits.silence + (content?.length ?? 0) / limits.rate * 1000);
    const response = await fetch(`${address.url}/${path}`, {
      method,
      redirect: "manual",
      signal: AbortSignal.any([signal, this.#silence.signal]),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(content !== undefined && { body: content }),
    });
    this.hasBegun = true;
    this.heard();
    return response;
  }

  /** A piece of an answer has come. */
  heard(): void {
    this.#wait(this.server.limits.silence);
  }

  #wait(milliseconds: number): void {
    this.close();
    const seconds = Math.ceil(milliseconds / 1000);
    this.#timer = setTimeout(() => this.#silence.abort(seconds), milliseconds);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

function isAbsent({ status }: Response): boolean {
  return status === 404 || status === 410;
}

/** Folders of a path, outermost first, each with a slash at its end. */
function foldersOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => `${parts.slice(0, index + 1).join("/")}/`);
}
