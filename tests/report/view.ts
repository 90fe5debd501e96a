/** `gyrus view` as a user starts it, until it is interrupted. */
import { launcher } from "../cli/project.ts";

export class View {
  private constructor(
    readonly process: Deno.ChildProcess,
    /** The secret address that it prints. */
    readonly url: string,
  ) {}

  /** @param args such as `view`; the process runs in `cwd` */
  static async start(args: readonly string[], cwd: string): Promise<View> {
    const process = new Deno.Command(launcher, {
      args: [...args],
      cwd,
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const line = await firstLine(process.stdout);
    return new View(process, line.trim().split(" ").at(-1)!);
  }

  /** Asks in bare HTTP, since `fetch` lets nobody choose the Host header. */
  async statusOf(path: string, headers: Record<string, string> = {}): Promise<number> {
    const { host, hostname, port } = new URL(this.url);
    using connection = await Deno.connect({ hostname, port: Number(port) });
    const lines = Object.entries({ host, connection: "close", ...headers })
      .map(([name, value]) => `${name}: ${value}\r\n`);
    const request = `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
    await connection.write(new TextEncoder().encode(request));
    const bytes = new Uint8Array(64);
    const length = await connection.read(bytes) ?? 0;
    return Number(new TextDecoder().decode(bytes.subarray(0, length)).split(" ")[1]);
  }

  /** Sends what Ctrl-C does; returns the exit code. */
  async interrupt(): Promise<number> {
    this.process.kill("SIGINT");
    return (await this.process.status).code;
  }
}

/** Waits for the first line of what a process prints. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}
