import { readRun } from "../../engine/run/run_folder.ts";
import { runStatus } from "../../report/current_run.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../failure.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, openPastCache } from "../open.ts";
import { runIds } from "../runs/past_runs.ts";
import { countText, tableText } from "../quantity.ts";
import type { ListedRun } from "../runs/runs_table.ts";

/** Runs that are listed without `--all`. */
const SHOWN = 20;
/** Parameters that differ and have a column without `--columns`. */
const MAX_PARAMETERS = 8;

export default {
  file: FILE_ARGUMENT,
  arguments: [],
  options: {
    ...CACHE_OPTIONS,
    all: { help: `All of them, not only the last ${SHOWN}; so do --where and --sort` },
    columns: { value: "NAME,NAME", help: "What to list: see above" },
    sort: { value: "NAME", help: "Order by a column, metrics best first; -NAME turns it round" },
    where: {
      value: "NAME=VALUE",
      many: true,
      help: "Only runs with this parameter, status or workflow, such as architecture=resnet18",
    },
    tsv: { help: "Print a table with tabs" },
    json: { help: "Print their records as JSON, with metrics and the parameters that differ" },
  },
  details:
    `Lists runs, newest first, with the parameters that differ between them and the main result: the value
over all splits and its interval. A column is run, workflow, status, started, time, instances, result, a
parameter (learning_rate, or train.learning_rate) or a metric of the main result's group (BA).`,
  async run(args, { out, err }) {
    const store = await openPastCache(args);
    const { columnNamed, defaultColumns, whereCondition } = await import("../runs/runs_table.ts");
    const { runRows } = await import("../../report/comparison/run_rows.ts");
    const ids = [...runIds(store, args.file)];
    const wanted = args.values("where");
    const isLimited = !args.has("all") && !args.has("sort") && wanted.length === 0;
    const read = isLimited ? ids.slice(0, SHOWN) : ids;
    const all = read.map((id) => readRun(store, id)).filter((record) => record !== undefined);
    const conditions = wanted.map((text) => whereCondition(text, all));
    const records = all.filter((record) =>
      conditions.every((holds) => holds(record, runStatus(store, record)))
    );
    const { rows, parameters } = await runRows(store, records);
    const runs = records.map((record, index) => ({ record, row: rows[index] }));

    const names = args.value("columns")?.split(",").map((name) => name.trim()) ??
      defaultColumns(args.has("tsv") ? parameters : parameters.slice(0, MAX_PARAMETERS));
    const columns = runs.length === 0 ? [] : names.map((name) => columnNamed(name, runs));
    const order = args.value("sort");
    if (order !== undefined && runs.length > 0) {
      const isTurned = order.startsWith("-");
      const { compare } = columnNamed(order.slice(Number(isTurned)), runs);
      runs.sort((a, b) => isTurned ? compare(b, a) : compare(a, b));
    }
    if (args.has("json")) {
      out.block(recordsAsJson(runs));
    } else if (args.has("tsv")) {
      const { writeTsv } = await import("../../formats/tsv.ts");
      const cells = runs.map((run) => Object.assign({}, ...columns.map(({ cells }) => cells(run))));
      const head = [...new Set(cells.flatMap((row) => Object.keys(row)))];
      out.write(writeTsv(head, cells.map((row) => head.map((name) => row[name]))));
    } else if (runs.length === 0) {
      err.line(wanted.length > 0 ? "no run matches" : "there is no run");
    } else {
      const head = columns.map(({ name }) => name);
      const lines = runs.map((run) => columns.map(({ text }) => text(run)));
      const right = columns.flatMap(({ alignRight }, index) => alignRight ? [index] : []);
      for (const line of tableText([head, ...lines], right, out.columns)) out.line(line);
      const hidden = args.has("columns") ? [] : parameters.slice(MAX_PARAMETERS);
      if (hidden.length > 0) {
        err.line(`more parameters differ: ${hidden.join(", ")}; --columns lists them`);
      }
    }
    const left = ids.length - read.length;
    if (left > 0) err.line(`${countText(left, "more run")}; --all lists them`);
    return ExitCode.done;
  },
} satisfies Command;

function recordsAsJson(runs: readonly ListedRun[]): string {
  const listed = runs.map(({ record, row: { status, parameters, main, metrics } }) => ({
    ...record,
    status,
    parameters,
    main,
    metrics,
  }));
  return JSON.stringify(listed, null, 2);
}
