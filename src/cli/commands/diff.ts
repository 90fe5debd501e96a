import type { Change } from "../../engine/diff.ts";
import type { Json } from "../../workflow/step.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../failure.ts";
import { CACHE_OPTIONS, FILE_ARGUMENT, openPastCache } from "../open.ts";
import { findRun, findRunBefore } from "../runs/past_runs.ts";
import { numberText } from "../quantity.ts";

export default {
  file: FILE_ARGUMENT,
  arguments: [
    {
      name: "OLD",
      help: "Id of a run, or its first digits; default: the run before NEW",
      optional: true,
    },
    { name: "NEW", help: "Id of a later run; default: the newest", optional: true },
  ],
  details:
    `Without arguments it compares the last two runs. Of evaluations it prints the metrics that differ,
by group of predictions: the mean over splits.`,
  options: { ...CACHE_OPTIONS, json: { help: "Print the differences as JSON" } },
  async run(args, { out }) {
    const { diffRuns } = await import("../../engine/diff.ts");
    const store = await openPastCache(args);
    const now = findRun(store, args, args.positionals[1]);
    const named = findRun(store, args, args.positionals[0]);
    const old = named.id === now.id && args.positionals[1] === undefined
      ? findRunBefore(store, now)
      : named;
    const diff = diffRuns(store, old, now);
    const { comparedGroups } = await import("../../report/comparison/compared_groups.ts");
    const { evaluationsOf } = await import("../../report/evaluations.ts");
    const evaluated = comparedGroups([
      await evaluationsOf(store, old),
      await evaluationsOf(store, now),
    ]);
    if (args.has("json")) {
      out.block(JSON.stringify({ old: old.id, new: now.id, ...diff, evaluated }, null, 2));
      return ExitCode.done;
    }
    const lines = [`${old.id} → ${now.id}`];
    for (const change of diff.params) lines.push(`params.${changeText(change)}`);
    if (diff.device) lines.push(changeText(diff.device));
    for (const name of diff.removed) lines.push(`- ${name}`);
    for (const name of diff.added) lines.push(`+ ${name}`);
    for (const { instance, execution, params, inputs, outputs, metrics } of diff.instances) {
      lines.push(
        `${instance}:`,
        ...execution.map((change) =>
          change.name === "code" ? "  code changed" : `  ${changeText(change)}`
        ),
        ...params.map((change) => `  ${changeText(change)}`),
        ...inputs.map((port) => `  input ${port} changed`),
        ...outputs.map(({ name }) => `  output ${name} changed`),
        ...metrics.map((change) => `  ${changeText(change)}`),
      );
    }
    for (const { instance, metrics, ...group } of evaluated) {
      const changed = metrics.filter(({ runs: [old, now] }) => old?.mean !== now?.mean);
      if (changed.length === 0) continue;
      const about = [group.axes, group.dataGroup, `${group.level} level`, group.selectionMetric];
      lines.push(`${instance} (${about.filter((part) => part !== "").join(", ")}):`);
      for (const { metric, runs: [old, now] } of changed) {
        lines.push(`  ${changeText({ name: metric, old: old?.mean, new: now?.mean })}`);
      }
    }
    if (lines.length === 1) lines.push("no difference");
    for (const line of lines) out.line(line);
    return ExitCode.done;
  },
} satisfies Command;

function changeText({ name, old, new: now }: Change): string {
  return `${name}: ${shown(old)} → ${shown(now)}`;
}

function shown(value: Json | undefined): string {
  if (value === undefined || value === null) return "(none)";
  return typeof value === "number" ? numberText(value) : JSON.stringify(value);
}
