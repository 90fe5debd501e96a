/** The modules of steps of the user's own that a run was computed with. */
import { parse } from "@std/toml";
import { realPath } from "../../disk/read.ts";
import { DataError } from "../../errors.ts";
import type { RunRecord } from "../../engine/run/run_folder.ts";
import type { InstanceRecord } from "../../engine/store/record.ts";
import { isJsonObject } from "../../json.ts";
import { readModuleGraph } from "../../steps/user/module_graph.ts";
import { dirname, relative, resolve } from "../../workflow/paths.ts";

/**
 * Texts by path below the workflow's folder.
 *
 * @throws {DataError} when one lies outside it, or has changed since the run
 */
export function userModules(
  { workflow }: RunRecord,
  records: readonly InstanceRecord[],
): Map<string, string> {
  const codes = new Set(records.map(({ parts }) => parts.code));
  const texts = new Map<string, string>();
  for (const [file, text] of Object.entries(workflow.sources)) {
    for (const specifier of stepPaths(text)) {
      const entry = resolve(dirname(file), specifier);
      const { modules, digest } = readModuleGraph(entry);
      if (!codes.has(digest)) {
        throw new DataError(entry, "has changed since the run; run the workflow again");
      }
      for (const { url, text } of modules) {
        const path = relative(realPath(workflow.folder), decodeURIComponent(new URL(url).pathname));
        if (path.startsWith("..")) {
          throw new DataError(
            entry,
            `needs ${path} from outside the workflow's folder; copy it in`,
          );
        }
        texts.set(path, text);
      }
    }
  }
  return texts;
}

/** `./my_step.ts` of every `uses`. */
function stepPaths(toml: string): string[] {
  const { steps } = parse(toml) as Record<string, unknown>;
  if (!isJsonObject(steps)) return [];
  return Object.values(steps).flatMap((step) =>
    isJsonObject(step) && typeof step.uses === "string" && /^\.\.?\//.test(step.uses)
      ? [step.uses]
      : []
  );
}
