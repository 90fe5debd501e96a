import { encodeEvent, type EngineEvent } from "../../engine/plan/events.ts";
import { run as runEngine, type RunResult } from "../../engine/run/run.ts";
import type { RunRequest } from "../../engine/run/run_folder.ts";
import { plan } from "../../engine/plan/plan.ts";
import type { Store } from "../../engine/store/store.ts";
import { planning, running } from "../../steps/engine_options.ts";
import type { Workflow } from "../../workflow/graph.ts";
import type { Arguments } from "../arguments.ts";
import { clusterPlanning } from "../cluster/planning.ts";
import type { Command } from "../command.ts";
import { type Display, openDisplay } from "../display.ts";
import { ExitCode, jsonProblems } from "../failure.ts";
import { cacheWords, commandLine, rerunCommand } from "../hint.ts";
import { interruptText, onInterrupt } from "../interrupt.ts";
import {
  cacheTiers,
  openCache,
  openWorkflow,
  SELECTION_OPTIONS,
  selectionOf,
  WORKFLOW_OPTIONS,
} from "../open.ts";
import { countText, durationText } from "../quantity.ts";
import { planSnapshot, saveSnapshot, writeOptional } from "../snapshot.ts";
import { lockDrift, readLock, SAVE_OPTION, saveWorkflow, writeLock } from "../save.ts";
import { noServer, PERMIT_OPTIONS } from "../share/permit_options.ts";
import type { Terminal } from "../terminal.ts";

const options = {
  ...WORKFLOW_OPTIONS,
  ...SELECTION_OPTIONS,
  "save-as": SAVE_OPTION,
  frozen: { help: "Refuse to run unless everything matches the lock file; exit code 4" },
  jobs: { value: "N", help: "Processors to use at once; default: all" },
  "keep-going": { help: "After a failure run what does not depend on it" },
  push: { help: "Upload the results to the server of the cache, as `gyrus cache push` does" },
  ...PERMIT_OPTIONS,
  "force-publish": { help: "Overwrite published files that were edited or are not Gyrus's" },
  quiet: { help: "Print only failures" },
  json: { help: "Print every event as a line of JSON instead (README, Events)" },
};

export default {
  arguments: [
    { name: "FILE", help: "Workflow file" },
    {
      name: "TARGET",
      help: "Step or instance, such as train or train[fold=2]; default: everything",
      optional: true,
      many: true,
    },
  ],
  options,
  details:
    `The first Ctrl-C lets running steps save what they can; the second stops at once. Either way the
same command then continues where this one stopped.`,
  async run(args, terminal) {
    if (!args.has("json")) return await runWorkflow(args, terminal);
    try {
      return await runWorkflow(args, terminal);
    } catch (error) {
      const problems = jsonProblems(error);
      const event = { type: "run-refused", time: new Date().toISOString(), problems };
      terminal.out.line(JSON.stringify(event));
      throw error;
    }
  },
} satisfies Command;

async function runWorkflow(args: Arguments, terminal: Terminal): Promise<number> {
  const jobs = args.count("jobs");
  const snapshot = await planSnapshot(args, terminal.err);
  const texts = new Map(snapshot.planned?.texts);
  const workflow = snapshot.planned?.plan.workflow ?? await openWorkflow(args, texts);
  const saved = await saveWorkflow(args, workflow);
  if (saved !== undefined) terminal.err.line(`wrote ${saved}`);
  // Before hours of work, not after.
  readLock(workflow);
  if (args.has("push") && cacheTiers(args, workflow).server === undefined) throw noServer();
  const store = snapshot.store ?? await openCache(args, workflow, terminal.err);
  if (args.has("frozen") && !await matchesLock(store, workflow, terminal)) {
    return ExitCode.mismatch;
  }
  const display = displayFor(args, terminal, workflow);
  const report = (message: string) => terminal.err.line(message);
  const interrupt = onInterrupt(report, interruptText(workflow));
  try {
    const cluster = workflow.profile?.executor &&
      (await import("../cluster/open_cluster.ts"))
        .openCluster(store, workflow, interrupt.signal, report);
    const result = await runEngine(store, workflow, {
      ...running,
      ...cluster,
      ...selectionOf(args),
      jobs: jobs ?? workflow.profile?.jobs,
      keepGoing: args.has("keep-going"),
      forcePublish: args.has("force-publish"),
      signal: interrupt.signal,
      kill: interrupt.kill,
      onEvent: (event) => display.show(event),
      request: requestOf(args),
      planned: snapshot.planned?.plan,
      before: snapshot.events,
    });
    display.close();
    if (result.status === "done" && store.writable) {
      await writeOptional(terminal, () => writeLock(result.plan));
    }
    const { memory, planned } = snapshot;
    if (result.status === "done" && (!planned || memory.isChanged)) {
      await writeOptional(terminal, () => saveSnapshot(store, args, { workflow, texts, memory }));
    }
    const code = summarize(result, args, terminal);
    const isReported = await writeReport(store, result, args, terminal);
    if (args.has("push") && result.id !== undefined && result.status === "done") {
      const { pushRun } = await import("../share/push_results.ts");
      await pushRun(store, result.id, args, terminal);
    }
    return isReported ? code : ExitCode.failed;
  } catch (error) {
    if (!interrupt.signal.aborted || error !== interrupt.signal.reason) throw error;
    // While it was planned: a server was asked, or a step looked at data.
    terminal.err.line("interrupted: nothing has run yet");
    return ExitCode.interrupted;
  } finally {
    interrupt.close();
    display.close();
  }
}

