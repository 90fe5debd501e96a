import { openArtifact } from "../../engine/store/artifact.ts";
import { reasonText } from "../../engine/plan/reason.ts";
import {
  failedPath,
  type InstanceEntry,
  readLog,
  type RunRecord,
} from "../../engine/run/run_folder.ts";
import type { Store } from "../../engine/store/store.ts";
import { runStatus } from "../../report/current_run.ts";
import type { Artifact } from "../../workflow/step.ts";
import { UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { artifactLines, fileLines } from "../content.ts";
import { ExitCode, shortPath } from "../failure.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, openPastCache } from "../open.ts";
import { findRun, outcomesText } from "../runs/past_runs.ts";
import { isPublishedPath, publishedFileLines } from "../runs/published_file.ts";
import { durationText, sizeText, tableText } from "../quantity.ts";

export default {
  file: FILE_ARGUMENT,
  arguments: [
    {
      name: "RUN",
      help: "Id of a run, its first digits, or latest; or a published file. Default: latest",
      optional: true,
    },
    {
      name: "WHAT",
      help: "step[axis=value], step[axis=value].output, or a file of it after a slash",
      optional: true,
    },
  ],
  options: CACHE_OPTIONS,
  details:
    `Prints a run, an instance, or an output: a table, a tensor's summary, or a list of files. Of a published
file or folder it prints the instance and the run that made it.

    gyrus show latest
    gyrus show latest train[fold=0]
    gyrus show latest evaluate.table
    gyrus show latest slices.images/sub-001/ses-M000.safetensors
    gyrus show results/metrics.tsv`,
  async run(args, { out }) {
    const [text, what] = args.positionals;
    if (text !== undefined && what === undefined && isPublishedPath(text)) {
      for (const line of await publishedFileLines(args, text)) out.line(line);
      return ExitCode.done;
    }
    const store = await openPastCache(args);
    const record = findRun(store, args, text);
    const lines = what === undefined
      ? runLines(store, record, out.columns)
      : await whatLines(store, record, what, out.columns);
    for (const line of lines) out.line(line);
    return ExitCode.done;
  },
} satisfies Command;

function runLines(store: Store, record: RunRecord, width: number): string[] {
  const { workflow, instances, started, seconds, device } = record;
  const rows = instances.map(({ name, kind, outcome, seconds, reasons, message }) => [
    name,
    kind,
    outcome,
    seconds === undefined ? "" : durationText(seconds),
    message ?? reasons.map(reasonText).join(", "),
  ]);
  return [
    `run ${record.id}: ${runStatus(store, record)}`,
    `  workflow  ${workflow.name} (${shortPath(workflow.file)})`,
    `  started   ${started}${seconds === undefined ? "" : `, took ${durationText(seconds)}`}`,
    ...(device === undefined ? [] : [`  device    ${JSON.stringify(device)}`]),
    `  instances ${outcomesText(instances)}`,
    "",
    ...tableText([["instance", "uses", "outcome", "time", "why"], ...rows], [3], width),
  ];
}

async function whatLines(
  store: Store,
  record: RunRecord,
  what: string,
  width: number,
): Promise<string[]> {
  const exact = record.instances.find(({ name }) => name === what);
  if (exact) return instanceLines(store, record, exact);
  const ofStep = record.instances.filter(({ step }) => step === what);
  if (ofStep.length > 0) {
    return ofStep.flatMap((entry) => [...instanceLines(store, record, entry), ""]).slice(0, -1);
  }
  for (const entry of record.instances) {
    if (!what.startsWith(`${entry.name}.`)) continue;
    const rest = what.slice(entry.name.length + 1);
    const slash = rest.indexOf("/");
    const artifact = outputOf(store, entry, slash < 0 ? rest : rest.slice(0, slash));
    return slash < 0
      ? await artifactLines(artifact, width)
      : await fileLines(artifact, rest.slice(slash + 1), width);
  }
  const names = [...new Set(record.instances.map(({ step }) => step))].join(", ");
  throw new UsageError(`run ${record.id} has no ${what}`, `its steps are ${names}`);
}

/** An output, or an element of a list output: `folds[2]`. */
function outputOf(store: Store, entry: InstanceEntry, text: string): Artifact {
  const [, name, index] = text.match(/^(.*?)(?:\[(\d+)\])?$/) ?? [];
  const outputs = entry.outputs ?? {};
  if (!Object.hasOwn(outputs, name)) {
    const names = Object.keys(outputs).join(", ");
    throw new UsageError(
      `${entry.name} has no output "${name}"`,
      names === "" ? "it has made none" : `its outputs are ${names}`,
    );
  }
  const artifact = openArtifact(store, outputs[name]);
  if (index === undefined) return artifact;
  const item = artifact.items?.[Number(index)];
  if (item) return item;
  throw new UsageError(`${entry.name}.${name} has ${artifact.items?.length ?? 0} elements`);
}

/** Lines of a log that are printed, its last ones. */
const MAX_LOG_LINES = 20;

function instanceLines(store: Store, record: RunRecord, entry: InstanceEntry): string[] {
  const { name, kind, version, outcome, seconds, key, from, params, reasons, outputs, logPath } =
    entry;
  const lines = [
    `${name}: ${outcome}${seconds === undefined ? "" : ` in ${durationText(seconds)}`}`,
    `  uses ${kind}, version ${version}`,
  ];
  if (entry.message !== undefined) lines.push(`  ${entry.message}`);
  for (const reason of reasons) lines.push(`  - ${reasonText(reason)}`);
  if (key !== undefined) lines.push(`  key ${key}`);
  if (from !== undefined) lines.push(`  from ${from}`);
  if (logPath !== undefined) lines.push(`  log ${shortPath(logPath)}`);
  if (outcome === "failed") {
    lines.push(`  files ${shortPath(failedPath(store, record.id, name))}`);
  }
  const values = Object.entries(params).map(([name, value]) => [name, JSON.stringify(value)]);
  if (values.length > 0) lines.push("", "  parameters", ...indented(tableText(values)));
  const made = Object.entries(outputs ?? {}).map(([name, { type, digest, bytes }]) => [
    name,
    type,
    sizeText(bytes),
    digest,
  ]);
  if (made.length > 0) lines.push("", "  outputs", ...indented(tableText(made)));
  const log = readLog(store, record.id, name).slice(-MAX_LOG_LINES);
  if (log.length > 0) lines.push("", "  log", ...indented(log));
  return lines;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `    ${line}`);
}
