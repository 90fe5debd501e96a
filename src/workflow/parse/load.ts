/** Reads a workflow file and its includes into layers, lowest precedence first. */
import { readProblem } from "../../disk/errors.ts";
import type { Place } from "../graph.ts";
import { dirname, isInside, resolve } from "../paths.ts";
import type { Problems } from "../problems.ts";
import type { Json } from "../step.ts";
import { DEEPEST, lineOf, parseToml, TomlError } from "./toml.ts";

export type Table = Readonly<Record<string, Json>>;

/** One file's content. */
export interface Layer {
  /** Absolute path. */
  file: string;
  folder: string;
  table: Table;
  /** Whether this is the workflow file itself, not an include. */
  main: boolean;
}

/**
 * Reads a file as UTF-8.
 *
 * @param within folders, one of which the file must be in, symbolic links followed; any without them
 */
export type ReadText = (path: string, within?: readonly string[]) => Promise<string>;

const mostFiles = 100;
/** Characters of a file. */
const longest = 2 ** 19;
/** Tables, lists and values of all files. */
const mostValues = 100_000;

export function isTable(value: Json | undefined): value is Table {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/**
 * The file and everything that it includes, each once, included files before
 * those that include them. Problems are reported; what can be read is returned.
 *
 * @param includeFrom folders that files are included from in addition to the workflow file's own
 */
export async function loadLayers(
  path: string,
  readText: ReadText,
  sources: Map<string, string>,
  problems: Problems,
  includeFrom: readonly string[] = [],
): Promise<Layer[]> {
  const layers: Layer[] = [];
  const loaded = new Set<string>();
  const project = dirname(resolve(path));
  const within = [project, ...includeFrom.map((folder) => resolve(folder))];
  const count = { values: 0 };

  async function load(file: string, chain: readonly string[], from?: Place): Promise<void> {
    if (chain.includes(file)) {
      const circle = [...chain.slice(chain.indexOf(file)), file];
      const folder = dirname(chain[0]);
      problems.add(
        `files include each other: ${circle.map((each) => shortPath(each, folder)).join(" -> ")}`,
        from,
      );
      return;
    }
    if (loaded.has(file)) return;
    loaded.add(file);
    if (loaded.size > mostFiles) problems.stop(`more than ${mostFiles} files are included`, from);
    if (from !== undefined && !within.some((folder) => isInside(folder, file))) {
      problems.add(
        `can't include ${file}: it is outside the workflow's folder`,
        from,
        `copy it there, or add --include-from ${dirname(file)}`,
      );
      return;
    }
    const text = await readFile(file, readText, from && within, problems, from);
    if (text === undefined) return;
    sources.set(file, text);
    const table = parseTable(file, text, isInside(project, file), count, problems);
    if (table === undefined) return;
    const folder = dirname(file);
    for (const [name, place] of includesOf(table, file, problems)) {
      await load(resolve(folder, name), [...chain, file], place);
    }
    layers.push({ file, folder, table, main: chain.length === 0 });
  }

  await load(resolve(path), []);
  return layers;
}

function shortPath(file: string, folder: string): string {
  return file.startsWith(folder + "/") ? file.slice(folder.length + 1) : file;
}

function includesOf(table: Table, file: string, problems: Problems): [string, Place][] {
  const include = table.include;
  if (include === undefined) return [];
  const found: [string, Place][] = [];
  const list = Array.isArray(include) ? include : [include];
  list.forEach((name, index) => {
    const keys = Array.isArray(include) ? ["include", index] : ["include"];
    if (typeof name === "string" && name !== "") found.push([name, { file, keys }]);
    else problems.add("include must be a path or a list of paths", { file, keys });
  });
  return found;
}

async function readFile(
  file: string,
  readText: ReadText,
  within: readonly string[] | undefined,
  problems: Problems,
  from: Place | undefined,
): Promise<string | undefined> {
  let text: string;
  try {
    text = await readText(file, within);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    problems.add(`can't read ${file}: ${readProblem(error)}`, from);
    return undefined;
  }
  if (text.length > longest) {
    problems.add(`${file} is longer than the ${longest} characters that are read`, from);
    return undefined;
  }
  return text.replace(/^\uFEFF/, "");
}

/** @param own whether the file is the project's; of others, errors show no content */
function parseTable(
  file: string,
  text: string,
  own: boolean,
  count: { values: number },
  problems: Problems,
): Table | undefined {
  let table: unknown;
  try {
    table = parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const { message, line, column, length } = error;
    if (!own) {
      const withoutContent = message.replace(/^(not valid TOML):.*/s, "$1");
      problems.addAt(withoutContent, { file, line, column: 1 });
      return undefined;
    }
    const excerpt = lineOf(text, line);
    const location = { file, line, column, length, excerpt };
    problems.addAt(message, location, escapeAdvice(message, excerpt));
    return undefined;
  }
  const json = toJson(table, { file, keys: [] }, count, problems);
  return isTable(json) ? json : undefined;
}

/** A path of Windows in "..." reads as escapes. */
function escapeAdvice(message: string, line: string): string | undefined {
  const isEscape = message.includes("escape") && /"[^"]*\\[^"]*/.test(line);
  return isEscape
    ? `\\ begins an escape in "..."; write a path with / or between '...'`
    : undefined;
}

/** TOML has inf and nan; a workflow has no use for them. */
function toJson(value: unknown, place: Place, count: { values: number }, problems: Problems): Json {
  if (++count.values > mostValues) {
    problems.stop(`a workflow has at most ${mostValues} values and tables`, { ...place, keys: [] });
  }
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    problems.add("inf and nan can't be used in a workflow", place);
    return 0;
  }
  if (place.keys.length > DEEPEST) {
    problems.add(`values can't be nested deeper than ${DEEPEST} levels`, place);
    return "";
  }
  const inside = (item: unknown, key: string | number): Json =>
    toJson(item, { file: place.file, keys: [...place.keys, key] }, count, problems);
  if (Array.isArray(value)) return value.map(inside);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inside(item, key)]));
  }
  problems.add("this value can't be used in a workflow", place);
  return "";
}
