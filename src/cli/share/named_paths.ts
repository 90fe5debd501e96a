/** Paths of this machine that the text of a workflow names, which leave with it. */
import type { RunRecord } from "../../engine/run/run_folder.ts";
import type { Output } from "../terminal.ts";

const PATH = /["']((?:\/|[A-Za-z]:[\\/]|~\/)[^"'\n]+)["']/g;

export function warnOfNamedPaths({ workflow }: Pick<RunRecord, "workflow">, err: Output): void {
  const text = Object.values(workflow.sources).join("\n").replaceAll(/^\s*#.*$/gm, "");
  for (const path of new Set([...text.matchAll(PATH)].map(([, path]) => path))) {
    const warning = err.paint("warning", "yellow");
    err.line(`${warning}: the workflow's text names ${path}, which leaves with it`);
  }
}
