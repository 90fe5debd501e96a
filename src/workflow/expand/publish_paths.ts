/** Which paths `[publish]` may name: visible ones inside the project folder that nothing reads. */
import type { Instance, Publication } from "../graph.ts";
import { foldersOf } from "../nested_paths.ts";
import { basename, relative } from "../paths.ts";
import type { Problems } from "../problems.ts";
import type { Json } from "../step.ts";

/** The workflow that publishes. */
export interface PublishingProject {
  /** Absolute paths of the workflow file and its folder. */
  file: string;
  folder: string;
  /** Every file that the workflow was read from: absolute path, and what it is. */
  sources: ReadonlyMap<string, string>;
  instances: readonly Instance[];
}

/** Reports paths that can't be published to; the others are then without `.` and empty names. */
export function checkPublishedPaths(
  publications: readonly Publication[],
  project: PublishingProject,
  problems: Problems,
): void {
  const sources = sourcesOf(project);
  const read = readPathsOf(project);
  const taken = new Map<string, Publication>();
  for (const publication of publications) {
    const { path, isFile, place } = publication;
    const tidied = tidy(path);
    const problem = problemOf(path) ?? sources.get(tidied) ?? (isFile && read.get(tidied));
    if (problem) {
      problems.add(`"${path}" can't be published to: ${problem}`, place);
      continue;
    }
    publication.path = tidied;
    const other = taken.get(tidied);
    if (other) {
      problems.add(
        `"${tidied}" is published twice: ${outputText(other)} and ${outputText(publication)}`,
        place,
      );
    } else {
      taken.set(tidied, publication);
    }
  }
  for (const [path, { place }] of taken) {
    for (const outer of foldersOf(path)) {
      if (!taken.has(outer)) continue;
      problems.add(`"${path}" is inside "${outer}", which is published too`, place);
    }
  }
}

function outputText({ binding: { instance, output } }: Publication): string {
  return `${instance}.${output}`;
}

/** Files that the workflow consists of, relative to its folder, with what is wrong with each. */
function sourcesOf({ file, folder, sources }: PublishingProject): Map<string, string> {
  const found = new Map<string, string>();
  for (const [path, what] of sources) found.set(relative(folder, path), `it is ${what}`);
  found.set(relative(folder, file), "it is the workflow file itself");
  found.set(`${basename(file).replace(/\.toml$/, "")}.lock.json`, "it is the lock file");
  return found;
}

/** Paths that steps read, relative to the project folder, with what is wrong with each. */
function readPathsOf({ folder, instances }: PublishingProject): Map<string, string> {
  const found = new Map<string, string>();
  const add = (value: Json | undefined, step: string): void => {
    if (typeof value === "string") found.set(relative(folder, value), `step ${step} reads it`);
    else if (Array.isArray(value)) { for (const item of value) add(item, step); }
  };
  for (const { step, kind, params } of instances) {
    for (const name of kind.pathParameters) add(params[name], step);
  }
  return found;
}

function problemOf(path: string): string | undefined {
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path) || path.startsWith("~")) {
    return "write a path relative to the workflow file's folder";
  }
  if (path.includes("\\")) return "use / between folders";
  if (/\p{Cc}/u.test(path)) return "it has a control character";
  const parts = path.split("/");
  if (parts.includes("..")) return "it is outside the folder of the workflow file";
  const tidied = tidy(path);
  if (tidied === "") return "it names nothing";
  const hidden = tidied.split("/").find((part) => part.startsWith("."));
  if (hidden !== undefined) return `"${hidden}" is hidden; choose a name without a leading dot`;
}

function tidy(path: string): string {
  return path.split("/").filter((part) => part !== "" && part !== ".").join("/");
}
