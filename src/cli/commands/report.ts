import { resolve } from "../../workflow/paths.ts";
import type { Command } from "../command.ts";
import { ExitCode, shortPath } from "../failure.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, openPastCache } from "../open.ts";
import { findRun } from "../runs/past_runs.ts";

export default {
  file: FILE_ARGUMENT,
  arguments: [
    { name: "RUN", help: "Id of a run or its first digits; default: the newest", optional: true },
  ],
  options: {
    against: {
      value: "RUN",
      many: true,
      help: "Compare with this run; the first one is what the others are compared with",
    },
    output: { value: "FILE", help: "Where to write it; default: report.html in the run's folder" },
    ...CACHE_OPTIONS,
  },
  details: `Writes one HTML file that needs no network: the workflow, learning curves, evaluation,
participants, images and all that is needed to run it again.`,
  async run(args, { out }) {
    const { ReportBuilder } = await import("../../report/build.ts");
    const { reportPage } = await import("../../report/page.ts");
    const { reportPath, writePage } = await import("../../report/write.ts");
    const store = await openPastCache(args, "write");
    const record = findRun(store, args, args.positionals[0]);
    const against = args.values("against").map((other) => findRun(store, args, other));
    const data = await new ReportBuilder(store).build(record, against);
    const output = args.value("output");
    const path = output === undefined ? reportPath(store, record.id) : resolve(output);
    await writePage(await reportPage(data), path);
    out.line(`wrote ${shortPath(path)}`);
    return ExitCode.done;
  },
} satisfies Command;
