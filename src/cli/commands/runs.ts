import { listRuns, readRun } from "../../engine/run/run_folder.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../failure.ts";
import { CACHE_OPTION, openCache } from "../open.ts";
import { outcomesText, statusOf } from "../past_runs.ts";
import { durationText, tableText } from "../quantity.ts";

export default {
  arguments: [],
  options: {
    cache: CACHE_OPTION,
    all: { help: "All of them, not only the last 20" },
    json: { help: "Print their records as JSON" },
  },
  run(args, { out }) {
    const store = openCache(args);
    const ids = listRuns(store);
    const records = (args.has("all") ? ids : ids.slice(0, 20))
      .map((id) => readRun(store, id)).filter((record) => record !== undefined);
    if (args.has("json")) {
      out.block(JSON.stringify(records, null, 2));
      return Promise.resolve(ExitCode.done);
    }
    const rows = records.map((record) => [
      record.id,
      record.workflow.name,
      statusOf(store, record),
      record.seconds === undefined ? "" : durationText(record.seconds),
      outcomesText(record.instances),
    ]);
    for (const line of tableText([["run", "workflow", "status", "time", "instances"], ...rows])) {
      out.line(line);
    }
    return Promise.resolve(ExitCode.done);
  },
} satisfies Command;
