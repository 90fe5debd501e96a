import { type Plan, plan as planEngine } from "../../engine/plan/plan.ts";
import type { PlanMemory } from "../../engine/plan/plan_memory.ts";
import { findFullDisks } from "../../engine/plan/disk_space.ts";
import { isPending, type PlannedInstance } from "../../engine/plan/planned_instance.ts";
import { locatedReasonText } from "../../engine/plan/reason.ts";
import type { Search, Workflow } from "../../workflow/graph.ts";
import type { Arguments } from "../arguments.ts";
import { clusterPlanning } from "../cluster/planning.ts";
import type { Command } from "../command.ts";
import { ExitCode, reportFailure } from "../failure.ts";
import {
  openCache,
  SEARCH_OPTIONS,
  SELECTION_OPTIONS,
  selectionOf,
  WORKFLOW_OPTIONS,
} from "../open.ts";
import { commandLine, optionWords } from "../hint.ts";
import { costText, fullDiskText } from "../cost.ts";
import { pooledSweeps } from "../pooled_sweeps.ts";
import { planningWith, recallWorkflow, saveSnapshot, writeOptional } from "../snapshot.ts";
import { SAVE_OPTION, saveWorkflow } from "../save.ts";
import { countText, durationText, sizeText, tableText } from "../quantity.ts";

export default {
  arguments: [
    { name: "FILE", help: "Workflow file" },
    { name: "TARGET", help: "Step or instance; default: everything", optional: true, many: true },
  ],
  options: {
    ...WORKFLOW_OPTIONS,
    ...SELECTION_OPTIONS,
    "save-as": SAVE_OPTION,
    check: { help: "Exit with 3 when anything will or may run" },
    json: { help: "Print the plan as JSON, with the origin of each parameter" },
  },
  details:
    `An instance whose inputs are not made yet may run: if they turn out as before, it is cached.
Steps that read files outside the cache, such as caps.open, run while planning. Leakage and labels that
can't be trained on are errors, as far as existing tables show them.`,
  async run(args, terminal) {
    const { out, err } = terminal;
    const recalled = await recallWorkflow(args);
    const { workflow, memory } = recalled;
    const saved = await saveWorkflow(args, workflow);
    if (saved !== undefined) err.line(`wrote ${saved}`);
    const store = await openCache(args, workflow, err);
    const planned = await planEngine(store, workflow, {
      ...planningWith(memory),
      ...await clusterPlanning(store, workflow, err),
      ...selectionOf(args),
    });
    const { findDeclaredProblems } = await import("../../engine/run/preflight.ts");
    const problems = await findDeclaredProblems(store, planned, memory);
    if (args.has("json")) {
      const messages = problems.map(({ instance, message }) => ({ instance, message }));
      out.block(
        JSON.stringify({ ...await planJson(planned, memory), problems: messages }, null, 2),
      );
    } else {
      for (const line of await planLines(planned, out.columns, memory)) out.line(line);
      for (const search of workflow.searches ?? []) out.line(searchText(search, args));
    }
    for (const warning of pooledSweeps(args.values("sweep"), planned)) {
      err.line(`${err.paint("warning", "yellow")}: ${warning}`);
    }
    for (const disk of await findFullDisks(store, workflow, planned.estimate)) {
      err.line(`${err.paint("warning", "yellow")}: ${fullDiskText(disk)}`);
    }
    for (const problem of problems) await reportFailure(problem, err);
    if (!recalled.fromSnapshot || memory.isChanged) {
      await writeOptional(terminal, () => saveSnapshot(store, args, recalled));
    }
    if (problems.length > 0) return ExitCode.failed;
    const work = planned.counts["will-run"] + planned.counts["may-run"] > 0;
    return args.has("check") && work ? ExitCode.pending : ExitCode.done;
  },
} satisfies Command;

const STATES = { "cached": "cached", "will-run": "will run", "may-run": "may run" } as const;

