/** Serves pages to browsers on this machine, at an address that others can't guess. */
import { DataError } from "../errors.ts";

const HEADERS = {
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

export interface Content {
  /** Such as `text/html`; text is UTF-8. */
  type: string;
  body: string | ReadableStream<Uint8Array>;
}

/**
 * What there is at a path below the secret one, `""` for the page itself; undefined when there is
 * nothing.
 */
export type Answer = (
  path: string,
  parameters: URLSearchParams,
) => Content | undefined | Promise<Content | undefined>;

/**
 * A server on the loopback at a secret address: other users of the machine can reach its ports, but
 * not guess the path.
 */
export class LocalServer {
  readonly url: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #root = `/${crypto.randomUUID()}/`;

  /**
   * @param port 0 takes a free one
   * @throws {DataError} when the port is in use
   */
  constructor(port: number, readonly answer: Answer) {
    try {
      this.#server = Deno.serve(
        { hostname: "127.0.0.1", port, onListen() {} },
        (request) => this.#respond(request),
      );
    } catch (cause) {
      if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
      throw new DataError(`port ${port}`, "is in use; name another with --port", { cause });
    }
    this.url = `http://127.0.0.1:${this.#server.addr.port}${this.#root}`;
  }

  /** Returns when the requests under way are answered. */
  async close(): Promise<void> {
    await this.#server.shutdown();
  }

  async #respond(request: Request): Promise<Response> {
    const { pathname, host, searchParams } = new URL(request.url);
    const named = request.headers.get("host");
    const origin = request.headers.get("origin");
    // DNS rebinding: a page of another site whose name resolves to this machine sends its own name.
    const { port } = this.#server.addr;
    const here = [`127.0.0.1:${port}`, `localhost:${port}`];
    if (named === null || !here.includes(named) || !here.includes(host)) return refusal(403);
    if (origin !== null && origin !== `http://${named}`) return refusal(403);
    if (request.method !== "GET") return refusal(405);
    if (!pathname.startsWith(this.#root)) return refusal(404);
    const content = await this.answer(pathname.slice(this.#root.length), searchParams);
    if (content === undefined) return refusal(404);
    return new Response(content.body, {
      headers: { ...HEADERS, "content-type": `${content.type}; charset=utf-8` },
    });
  }
}

function refusal(status: 403 | 404 | 405): Response {
  return new Response(null, { status, headers: HEADERS });
}
