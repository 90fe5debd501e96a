/** A workflow file and its includes as they are being edited, valid or not. */
import { dirname, resolve } from "../workflow/paths.ts";
import type { ReadText } from "../workflow/read.ts";
import type { Json, StepKind } from "../workflow/step.ts";
import { type Entry, type Outline, outlineOf } from "./outline.ts";

export interface Source {
  /** Absolute. */
  path: string;
  outline: Outline;
}

/** A step as far as it is written. */
export interface WrittenStep {
  name: string;
  uses?: { kind: string; folder: string };
  /** Axes of its own matrix, or the name of the step whose matrix it shares. */
  matrix: readonly string[] | { of: string };
  /** Parameters that are texts, numbers, true or false. */
  params: Readonly<Record<string, Json>>;
}

/** The file itself comes first; includes that can't be read are left out. */
export async function readSources(path: string, readText: ReadText): Promise<Source[]> {
  const sources: Source[] = [];
  const project = [dirname(resolve(path))];
  const visit = async (file: string): Promise<void> => {
    if (sources.some((source) => source.path === file)) return;
    let text;
    try {
      text = await readText(file, sources.length === 0 ? undefined : project);
    } catch {
      return;
    }
    const outline = outlineOf(text);
    sources.push({ path: file, outline });
    for (const { keys, text } of outline.entries) {
      if (keys[0] === "include" && text) await visit(resolve(dirname(file), text.content));
    }
  };
  await visit(resolve(path));
  return sources;
}

/** The first entry at an address, with its file. */
export function findEntry(
  sources: readonly Source[],
  keys: readonly string[],
): { source: Source; entry: Entry } | undefined {
  for (const source of sources) {
    const entry = source.outline.entries.find((each) => isAt(each.keys, keys));
    if (entry) return { source, entry };
  }
}

export function isAt(keys: readonly string[], address: readonly string[]): boolean {
  return keys.length === address.length && keys.every((key, index) => key === address[index]);
}

/** Names below an address, each once. */
export function namesBelow(sources: readonly Source[], table: readonly string[]): string[] {
  const names = new Set<string>();
  for (const { outline } of sources) {
    for (const { keys } of outline.entries) {
      if (keys.length > table.length && isAt(keys.slice(0, table.length), table)) {
        if (keys[table.length] !== "") names.add(keys[table.length]);
      }
    }
  }
  return [...names];
}

export function writtenSteps(sources: readonly Source[]): Map<string, WrittenStep> {
  const names = namesBelow(sources, ["steps"]);
  return new Map(names.map((name) => [name, writtenStep(sources, name)]));
}

function writtenStep(sources: readonly Source[], name: string): WrittenStep {
  const at = (...keys: string[]) => findEntry(sources, ["steps", name, ...keys]);
  const uses = sources.map(({ path, outline }) => ({
    folder: dirname(path),
    kind: outline.entries.find(({ keys }) => isAt(keys, ["steps", name, "uses"]))?.text?.content,
  })).find(({ kind }) => kind !== undefined);
  const shared = at("matrix")?.entry.text?.content;
  const params: Record<string, Json> = Object.create(null);
  for (const parameter of namesBelow(sources, ["steps", name, "with"])) {
    const found = at("with", parameter);
    const value = found && scalarOf(found.source.outline, found.entry);
    if (value !== undefined) params[parameter] = value;
  }
  return {
    name,
    uses: uses?.kind === undefined ? undefined : { kind: uses.kind, folder: uses.folder },
    matrix: shared === undefined ? namesBelow(sources, ["steps", name, "matrix"]) : { of: shared },
    params,
  };
}

function scalarOf({ text }: Outline, entry: Entry): Json | undefined {
  if (entry.text) return entry.text.content.includes("${") ? undefined : entry.text.content;
  const written = entry.value && text.slice(entry.value.start, entry.value.end);
  if (written === "true" || written === "false") return written === "true";
  const number = written ? Number(written.replaceAll("_", "")) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** The step whose matrix a step has: its own, or that of the step that it names. */
export function matrixOwner(
  step: WrittenStep,
  steps: ReadonlyMap<string, WrittenStep>,
): WrittenStep | undefined {
  const seen = new Set<WrittenStep>();
  let owner: WrittenStep | undefined = step;
  while (owner && "of" in owner.matrix && !seen.has(owner)) {
    seen.add(owner);
    owner = steps.get(owner.matrix.of);
  }
  return owner;
}

export function axesOf(
  step: WrittenStep,
  steps: ReadonlyMap<string, WrittenStep>,
): readonly string[] {
  const matrix = matrixOwner(step, steps)?.matrix;
  return matrix === undefined || "of" in matrix ? [] : matrix;
}

/** Finds the declaration of what a step uses; undefined when there is none. */
export type FindKind = (uses: WrittenStep["uses"]) => Promise<StepKind | undefined>;