async function planLines(
  { workflow, instances, counts, estimate }: Plan,
  width: number,
  memory: PlanMemory,
): Promise<string[]> {
  const rows = [["instance", "state", "time", "disk", "device", "why"]];
  for (const planned of instances) {
    if (planned.state === "unwanted") continue;
    const { seconds, diskBytes, deviceBytes } = planned.estimate;
    rows.push([
      planned.instance.name,
      STATES[planned.state],
      seconds === undefined ? "" : durationText(seconds),
      diskBytes === undefined ? "" : sizeText(diskBytes),
      deviceBytes === undefined ? "" : sizeText(deviceBytes),
      [...await reasonsOf(planned, workflow), ...await notesOf(planned, memory)].join(", "),
    ]);
  }
  const work = counts["will-run"] + counts["may-run"];
  const sums = [
    `${counts.cached} cached`,
    `${counts["will-run"]} will run`,
    `${counts["may-run"]} may run`,
    ...(counts.unwanted > 0 ? [`${counts.unwanted} not selected`] : []),
  ];
  const cost = costText(estimate, work);
  const total = countText(rows.length - 1 + counts.unwanted, "instance");
  return [
    ...tableText(...withoutEmpty(rows, [2, 3, 4]), width),
    "",
    `${total}: ${sums.join(", ")}${cost && `; ${cost}`}`,
  ];
}

/** `search rates: 30 trials by tpe for train.loss: gyrus search a.toml rates` */
function searchText({ name, nTrials, sampler, metric, outer }: Search, args: Arguments): string {
  const trials = `${countText(nTrials, "trial")} by ${sampler} for ${metric.step}.${metric.name}`;
  const nested = outer
    ? `, and so many in each outer fold for ${outer.metric.step}.${outer.metric.name}`
    : "";
  const options = optionWords(args, Object.keys(SEARCH_OPTIONS));
  const command = commandLine("search", args.positionals[0], name, ...options);
  return `search ${name}: ${trials}${nested}: ${command}`;
}

async function reasonsOf(planned: PlannedInstance, workflow: Workflow): Promise<string[]> {
  const reasons = await Promise.all(
    planned.reasons.map((reason) => locatedReasonText(reason, workflow)),
  );
  if (planned.resumesFrom !== undefined) {
    reasons.push(`resumes from ${planned.instance.kind.chain} ${planned.resumesFrom}`);
  }
  return reasons;
}

/** A table without the columns that have nothing below their head; `right` by its new places. */
function withoutEmpty(
  [head, ...rows]: readonly string[][],
  right: readonly number[],
): [rows: string[][], right: number[]] {
  const columns = head.map((_, column) => column)
    .filter((column) => rows.length === 0 || rows.some((row) => row[column] !== ""));
  const kept = [head, ...rows].map((row) => columns.map((column) => row[column]));
  return [kept, right.map((column) => columns.indexOf(column)).filter((column) => column >= 0)];
}

/** How it would begin; not where it continues from a checkpoint. */
async function notesOf(
  { instance: { kind, params, inputs }, resumesFrom }: PlannedInstance,
  memory: PlanMemory,
): Promise<readonly string[]> {
  if (resumesFrom !== undefined || !kind.planNotes) return [];
  const ports = Object.keys(inputs);
  return await memory.ask(
    ["notes", kind.kind, params, ports],
    async () => await kind.planNotes!(params, ports),
  );
}

async function planJson(
  { workflow, instances, counts, estimate }: Plan,
  memory: PlanMemory,
): Promise<object> {
  return {
    workflow: workflow.name,
    file: workflow.file,
    counts,
    estimate,
    ...(workflow.searches && { searches: workflow.searches }),
    instances: await Promise.all(instances.map(async (planned) => ({
      name: planned.instance.name,
      step: planned.instance.step,
      kind: planned.instance.kind.kind,
      axes: planned.instance.axes,
      state: planned.state,
      key: planned.key,
      params: await parametersJson(planned, workflow),
      inputs: planned.instance.inputs,
      reasons: isPending(planned) ? planned.reasons : undefined,
      why: isPending(planned) ? await reasonsOf(planned, workflow) : undefined,
      notes: await notesOf(planned, memory),
      estimate: isPending(planned) ? planned.estimate : undefined,
      resumesFrom: planned.resumesFrom,
    }))),
  };
}

/** Each parameter with its value and where that was written. */
async function parametersJson({ instance }: PlannedInstance, workflow: Workflow): Promise<unknown> {
  const entries = await Promise.all(
    Object.entries(instance.params).map(async ([name, value]) => {
      const { from, place } = instance.origins[name] ?? { from: "default" };
      if (place === undefined) return [name, { value, from }];
      const { file, line, column } = await workflow.locate(place);
      return [name, { value, from, file, line, column }];
    }),
  );
  return Object.fromEntries(entries);
}
