import { readRun } from "../../engine/run/run_folder.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../failure.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, openPastCache } from "../open.ts";
import { outcomesText, readEvaluations, runIds, statusOf } from "../past_runs.ts";
import { durationText, tableText } from "../quantity.ts";

/** Runs that are listed without `--all`. */
const SHOWN = 20;

export default {
  file: FILE_ARGUMENT,
  arguments: [],
  options: {
    ...CACHE_OPTIONS,
    all: { help: `All of them, not only the last ${SHOWN}` },
    json: { help: "Print their records as JSON" },
  },
  async run(args, { out }) {
    const store = await openPastCache(args);
    const ids = [...runIds(store, args.file)];
    const records = (args.has("all") ? ids : ids.slice(0, SHOWN))
      .map((id) => readRun(store, id)).filter((record) => record !== undefined);
    if (args.has("json")) {
      out.block(JSON.stringify(records, null, 2));
      return ExitCode.done;
    }
    const { mainResultText } = await import("../../report/main_result.ts");
    const results = await Promise.all(
      records.map(async (record) => mainResultText(await readEvaluations(store, record)) ?? ""),
    );
    const rows = records.map((record, index) => [
      record.id,
      record.workflow.name,
      statusOf(store, record),
      record.seconds === undefined ? "" : durationText(record.seconds),
      outcomesText(record.instances),
      results[index],
    ]);
    const head = ["run", "workflow", "status", "time", "instances", "result"];
    for (const line of tableText([head, ...rows], [3], out.columns)) out.line(line);
    return ExitCode.done;
  },
} satisfies Command;
