/** Reads a workflow file and its includes into layers, lowest precedence first. */
import { parse } from "@std/toml";
import { readProblem } from "../../disk/errors.ts";
import type { Place } from "../graph.ts";
import { dirname, isInside, resolve } from "../paths.ts";
import type { Problems } from "../problems.ts";
import type { Json } from "../step.ts";

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
const longest = 2 ** 21;
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
    const table = await parseTable(file, text, isInside(project, file), count, problems);
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
async function parseTable(
  file: string,
  text: string,
  own: boolean,
  count: { values: number },
  problems: Problems,
): Promise<Table | undefined> {
  let table: unknown;
  try {
    table = parse(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (own) await reportSyntax(file, text, error, problems);
    else problems.addAt("not valid TOML", { file, line: numberIn(error.cause, "line"), column: 1 });
    return undefined;
  }
  const json = toJson(table, { file, keys: [] }, count, problems);
  return isTable(json) ? json : undefined;
}

async function reportSyntax(
  file: string,
  text: string,
  error: Error,
  problems: Problems,
): Promise<void> {
  const { lineOf, syntaxProblem } = await import("./positions.ts");
  const problem = syntaxProblem(file, text);
  if (problem) {
    const advice = /"[^"]*\\[^"]*/.test(problem.location.excerpt ?? "") &&
        problem.message.includes("escape")
      ? `\\ begins an escape in "..."; write a path with / or between '...'`
      : undefined;
    problems.addAt(`not valid TOML: ${problem.message}`, problem.location, advice);
    return;
  }
  // Only what this parser refuses and the other accepts, such as integers beyond 2^53.
  const { cause = error } = error;
  const line = numberIn(cause, "line");
  const column = numberIn(cause, "column");
  const message = error instanceof RangeError
    ? "it is nested too deeply"
    : error.message.split("\n")[0].replace(/^Invalid TOML document: /, "");
  const location = { file, line, column, excerpt: lineOf(text, line) };
  problems.addAt(`not valid TOML: ${lowerFirst(message)}`, location);
}

function numberIn(value: unknown, key: string): number {
  const found = Object.getOwnPropertyDescriptor(Object(value), key)?.value;
  return typeof found === "number" ? found : 1;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Of tables and lists inside each other. */
const deepest = 50;

/** TOML has dates, inf and nan; a workflow has no use for them. */
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
  if (place.keys.length > deepest) {
    problems.add(`values can't be nested deeper than ${deepest} levels`, place);
    return "";
  }
  const inside = (item: unknown, key: string | number): Json =>
    toJson(item, { file: place.file, keys: [...place.keys, key] }, count, problems);
  if (Array.isArray(value)) return value.map(inside);
  if (value instanceof Date) {
    problems.add("dates can't be used in a workflow", place, "write it in quotes");
    return "";
  }
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inside(item, key)]));
  }
  problems.add("this value can't be used in a workflow", place);
  return "";
}
