import { readText } from "../../disk/read.ts";
import { verify } from "../../engine/run/verify.ts";
import { reading, running } from "../../steps/engine_options.ts";
import { readWorkflow } from "../../workflow/read.ts";
import { UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { openDisplay } from "../display.ts";
import { ExitCode, shortPath } from "../failure.ts";
import { rerunCommand } from "../hint.ts";
import { onInterrupt } from "../interrupt.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, openPastCache } from "../open.ts";
import { findRun } from "../runs/past_runs.ts";
import { countText, durationText } from "../quantity.ts";

export default {
  file: FILE_ARGUMENT,
  arguments: [
    { name: "RUN", help: "Id of a run or its first digits; default: the newest", optional: true },
  ],
  options: {
    ...CACHE_OPTIONS,
    jobs: { value: "N", help: "Processors to use at once; default: all" },
    quiet: { help: "Print only differences and failures" },
  },
  details:
    `Executes every instance of the run again, from the workflow text that the run recorded, and
compares bytes. The cache does not change.`,
  async run(args, { out, err }) {
    const jobs = args.count("jobs");
    const store = await openPastCache(args, "write");
    const { id, workflow: recorded, request } = findRun(store, args, args.positionals[0]);
    if (request?.search !== undefined) {
      throw new UsageError(
        `run ${id} computed trials of the search ${request.search}`,
        "run the workflow with a trial's values by --set, and verify that run",
      );
    }
    const { sources } = recorded;
    const workflow = await readWorkflow(recorded.file, {
      ...reading,
      ...request,
      readText: (path) =>
        Object.hasOwn(sources, path) ? Promise.resolve(sources[path]) : readText(path),
    });
    const quiet = args.has("quiet");
    const display = openDisplay(quiet ? err : out, {
      folder: workflow.folder,
      rerun: (name) =>
        rerunCommand(shortPath(workflow.file), name, request ?? {}, args.value("cache")),
    });
    const interrupt = onInterrupt((message) => err.line(message));
    try {
      const { mismatches, run } = await verify(store, workflow, {
        ...running,
        targets: request?.targets,
        request,
        jobs,
        signal: interrupt.signal,
        kill: interrupt.kill,
        onEvent: (event) => {
          if (!quiet || event.type === "instance-failed") display.show(event);
        },
      });
      display.close();
      for (const { instance, output, recorded, produced } of mismatches) {
        err.line(`DIFFERS  ${instance}.${output}: recorded ${recorded}, produced ${produced}`);
      }
      if (run.status === "interrupted") return ExitCode.interrupted;
      if (mismatches.length > 0) {
        err.line(`run ${id}: ${countText(mismatches.length, "output")} differ`);
        return ExitCode.mismatch;
      }
      if (run.status === "failed") return ExitCode.failed;
      const summary = `${countText(run.counts.done, "instance")} gave the same bytes`;
      if (!quiet) out.line(`run ${id}: ${summary} (${durationText(run.seconds)})`);
      return ExitCode.done;
    } finally {
      interrupt.close();
      display.close();
    }
  },
} satisfies Command;
