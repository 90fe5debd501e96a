/** A workflow file under the cursor: what it refers to and the kinds of its steps. */
import type { StepKind } from "../workflow/step.ts";
import type { ReadText, ResolveKind } from "../workflow/read.ts";
import { type Cursor, cursorAt, type Outline } from "./outline.ts";
import {
  type FindKind,
  readSources,
  type Source,
  type WrittenStep,
  writtenSteps,
} from "./workflow_sources.ts";

/** How step kinds are found. */
export interface Kinds {
  /** Names of Gyrus's own. */
  names: readonly string[];
  load(name: string): Promise<StepKind | undefined>;
  /** Of a user's own step. */
  resolve: ResolveKind;
}

export interface Editing {
  outline: Outline;
  offset: number;
  cursor: Cursor;
  /** The file itself comes first. */
  sources: readonly Source[];
  steps: ReadonlyMap<string, WrittenStep>;
  /** The step that contains the cursor. */
  step?: WrittenStep;
  /** What that step uses. */
  kind?: StepKind;
  kinds: Kinds;
  findKind: FindKind;
}

/** Undefined where nothing can be written, such as in a comment. */
export async function editingAt(
  path: string,
  offset: number,
  readText: ReadText,
  kinds: Kinds,
): Promise<Editing | undefined> {
  const sources = await readSources(path, readText);
  const outline = sources[0]?.outline;
  const cursor = outline && cursorAt(outline, offset);
  if (cursor === undefined) return undefined;
  const steps = writtenSteps(sources);
  const findKind = kindFinder(kinds);
  const address = cursor.at === "key" ? cursor.entry?.keys ?? cursor.table : cursor.entry.keys;
  const step = address[0] === "steps" ? steps.get(address[1]) : undefined;
  const kind = await findKind(step?.uses);
  return { outline, offset, cursor, sources, steps, step, kind, kinds, findKind };
}

/** A step whose declaration can't be loaded has no kind; the check reports why. */
function kindFinder(kinds: Kinds): FindKind {
  const found = new Map<string, Promise<StepKind | undefined>>();
  return async (uses) => {
    if (uses === undefined) return undefined;
    const own = /^\.\.?\//.test(uses.kind);
    const name = own ? `${uses.folder}/${uses.kind}` : uses.kind;
    let kind = found.get(name);
    if (kind === undefined) {
      kind = own ? kinds.resolve(uses.kind, uses.folder) : kinds.load(uses.kind);
      found.set(name, kind);
    }
    return await kind.catch(() => undefined);
  };
}

/** An interpolation `${...}` around an offset, from behind its `${` to before its `}`. */
export function interpolationAt(
  text: string,
  offset: number,
): { start: number; end: number; name: string } | undefined {
  const line = text.lastIndexOf("\n", offset - 1) + 1;
  const before = text.slice(line, offset);
  const open = before.lastIndexOf("${");
  if (open < 0 || before.slice(open).includes("}")) return undefined;
  const start = line + open + 2;
  const end = start + (/^[^}"'\s]*/.exec(text.slice(start))?.[0].length ?? 0);
  return offset > end ? undefined : { start, end, name: text.slice(start, end) };
}
