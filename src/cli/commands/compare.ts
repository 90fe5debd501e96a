import type { ComparisonData } from "../../report/data.ts";
import { UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { comparisonLines, differenceRows } from "../runs/comparison_text.ts";
import { ExitCode } from "../failure.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, openPastCache } from "../open.ts";
import { findRun } from "../runs/past_runs.ts";

export default {
  file: FILE_ARGUMENT,
  arguments: [
    { name: "RUN", help: "Id of a run, or its first digits; the others are compared with it" },
    { name: "OTHER", help: "Id of a run that is compared with RUN", many: true },
  ],
  details:
    `Prints the parameters that differ, metrics by split, and paired tests on the participants of both test
sets, with one prediction a participant: the mean over splits and sessions. McNemar's test compares
accuracies (exact below 25 discordant pairs, else with continuity correction), DeLong's areas under the ROC
curve, Nadeau and Bengio's corrected t-test the scores of splits. Differences have intervals by a bootstrap
over participants; Holm's adjustment is over all comparisons of a metric by the same test.
\`gyrus report RUN --against OTHER\` writes the same as a page.`,
  options: {
    ...CACHE_OPTIONS,
    json: { help: "Print everything as JSON" },
    tsv: { help: "Print the differences and tests as a table with tabs" },
  },
  async run(args, { out, err }) {
    const store = await openPastCache(args);
    const records = args.positionals.map((text) => findRun(store, args, text));
    const repeated = records.find(({ id }, index) =>
      records.findIndex((record) => record.id === id) < index
    );
    if (repeated) throw new UsageError(`run ${repeated.id} is named twice`);
    const { compareRuns } = await import("../../report/comparison/compare_runs.ts");
    const comparison = await compareRuns(store, records);
    if (args.has("json")) {
      out.block(JSON.stringify(comparison, null, 2));
    } else if (args.has("tsv")) {
      const { writeTsv } = await import("../../formats/tsv.ts");
      const [columns, ...rows] = differenceRows(comparison);
      out.write(writeTsv(columns.map(String), rows));
    } else {
      for (const line of comparisonLines(comparison, out.columns)) out.line(line);
    }
    for (const warning of warningsOf(comparison)) {
      err.line(`${err.paint("warning", "yellow")}: ${warning}`);
    }
    return ExitCode.done;
  },
} satisfies Command;

/** Each once, with the run that it is about. */
function warningsOf({ runs, groups }: ComparisonData): Set<string> {
  return new Set(
    groups.flatMap(({ pairs }) =>
      pairs.flatMap(({ run, warnings, refused }) => [
        ...warnings.map((warning) => `${runs[run].letter}: ${warning}`),
        ...refused === null ? [] : [`${runs[run].letter}: not tested: ${refused}`],
      ])
    ),
  );
}
