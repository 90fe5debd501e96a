/** A server that keeps files, and can be made to do something else than what is asked. */

export interface FileServer {
  /** Its address as a cache. */
  address: string;
  /** By path without the first slash. */
  files: Map<string, Uint8Array<ArrayBuffer>>;
  /** `GET objects/ab/…`, in order. */
  requests: string[];
  /** Called first; what it returns is the answer. */
  fault?: (request: Request, path: string) => Response | Promise<Response> | undefined;
  close(): Promise<void>;
}

/** @param token that a request must bear */
export function serveFiles(token?: string): FileServer {
  const files: FileServer["files"] = new Map();
  const requests: string[] = [];
  const stop = new AbortController();
  const handle = async (request: Request): Promise<Response> => {
    const path = new URL(request.url).pathname.slice("/gyrus/".length);
    requests.push(`${request.method} ${path}`);
    const answer = await server.fault?.(request, path);
    if (answer) return answer;
    if (token !== undefined && request.headers.get("authorization") !== `Bearer ${token}`) {
      return new Response(null, { status: 401 });
    }
    const content = files.get(path);
    switch (request.method) {
      case "PUT":
        files.set(path, new Uint8Array(await request.arrayBuffer()));
        return new Response(null, { status: content ? 204 : 201 });
      case "HEAD":
      case "GET": {
        if (!content) return new Response(null, { status: 404 });
        const headers = { "content-length": String(content.length) };
        return new Response(request.method === "GET" ? content : null, { headers });
      }
      default:
        return new Response(null, { status: 405 });
    }
  };
  const listening = Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    signal: stop.signal,
    onListen() {},
    onError: () => new Response(null, { status: 500 }),
  }, handle);
  const server: FileServer = {
    address: `http://127.0.0.1:${listening.addr.port}/gyrus`,
    files,
    requests,
    async close() {
      stop.abort();
      await listening.finished;
    },
  };
  return server;
}
