/** All that somebody needs to do it again. */
import config from "../../deno.json" with { type: "json" };
import { readTextIfPresent } from "../disk/read.ts";
import type { RunRecord } from "../engine/run/run_folder.ts";
import { shellWord } from "../workflow/shell_word.ts";
import type { ReproduceData } from "./data.ts";

export function describeReproduction(run: RunRecord): ReproduceData {
  const { workflow } = run;
  const path = `${workflow.file.replace(/\.toml$/, "")}.lock.json`;
  return {
    command: commandOf(run),
    sources: Object.entries(workflow.sources).map(([path, text]) => ({
      name: path.startsWith(`${workflow.folder}/`)
        ? path.slice(workflow.folder.length + 1)
        : baseName(path),
      text,
    })),
    lock: lockFile(path),
    versions: { gyrus: config.version, ...run.versions },
    device: run.device ?? null,
  };
}

function commandOf({ workflow, request }: RunRecord): string {
  const file = baseName(workflow.file);
  const words = request?.search === undefined
    ? ["gyrus", "run", file, ...request?.targets ?? []]
    : ["gyrus", "search", file, request.search];
  for (const value of request?.set ?? []) words.push("--set", value);
  for (const value of request?.sweep ?? []) words.push("--sweep", value);
  for (const folder of request?.includeFrom ?? []) words.push("--include-from", folder);
  if (request?.profile !== undefined) words.push("--profile", request.profile);
  return words.map(shellWord).join(" ");
}

function lockFile(path: string): ReproduceData["lock"] {
  const text = readTextIfPresent(path);
  return text === undefined ? null : { name: baseName(path), text };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