/** Whether everything is as the lock file records it. */
async function matchesLock(store: Store, workflow: Workflow, { err }: Terminal): Promise<boolean> {
  const options = { ...planning, ...await clusterPlanning(store, workflow, err) };
  const drifted = lockDrift(await plan(store, workflow, options));
  for (const line of drifted) err.line(`--frozen: ${line}`);
  return drifted.length === 0;
}

function displayFor(args: Arguments, { out, err }: Terminal, workflow: Workflow): Display {
  if (args.has("json")) {
    return { show: (event: EngineEvent) => out.write(encodeEvent(event)), close() {} };
  }
  const context = {
    folder: workflow.folder,
    rerun: (name: string) =>
      rerunCommand(args.positionals[0], name, requestOf(args), args.value("cache")),
  };
  const display = openDisplay(args.has("quiet") ? err : out, context);
  if (!args.has("quiet")) return display;
  const shown = [
    "instance-failed",
    "publish-failed",
    "nondeterminism",
    "corruption",
    "shared-cache-lost",
  ];
  return {
    show: (event) => shown.includes(event.type) ? display.show(event) : undefined,
    close: () => display.close(),
  };
}

function requestOf(args: Arguments): RunRequest {
  return {
    set: args.values("set"),
    sweep: args.values("sweep"),
    includeFrom: args.values("include-from"),
    profile: args.value("profile"),
    targets: args.positionals.slice(1),
  };
}

/** @returns whether the report and all its copies are written */
async function writeReport(
  store: Store,
  result: RunResult,
  args: Arguments,
  { out, err }: Terminal,
): Promise<boolean> {
  const verbose = !args.has("quiet") && !args.has("json");
  const { writeRunReport } = await import("../run_report.ts");
  const force = args.has("force-publish");
  const output = verbose ? out : undefined;
  const openCommand = (id: string) =>
    commandLine("view", args.positionals[0], id, ...cacheWords(args));
  const problems = await writeRunReport(store, result, force, output, openCommand);
  for (const { message } of problems) err.line(`${err.paint("error", "red")}: ${message}`);
  return problems.length === 0;
}

function summarize(result: RunResult, args: Arguments, { out, err }: Terminal): number {
  const { status, counts, seconds, id, recordProblem } = result;
  const verbose = !args.has("quiet") && !args.has("json");
  const cached = `${counts.cached} cached`;
  const time = durationText(seconds);
  if (recordProblem) err.line(`${err.paint("error", "red")}: ${recordProblem.message}`);
  if (status === "done") {
    const text = counts.done > 0
      ? `done: ${countText(counts.done, "instance")} run, ${cached} (${time})`
      : `nothing to do: ${cached} (${time})`;
    if (verbose) out.line(text);
    return recordProblem ? ExitCode.failed : ExitCode.done;
  }
  const rest = [
    ...(counts.failed > 0 ? [`${counts.failed} failed`] : []),
    `${counts.done} done`,
    cached,
    ...(counts.skipped > 0 ? [`${counts.skipped} not run`] : []),
  ].join(", ");
  const where = id === undefined
    ? ""
    : `; see ${commandLine("show", args.positionals[0], id, ...cacheWords(args))}`;
  const ending = status === "unpublished" ? "done, not published" : status;
  if (!args.has("json")) err.line(`${ending}: ${rest} (${time})${verbose ? where : ""}`);
  return status === "interrupted" ? ExitCode.interrupted : ExitCode.failed;
}
