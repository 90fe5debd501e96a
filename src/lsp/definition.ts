/** Where that which is written at the cursor is defined. */
import { dirname, resolve } from "../workflow/paths.ts";
import { parseReference } from "../workflow/reference.ts";
import { type Editing, interpolationAt } from "./editing.ts";
import type { Span } from "./outline.ts";
import { isReference } from "./references.ts";
import { findEntry, matrixOwner } from "./workflow_sources.ts";

export interface Definition {
  /** Absolute path. */
  path: string;
  /** Absent: the file's beginning. */
  span?: Span;
}

/** Of a step in a reference, of a parameter in `${params.NAME}`, or of a named file. */
export function definition(
  { cursor, outline, offset, sources, step, steps }: Editing,
): Definition | undefined {
  if (cursor.at !== "value") return undefined;
  const variable = interpolationAt(outline.text, offset);
  const entryAt = (keys: readonly string[]): Definition | undefined => {
    const found = findEntry(sources, keys);
    return found && { path: found.source.path, span: found.entry.key };
  };
  if (variable) {
    const [table, name] = variable.name.split(".");
    if (table === "params") return entryAt(["params", name]);
    const owner = step && matrixOwner(step, steps);
    return owner && entryAt(["steps", owner.name, "matrix", name]);
  }
  const { keys, text } = cursor.entry;
  if (text === undefined) return undefined;
  const folder = dirname(sources[0].path);
  if (keys[0] === "include") return { path: resolve(folder, text.content) };
  if (keys[0] === "steps" && keys[2] === "uses") {
    return /^\.\.?\//.test(text.content) ? { path: resolve(folder, text.content) } : undefined;
  }
  if (!isReference(keys)) return undefined;
  const reference = parseReference(text.content);
  return "problem" in reference ? undefined : entryAt(["steps", reference.step]);
}
