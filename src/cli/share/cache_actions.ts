/** `gyrus cache push` and `gyrus cache pull`. */
import { plan } from "../../engine/plan/plan.ts";
import {
  type InstanceEntry,
  isRunId,
  listRuns,
  type RunRecord,
} from "../../engine/run/run_folder.ts";
import { pullRun } from "../../engine/share/pull.ts";
import { isStore, openStore, type Store } from "../../engine/store/store.ts";
import { planning, reading } from "../../steps/engine_options.ts";
import { dirname, resolve } from "../../workflow/paths.ts";
import { readWorkflow } from "../../workflow/read.ts";
import { type Arguments, UsageError } from "../arguments.ts";
import { ExitCode, shortPath } from "../failure.ts";
import { commandLine } from "../hint.ts";
import { findTiers } from "../open.ts";
import { countText, sizeText } from "../quantity.ts";
import { findRun } from "../runs/past_runs.ts";
import type { Terminal } from "../terminal.ts";
import { noServer } from "./permit_options.ts";
import { pushResults } from "./push_results.ts";
import { type AttachedServer, attachServer } from "./server.ts";

export async function push(
  args: Arguments,
  names: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { store, server } = await openShared(args, terminal);
  const [first = "latest"] = names;
  const isRun = first === "latest" || listRuns(store).some((id) => id.startsWith(first));
  if (isRun && names.length > 1) throw new UsageError("name one run, or steps and instances");
  const run = findRun(store, args, isRun ? first : "latest");
  const entries = isRun ? run.instances : findEntries(run, names);
  await pushResults(store, server.tier, run, entries, args, terminal);
  return ExitCode.done;
}

/** @throws {UsageError} on a name that is no step and no instance of the run */
export function findEntries(run: RunRecord, names: readonly string[]): InstanceEntry[] {
  const found = new Set<InstanceEntry>();
  for (const text of names) {
    const entries = run.instances.filter(({ name, step }) => name === text || step === text);
    if (entries.length === 0) {
      const steps = [...new Set(run.instances.map(({ step }) => step))].join(", ");
      throw new UsageError(`run ${run.id} has no ${text}`, `its steps are ${steps}`);
    }
    for (const entry of entries) found.add(entry);
  }
  return run.instances.filter((entry) => found.has(entry));
}

export async function pull(
  args: Arguments,
  names: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { store, server } = await openShared(args, terminal);
  const [first] = names;
  if (first !== undefined && isRunId(first)) {
    if (names.length > 1) throw new UsageError("name one run, or steps and instances");
    return await pullOneRun(store, server, first, args, terminal);
  }
  if (args.file === undefined) {
    throw new UsageError(
      "cache pull needs the id of a run, or the workflow FILE whose results are meant",
      `${commandLine("runs")} lists the ids where the run was made`,
    );
  }
  return await pullTargets(store, server, args.file, names, args, terminal);
}

async function pullOneRun(
  store: Store,
  { tier, credentials }: AttachedServer,
  id: string,
  args: Arguments,
  { out }: Terminal,
): Promise<number> {
  const folder = args.file === undefined ? dirname(store.root) : dirname(resolve(args.file));
  const { complete, incomplete } = await pullRun(store, tier, id, folder, credentials.secret);
  out.line(`run ${id}: ${takenText(tier)}; ${countText(complete.length, "instance")} complete`);
  if (incomplete.length > 0) out.line(`not all of ${incomplete.join(", ")} is on the server`);
  out.line(`see it: ${commandLine("show", id)}`);
  return ExitCode.done;
}

/** Plans the workflow, which copies what its targets consist of. */
async function pullTargets(
  store: Store,
  { tier }: AttachedServer,
  file: string,
  targets: readonly string[],
  args: Arguments,
  { out, err }: Terminal,
): Promise<number> {
  const workflow = await readWorkflow(file, {
    ...reading,
    set: args.values("set"),
    sweep: args.values("sweep"),
    includeFrom: args.values("include-from"),
    profile: args.value("profile"),
  });
  const planned = await plan(store, workflow, {
    ...planning,
    targets,
    download: true,
    onEvent: (event) => {
      if (event.type === "instance-log" && event.level === "warning") {
        err.line(`${event.instance}: ${event.message}`);
      }
    },
  });
  const { counts } = planned;
  out.line(`${takenText(tier)}; ${countText(counts.cached, "instance")} here`);
  const missing = planned.instances.filter(({ state }) => state.endsWith("-run"))
    .map(({ instance }) => instance.name);
  if (missing.length === 0) return ExitCode.done;
  out.line(`not all of ${missing.join(", ")} is on the server`);
  return ExitCode.failed;
}

function takenText({ address, taken }: AttachedServer["tier"]): string {
  return `${countText(taken.results, "result")} (${sizeText(taken.bytes)}) from ${address}`;
}

/** @throws {UsageError} when there is no cache, or it names no server */
async function openShared(
  args: Arguments,
  { err }: Terminal,
): Promise<{ store: Store; server: AttachedServer }> {
  const tiers = await findTiers(args);
  if (tiers?.server === undefined) throw noServer();
  const { folders: [root, ...lower], server, tokenPath } = tiers;
  const isPull = args.positionals[0] === "pull";
  if (!isPull && !isStore(root)) throw new UsageError(`there is no cache at ${shortPath(root)}`);
  const store = openStore(root, { lower });
  if (!store.writable) throw new UsageError(`the cache at ${shortPath(root)} is read-only`);
  return { store, server: attachServer(store, server, tokenPath, err) };
}
