import type { ComparisonData } from "../../report/data.ts";
import { UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { comparisonLines, differenceRows, foldRows } from "../runs/comparison_text.ts";
import { ExitCode } from "../failure.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, openPastCache } from "../open.ts";
import { findRun } from "../runs/past_runs.ts";

export default {
  file: FILE_ARGUMENT,
  arguments: [
    {
      name: "RUN",
      help:
        "Id of a run, or its first digits; the others are compared with it. RUN:GROUP is one group of it",
    },
    {
      name: "OTHER",
      help: "Run that is compared with RUN, or group of RUN or of another",
      many: true,
    },
  ],
  details:
    `Prints the parameters that differ, metrics by split, and paired tests on the participants of both test
sets, with one prediction a participant: the mean over splits and sessions. McNemar's test compares
accuracies (exact below 25 discordant pairs, else with continuity correction), DeLong's areas under the ROC
curve, Nadeau and Bengio's corrected t-test the scores of splits. Differences have intervals by a bootstrap
over participants; Holm's adjustment is over all comparisons of a metric by the same test.
\`gyrus report RUN --against OTHER\` writes the same as a page. GROUP is an instance of evaluate, or the axes
that tell a group from others: \`gyrus compare latest:network=resnet18 latest:network=Conv5_FC3\`.`,
  options: {
    ...CACHE_OPTIONS,
    json: { help: "Print everything as JSON" },
    tsv: { help: "Print the differences and tests as a table with tabs" },
    folds: { help: "With --tsv: print the metrics of each split instead" },
  },
  async run(args, { out, err }) {
    const store = await openPastCache(args);
    if (args.has("folds") && !args.has("tsv")) throw new UsageError("--folds needs --tsv");
    const named = args.positionals.map(namedGroup);
    const records = named.map(({ run }) => findRun(store, args, run));
    const places = records.map(({ id }, index) => [id, named[index].group].join(":"));
    const repeated = places.find((place, index) => places.indexOf(place) < index);
    if (repeated) throw new UsageError(`run ${repeated.replace(/:$/, "")} is named twice`);
    const { compareRuns } = await import("../../report/comparison/compare_runs.ts");
    const comparison = await compareRuns(store, records, groupsOf(named));
    if (args.has("json")) {
      out.block(JSON.stringify(comparison, null, 2));
    } else if (args.has("tsv")) {
      const { writeTsv } = await import("../../formats/tsv.ts");
      const [columns, ...rows] = args.has("folds")
        ? foldRows(comparison)
        : differenceRows(comparison);
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

interface Named {
  run: string;
  group?: string;
}

/** `RUN:GROUP`; no id has a colon. */
function namedGroup(text: string): Named {
  const colon = text.indexOf(":");
  return colon < 0 ? { run: text } : { run: text.slice(0, colon), group: text.slice(colon + 1) };
}

/** @throws {UsageError} when some name a group and others do not */
function groupsOf(named: readonly Named[]): string[] | undefined {
  const groups = named.flatMap(({ group }) => group ?? []);
  if (groups.length === 0) return undefined;
  if (groups.length === named.length) return groups;
  throw new UsageError("a group is compared with a group", "write RUN:GROUP for each");
}

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
