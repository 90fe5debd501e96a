/**
 * The record of a run as it leaves this machine: paths are relative to the workflow's folder, and
 * messages, which may quote data, are left out.
 */
import { DataError } from "../../errors.ts";
import type { Json } from "../../workflow/step.ts";
import { artifactPathProblem } from "../store/manifest.ts";
import type { InstanceEntry, RunRecord } from "../run/run_folder.ts";

/** Folder of the workflow in a record that has left its machine. */
export const SHARED_FOLDER = "";

export function shareableRun(run: RunRecord): RunRecord {
  const { folder, file, sources, params } = run.workflow;
  const relative = (text: string) => relativePath(text, folder);
  const { request, publications, device } = run;
  return {
    version: 1,
    id: run.id,
    status: run.status,
    workflow: {
      ...run.workflow,
      file: relative(file),
      folder: SHARED_FOLDER,
      sources: Object.fromEntries(
        Object.entries(sources).map(([path, text]) => [relative(path), text]),
      ),
      params: withoutPaths(params, folder),
    },
    ...(request && { request: withoutPaths({ ...request, includeFrom: [] }, folder) }),
    instances: run.instances.map((entry) => shareableEntry(entry, folder)),
    publications,
    started: run.started,
    ...(run.finished !== undefined && { finished: run.finished }),
    ...(run.seconds !== undefined && { seconds: run.seconds }),
    ...(device !== undefined && { device }),
    versions: run.versions,
  };
}

function shareableEntry(entry: InstanceEntry, folder: string): InstanceEntry {
  const { message: _, logPath: __, from: ___, ...rest } = entry;
  return { ...rest, params: withoutPaths(rest.params, folder), reasons: [] };
}

/**
 * Puts the record of a run that comes from elsewhere into a folder of this machine.
 *
 * @throws {DataError} when a path of it would leave the folder
 */
export function placeRun(run: RunRecord, folder: string): RunRecord {
  const place = (path: string) => {
    const problem = path.startsWith("/")
      ? artifactPathProblem(path.slice(1))
      : "has no slash first";
    if (problem === undefined) return `${folder}${path}`;
    throw new DataError(`run ${run.id}`, `its path ${JSON.stringify(path)} ${problem}`);
  };
  const { file, sources } = run.workflow;
  return {
    ...run,
    workflow: {
      ...run.workflow,
      file: place(file),
      folder,
      sources: Object.fromEntries(
        Object.entries(sources).map(([path, text]) => [place(path), text]),
      ),
    },
  };
}

/** Absolute paths of the workflow's folder become relative to it; of others the last part stays. */
function withoutPaths<T>(value: T, folder: string): T {
  if (typeof value === "string") return withoutPath(value, folder) as T;
  if (Array.isArray(value)) return value.map((item) => withoutPaths(item, folder)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as Record<string, Json>)
      .map(([name, item]) => [name, withoutPaths(item, folder)]),
  ) as T;
}

/** Of `step.parameter=/a/b` the part after the sign. */
function withoutPath(text: string, folder: string): string {
  const [, address = "", value] = /^([\w.-]+=)?(.*)$/s.exec(text)!;
  return isAbsolute(value) ? address + relativePath(value, folder).slice(1) : text;
}

function isAbsolute(text: string): boolean {
  return /^(\/|[A-Za-z]:[\\/]|~\/)/.test(text);
}

/** `/a/b` of the folder; `/elsewhere/b` of another. */
function relativePath(path: string, folder: string): string {
  if (path.startsWith(`${folder}/`)) return path.slice(folder.length);
  return `/elsewhere/${path.split(/[\\/]/).at(-1)}`;
}
