import { type Plan, plan as planEngine, type PlannedInstance } from "../engine/plan.ts";
import { locatedReasonText } from "../engine/reason.ts";
import { planning } from "../steps/host.ts";
import { findTarget } from "../workflow/targets.ts";
import type { Command } from "./command.ts";
import { ExitCode, shortPath } from "./failure.ts";
import { openCache, openWorkflow, WORKFLOW_OPTIONS } from "./open.ts";
import { durationText, sizeText, tableText } from "./quantity.ts";

export default {
  arguments: [
    { name: "FILE", help: "Workflow file" },
    { name: "INSTANCE", help: "Such as train[fold=2]; a step means all its instances" },
  ],
  options: WORKFLOW_OPTIONS,
  async run(given, { out }) {
    const workflow = await openWorkflow(given);
    const { instances } = findTarget(workflow, given.positionals[1]);
    const planned = await planEngine(openCache(given, workflow), workflow, planning);
    const blocks: string[] = [];
    for (const { name } of instances) {
      const one = planned.byName.get(name);
      if (one) blocks.push((await explain(one, planned)).join("\n"));
    }
    out.line(blocks.join("\n\n"));
    return ExitCode.done;
  },
} satisfies Command;

const STATES = {
  "cached": "cached",
  "will-run": "will run",
  "may-run": "may run: it depends on what its inputs turn out to be",
  "unwanted": "not asked for",
} as const;

async function explain(planned: PlannedInstance, { workflow }: Plan): Promise<string[]> {
  const { instance, state, key, reasons, estimate, resumesFrom, parts, outputs } = planned;
  const lines = [`${instance.name}: ${STATES[state]}`];
  for (const reason of reasons) lines.push(`  - ${await locatedReasonText(reason, workflow)}`);
  if (resumesFrom !== undefined) {
    lines.push(`  goes on from ${instance.kind.chain} ${resumesFrom}`);
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

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
