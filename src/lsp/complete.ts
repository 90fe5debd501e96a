/** What can be written at the cursor. */
import { toml } from "../workflow/describe/toml_text.ts";
import type { Json } from "../workflow/step.ts";
import { type Editing, interpolationAt } from "./editing.ts";
import { type KeyHelp, keyHelp, keysOf } from "./keys.ts";
import { axesOf, isAt, namesBelow } from "./workflow_sources.ts";
import type { Span } from "./outline.ts";
import { candidates, isReference, portAt } from "./references.ts";

export interface Completion {
  label: string;
  kind: "key" | "value" | "reference" | "step kind" | "variable";
  /** One line. */
  detail?: string;
  description?: string;
  /** Replaces `span`. */
  insert: string;
  span: Span;
}

export async function complete(editing: Editing): Promise<Completion[]> {
  const { outline, offset, cursor } = editing;
  if (cursor.at === "value") {
    const inside = interpolationAt(outline.text, offset);
    return inside ? variables(editing, inside) : await values(editing);
  }
  return keys(editing);
}

function keys({ outline, offset, cursor, kind }: Editing): Completion[] {
  if (cursor.at !== "key") return [];
  const { text, entries } = outline;
  const span = cursor.entry?.key ?? { start: offset, end: offset };
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  const finished = /^\s*\[/.test(line) || /^[ \t]*[=.]/.test(text.slice(span.end));
  const written = entries.filter((entry) => entry.key !== cursor.entry?.key);
  return keysOf(cursor.table, kind)
    .filter(({ name, isTable }) =>
      isTable || !written.some((entry) => isAt(entry.keys, [...cursor.table, name]))
    )
    .map((help) => ({
      label: help.name,
      kind: "key",
      detail: detailOf(help),
      description: help.description,
      insert: finished ? help.name : help.isTable ? `${help.name}.` : `${help.name} = `,
      span,
    }));
}

export function detailOf({ type, value }: KeyHelp): string {
  if (value === undefined) return type;
  return `${type}, ${value === "required" || value === "optional" ? value : `default ${value}`}`;
}

async function values(editing: Editing): Promise<Completion[]> {
  const { outline, offset, cursor, kind, kinds, steps, step, findKind } = editing;
  if (cursor.at !== "value") return [];
  const { keys, value, text } = cursor.entry;
  // Between quotes a text is replaced, without them the quotes come along.
  const blank = outline.text.slice(value.start, value.end).trim() === "";
  const span = text?.span ?? (blank ? { start: offset, end: offset } : value);
  const insert = (content: Json) => typeof content === "string" && text ? content : toml(content);
  if (keys[0] === "steps" && keys.length === 3 && keys[2] === "uses") {
    return await Promise.all(kinds.names.map(async (name) => ({
      label: name,
      kind: "step kind" as const,
      description: (await kinds.load(name))?.summary,
      insert: insert(name),
      span,
    })));
  }
  if (isReference(keys)) {
    const named = (name: string): Completion => ({
      label: name,
      kind: "reference",
      detail: steps.get(name)?.uses?.kind,
      insert: insert(name),
      span,
    });
    const others = [...steps.keys()].filter((name) => name !== step?.name);
    if (keys[2] === "needs") return others.map(named);
    if (keys[2] === "matrix") {
      return others.filter((name) =>
        namesBelow(editing.sources, ["steps", name, "matrix"]).length > 0
      )
        .map(named);
    }
    const port = portAt(keys, kind);
    if (keys[0] === "steps" && port === undefined) return [];
    return (await candidates(steps, step, port, findKind)).map((candidate) => ({
      label: candidate.reference,
      kind: "reference",
      detail: candidate.type,
      description: candidate.description,
      insert: insert(candidate.reference),
      span,
    }));
  }
  return (keyHelp(keys, kind)?.values ?? []).map((each) => ({
    label: typeof each === "string" ? each : toml(each),
    kind: "value",
    insert: insert(each),
    span,
  }));
}

/** Names of `${...}`. */
function variables(
  { sources, step, steps }: Editing,
  span: Span,
): Completion[] {
  const params = namesBelow(sources, ["params"]).map((name) => `params.${name}`);
  const axes = step === undefined ? allAxes(steps) : axesOf(step, steps);
  return [...params, ...axes.map((axis) => `matrix.${axis}`)].map((name) => ({
    label: name,
    kind: "variable",
    insert: name,
    span: { start: span.start, end: span.end },
  }));
}

function allAxes(steps: Editing["steps"]): string[] {
  return [...new Set([...steps.values()].flatMap((step) => axesOf(step, steps)))];
}
