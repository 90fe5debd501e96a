import { UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../failure.ts";
import { STOP_SIGNALS } from "../interrupt.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, openPastCache } from "../open.ts";
import { findRun, newestId } from "../past_runs.ts";

export default {
  file: FILE_ARGUMENT,
  arguments: [
    { name: "RUN", help: "Id of a run or its first digits; default: the newest", optional: true },
  ],
  options: {
    port: { value: "N", help: "Port on this machine; default: a free one" },
    ...CACHE_OPTIONS,
  },
  details:
    `Serves the report of RUN on 127.0.0.1, or else of the newest run, also when a newer one begins. It
shows new results as the run makes them; Ctrl-C ends it. The address has a secret, since other users of
this machine can reach its ports too.`,
  async run(args, { out }) {
    const port = args.count("port") ?? 0;
    if (port > 65535) throw new UsageError(`--port must be at most 65535, not ${port}`);
    const { LiveView } = await import("../../report/live.ts");
    const store = await openPastCache(args);
    const record = findRun(store, args, args.positionals[0]);
    const stop = Promise.withResolvers<void>();
    const hear = () => stop.resolve();
    for (const signal of STOP_SIGNALS) Deno.addSignalListener(signal, hear);
    const named = args.positionals[0] ?? "latest";
    const newest = named === "latest" ? () => newestId(store, args.file) : undefined;
    const view = await LiveView.open(store, record.id, port, newest);
    try {
      const what = newest ? `run ${record.id}, then each newer one,` : `run ${record.id}`;
      out.line(`${what} at ${view.url}`);
      await stop.promise;
    } finally {
      for (const signal of STOP_SIGNALS) Deno.removeSignalListener(signal, hear);
      await view.close();
    }
    return ExitCode.done;
  },
} satisfies Command;
