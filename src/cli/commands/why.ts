import { type Explanation, type InputChange, why } from "../../engine/plan/explain.ts";
import { locatedReasonText } from "../../engine/plan/reason.ts";
import { planning } from "../../steps/engine_options.ts";
import type { Store } from "../../engine/store/store.ts";
import type { Search, Workflow } from "../../workflow/graph.ts";
import type { Arguments } from "../arguments.ts";
import { clusterPlanning } from "../cluster/planning.ts";
import type { Command } from "../command.ts";
import { ExitCode, shortPath } from "../failure.ts";
import { openCache, openWorkflow, WORKFLOW_OPTIONS } from "../open.ts";
import { countText, durationText, sizeText, tableText } from "../quantity.ts";

export default {
  arguments: [
    { name: "FILE", help: "Workflow file" },
    { name: "INSTANCE", help: "Such as train[fold=2]; of a step: all its instances; or a search" },
  ],
  options: WORKFLOW_OPTIONS,
  details: `Compares it with its result in the cache, or with the most similar earlier result:
parameters with the lines where they are written, inputs file by file, versions, device.`,
  async run(args, { out, err }) {
    const workflow = await openWorkflow(args);
    const store = await openCache(args, workflow, err);
    const search = workflow.searches?.find(({ name }) => name === args.positionals[1]);
    const isStep = workflow.steps.some(({ name }) => name === args.positionals[1]);
    if (search && !isStep) {
      out.block((await searchLines(search, workflow, store, args)).join("\n"));
      return ExitCode.done;
    }
    const blocks: string[] = [];
    const options = { ...planning, ...await clusterPlanning(store, workflow, err) };
    for (const each of await why(store, workflow, args.positionals[1], options)) {
      blocks.push((await explanationLines(each, workflow)).join("\n"));
    }
    out.block(blocks.join("\n\n"));
    return ExitCode.done;
  },
} satisfies Command;

/** How much of a search is cached, and which trials come next. */
async function searchLines(
  search: Search,
  workflow: Workflow,
  store: Store,
  args: Arguments,
): Promise<string[]> {
  const { runSearch, settingsOf } = await import("../../search/run_search.ts");
  const { cachedTrials } = await import("../search/host.ts");
  const host = cachedTrials(store, args);
  const { trials, unfinished } = await runSearch(search, workflow, host);
  const all = countText(search.nTrials, "trial");
  const lines = [
    unfinished.length === 0
      ? `${search.name}: all of ${all} are cached or known to fail`
      : `${search.name}: ${trials.length} of ${all} are cached or known to fail`,
    ...unfinished.map(({ number, values }) =>
      `  trial ${number} will run: ${
        settingsOf(search.space, values).map((text) => `--set ${text}`).join(" ")
      }`
    ),
  ];
  if (search.outer === undefined || unfinished.length > 0) return lines;
  const { searchOuterFolds } = await import("../../search/outer_search.ts");
  const { unfinishedText } = await import("../search/result.ts");
  const nested = await searchOuterFolds(search, workflow, host);
  const stop = "unfinished" in nested
    ? `will go on ${unfinishedText(nested.unfinished, search)}`
    : "failed" in nested
    ? nested.failed
    : "all are cached";
  return [...lines, `${search.name}: outer folds: ${stop}`];
}

const STATES = {
  "cached": "cached",
  "will-run": "will run",
  "may-run": "may run: it depends on the results of its inputs",
  "unwanted": "not selected",
} as const;

/** Files of an input that are listed by name. */
const MAX_FILES = 50;

async function explanationLines(
  { planned, record, differences, inputs: changes }: Explanation,
  workflow: Workflow,
): Promise<string[]> {
  const { instance, state, key, reasons, estimate, resumesFrom, parts, outputs } = planned;
  const lines = [`${instance.name}: ${STATES[state]}`];
  const texts = new Set<string>();
  for (const reason of [...reasons, ...differences]) {
    texts.add(await locatedReasonText(reason, workflow));
  }
  for (const text of texts) lines.push(`  - ${text}`);
  for (const change of changes) lines.push(...changeLines(change));
  if (record && record.key !== key) lines.push(`  compared with the result of ${record.created}`);
  if (resumesFrom !== undefined) {
    lines.push(`  resumes from ${instance.kind.chain} ${resumesFrom}`);
  }
  const cost = [
    ...(estimate.seconds === undefined ? [] : [durationText(estimate.seconds)]),
    ...(estimate.diskBytes === undefined ? [] : [`${sizeText(estimate.diskBytes)} of disk`]),
  ];
  if (cost.length > 0) lines.push(`  about ${cost.join(", ")}`);
  lines.push("", `  uses ${instance.kind.kind}, version ${instance.kind.version}`);
  if (key !== undefined) lines.push(`  key ${key}`);
  const rows: string[][] = [];
  for (const [name, value] of Object.entries(instance.params)) {
    const { from, place } = instance.origins[name] ?? { from: "default" };
    const where = place && await workflow.locate(place);
    rows.push([
      `  ${name}`,
      JSON.stringify(value),
      where ? `${shortPath(where.file)}:${where.line}` : from,
    ]);
  }
  if (rows.length > 0) lines.push("", "  parameters", ...indent(tableText(rows)));
  const inputs = Object.entries(parts?.inputs ?? {}).map(([port, input]) => [
    `  ${port}`,
    typeof input === "string" ? input : `${input.length} elements`,
  ]);
  if (inputs.length > 0) lines.push("", "  inputs", ...indent(tableText(inputs)));
  const made = Object.entries(outputs ?? {}).map(([name, { digest, bytes }]) => [
    `  ${name}`,
    digest,
    sizeText(bytes),
  ]);
  if (made.length > 0) lines.push("", "  outputs", ...indent(tableText(made)));
  return lines;
}

/** What was added to an input, taken away and changed, a line a file. */
function changeLines({ port, added, removed, changed, meta }: InputChange): string[] {
  const files = [
    ...added.map((path) => `    + ${port}/${path}`),
    ...removed.map((path) => `    - ${port}/${path}`),
    ...changed.map((path) => `    ~ ${port}/${path}`),
  ];
  const more = files.length - MAX_FILES;
  return [
    ...files.slice(0, MAX_FILES),
    ...(more > 0 ? [`    and ${countText(more, "file")} more`] : []),
    ...meta.map((field) => `    ~ ${port}: ${field}`),
  ];
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
