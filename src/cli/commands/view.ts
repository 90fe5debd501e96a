import { type Arguments, UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../failure.ts";
import { STOP_SIGNALS } from "../interrupt.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, openPastCache } from "../open.ts";
import { findRun, newestId, runIds } from "../runs/past_runs.ts";

export default {
  file: FILE_ARGUMENT,
  arguments: [
    {
      name: "RUN",
      help: "Id of a run or its first digits, or latest; default: all runs",
      optional: true,
    },
  ],
  options: {
    port: { value: "N", help: "Port on this machine; default: a free one" },
    demo: { help: "Serve no run, but a page that trains a network in the browser" },
    ...CACHE_OPTIONS,
  },
  details:
    `Serves a list of all runs, whose reports and comparisons open from it, on 127.0.0.1; or the report of
RUN; or that of the latest run, also when a newer one begins. Pages show new runs and results as they are
made; Ctrl-C ends it. The address has a secret, since other users of this machine can reach its ports too.
With --demo the page trains Conv5_FC3 on generated slices on the GPU that the browser reaches by WebGPU; it
needs no run and no cache.`,
  async run(args, { out }) {
    const port = args.count("port") ?? 0;
    if (port > 65535) throw new UsageError(`--port must be at most 65535, not ${port}`);
    const stop = Promise.withResolvers<void>();
    const hear = () => stop.resolve();
    for (const signal of STOP_SIGNALS) Deno.addSignalListener(signal, hear);
    try {
      const view = args.has("demo") ? await openDemo(args, port) : await openRuns(args, port);
      out.line(`${view.what} at ${view.url}`);
      await stop.promise;
      await view.close();
    } finally {
      for (const signal of STOP_SIGNALS) Deno.removeSignalListener(signal, hear);
    }
    return ExitCode.done;
  },
} satisfies Command;

interface Served {
  what: string;
  url: string;
  close(): Promise<void>;
}

async function openRuns(args: Arguments, port: number): Promise<Served> {
  const { LiveView } = await import("../../report/live.ts");
  const store = await openPastCache(args);
  const [named] = args.positionals;
  if (named === undefined) {
    const view = new LiveView(store, { runs: () => [...runIds(store, args.file)] }, port);
    return { what: "all runs", url: view.url, close: () => view.close() };
  }
  const { id } = findRun(store, args, named);
  const run = named === "latest" ? () => newestId(store, args.file) ?? id : () => id;
  const view = new LiveView(store, { run }, port);
  return {
    what: named === "latest" ? `run ${id}, then each newer one,` : `run ${id}`,
    url: view.url,
    close: () => view.close(),
  };
}

async function openDemo(args: Arguments, port: number): Promise<Served> {
  const options = Object.keys(CACHE_OPTIONS).filter((name) => args.has(name));
  const [surplus] = [
    ...args.file === undefined ? [] : [args.file],
    ...args.positionals,
    ...options.map((name) => `--${name}`),
  ];
  if (surplus !== undefined) throw new UsageError(`--demo shows no run; leave out ${surplus}`);
  const { serveDemo } = await import("../../demo/server.ts");
  const server = await serveDemo(port);
  return {
    what: "a page that trains a network in the browser",
    url: server.url,
    close: () => server.close(),
  };
}
