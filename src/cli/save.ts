/** `--save-as` and the lock file: what a run writes next to the workflow file. */
import { exists, readTextIfPresent } from "../disk/read.ts";
import { replaceFile, writeNewFile } from "../disk/write.ts";
import {
  decodeLock,
  encodeLock,
  findDrift,
  type LockFile,
  lockOf,
} from "../engine/plan/lock_file.ts";
import type { Plan } from "../engine/plan/plan.ts";
import { reading } from "../steps/engine_options.ts";
import type { Workflow } from "../workflow/graph.ts";
import { basename, dirname, resolve } from "../workflow/paths.ts";
import { type Arguments, type OptionSpec, UsageError } from "./arguments.ts";
import { shortPath } from "./failure.ts";

export const SAVE_OPTION: OptionSpec = {
  value: "FILE",
  help: "Write the workflow with the values of --set and --sweep, next to FILE",
};

/**
 * Writes the workflow file that means the same as this one with `--set` and `--sweep`.
 *
 * @returns its path relative to the current folder; undefined without `--save-as`
 * @throws {UsageError} when it would overwrite a file or is outside the workflow's folder
 */
export async function saveWorkflow(
  args: Arguments,
  workflow: Workflow,
): Promise<string | undefined> {
  const name = args.value("save-as");
  if (name === undefined) return undefined;
  return await writeWith(args, workflow, newFile(name, workflow), args.values("set"));
}

/**
 * The path that `--save-as` names.
 *
 * @throws {UsageError} when it is outside the workflow's folder or exists
 */
export function newFile(name: string, workflow: Workflow): string {
  const path = resolve(name);
  if (dirname(path) !== workflow.folder) {
    throw new UsageError(
      `--save-as ${name} is outside the workflow's folder, where its paths would mean other files`,
      `write --save-as ${shortPath(`${workflow.folder}/${basename(name)}`)}`,
    );
  }
  if (exists(path)) throw existsAlready(path);
  return path;
}

/**
 * Writes the workflow with values at a path that {@link newFile} has checked.
 *
 * @param set arguments of `--set`
 * @returns the path relative to the current folder
 */
export async function writeWith(
  args: Arguments,
  workflow: Workflow,
  path: string,
  set: readonly string[],
): Promise<string> {
  const { workflowTextWith } = await import("../workflow/describe/save_as.ts");
  const text = await workflowTextWith(workflow.file, {
    ...reading,
    set,
    sweep: args.values("sweep"),
    includeFrom: args.values("include-from"),
    profile: args.value("profile"),
  });
  if (!await writeNewFile(path, text)) throw existsAlready(path);
  return shortPath(path);
}

function existsAlready(path: string): UsageError {
  return new UsageError(`${shortPath(path)} exists already`, "give --save-as another name");
}

/** `workflow.lock.json` next to `workflow.toml`. */
export function lockPath(workflow: Pick<Workflow, "file" | "folder">): string {
  return `${workflow.folder}/${basename(workflow.file).replace(/\.toml$/, "")}.lock.json`;
}

/**
 * The lock file of a workflow, undefined when there is none.
 *
 * @throws {UsageError} when there is another file in its place, which is not overwritten
 */
export function readLock(workflow: Workflow): LockFile | undefined {
  const path = lockPath(workflow);
  const text = readTextIfPresent(path);
  if (text === undefined) return undefined;
  const lock = decodeLock(text);
  if (lock !== undefined) return lock;
  throw new UsageError(
    `${shortPath(path)} is damaged, or no lock file that Gyrus wrote`,
    `move it away, or rename ${basename(workflow.file)}`,
  );
}

/**
 * Writes the digests that a plan depends on, by rename, if they have changed. Those of instances that
 * the plan is not about remain. See {@link readLock}.
 */
export async function writeLock(plan: Plan): Promise<void> {
  const path = lockPath(plan.workflow);
  const written = readLock(plan.workflow);
  const text = encodeLock(lockOf(plan, plan.counts.unwanted > 0 ? written : undefined));
  if (written !== undefined && encodeLock(written) === text) return;
  await replaceFile(path, text, true);
}

/**
 * What has drifted since the lock file was written, a line each.
 *
 * @throws {UsageError} when there is no lock file
 */
export function lockDrift(plan: Plan): string[] {
  const lock = readLock(plan.workflow);
  if (lock !== undefined) return findDrift(lock, plan);
  throw new UsageError(
    `--frozen needs ${shortPath(lockPath(plan.workflow))}, and there is none`,
    "run once without --frozen to write it",
  );
}
