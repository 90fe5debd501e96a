/** The reader: a workflow file in, a checked and expanded workflow out. */
import { readFile, realPath, statOf } from "../disk/read.ts";
import { declareSteps, type KnownKinds, type ResolveKind } from "./declare/declare.ts";
import { type Document, joinLayers } from "./parse/document.ts";
import { expandSteps } from "./expand/expand.ts";
import type { Instance, Profile, Search, Workflow } from "./graph.ts";
import { checkAxes } from "./declare/idle_axes.ts";
import { isTable, loadLayers, type ReadText } from "./parse/load.ts";
import { maximumInstances } from "./declare/matrix.ts";
import { orderSteps } from "./declare/order.ts";
import { applyOverrides, parseOverrides } from "./parse/overrides.ts";
import { basename, dirname, isInside, resolve } from "./paths.ts";
import { Problems, ReadingStopped } from "./problems.ts";
import { chooseProfile } from "./parse/profile.ts";
import { readSearches } from "./expand/searches.ts";
import { expandPublications } from "./expand/publish.ts";
import type { Json } from "./step.ts";
import { parseTemplate, type Scope, wholeParam } from "./declare/template.ts";

export type { ReadText } from "./parse/load.ts";
export type { ResolveKind } from "./declare/declare.ts";

export interface ReadOptions {
  /** The step kinds that `uses` can name. */
  kinds: KnownKinds;
  /** Loads a user's own step; without it `uses = "./x.ts"` is an error. */
  resolveKind?: ResolveKind;
  /** Artifact types that are published as one file; none when absent. */
  fileTypes?: ReadonlySet<string>;
  /** Arguments of `--set`: `params.x=1` or `step.parameter=1`. */
  set?: readonly string[];
  /** Arguments of `--sweep`: `step.parameter=1,2`. */
  sweep?: readonly string[];
  /** Name of a `[profile.NAME]`. */
  profile?: string;
  /** Folders that files are included from in addition to the workflow file's own. */
  includeFrom?: readonly string[];
  /** From the disk when absent. */
  readText?: ReadText;
  /**
   * Why a search of the file can't be run, if it can't: the key of its table, or the address in its space,
   * and the problem.
   */
  checkSearch?: (
    search: Search,
    instances: readonly Instance[],
  ) => Promise<
    { key: string; address?: string; message: string; suggestion?: string } | undefined
  >;
}

/** @throws {WorkflowError} with every problem of the file and the options */
export async function readWorkflow(path: string, options: ReadOptions): Promise<Workflow> {
  return (await readWithRenames(path, options)).workflow;
}

/** As {@link readWorkflow}, with the publish paths that a sweep has extended, for `--save-as`. */
export async function readWithRenames(
  path: string,
  options: ReadOptions,
): Promise<{ workflow: Workflow; renamed: ReadonlyMap<string, string> }> {
  const file = resolve(path);
  const sources = new Map<string, string>();
  const problems = new Problems(dirname(file));
  try {
    return await expandFile(file, options, sources, problems);
  } catch (error) {
    if (error instanceof ReadingStopped) await problems.throwIfAny(sources);
    throw error;
  }
}

async function expandFile(
  file: string,
  options: ReadOptions,
  sources: Map<string, string>,
  problems: Problems,
): Promise<{ workflow: Workflow; renamed: ReadonlyMap<string, string> }> {
  const folder = dirname(file);
  const readText = options.readText ?? readUtf8;
  const layers = await loadLayers(file, readText, sources, problems, options.includeFrom);
  await problems.throwIfAny(sources);

  const document = joinLayers(layers, problems);
  const overrides = parseOverrides(options.set ?? [], options.sweep ?? [], problems);
  const swept = applyOverrides(document, overrides, problems);
  const profile = chooseProfile(document, options.profile, problems);
  const scope: Scope = { params: resolveParams(document, problems) };
  const { kinds, resolveKind } = options;
  const declarations = await declareSteps(document, scope, kinds, resolveKind, problems);
  let total = 0;
  for (const { matrix } of declarations.values()) total += matrix.points.length;
  if (total > maximumInstances) {
    problems.add(`the workflow has ${total} instances; at most ${maximumInstances} are allowed`);
    await problems.throwIfAny(sources);
  }
  const names = new Set(document.steps.keys());
  checkAxes(document, declarations, swept, problems);
  const ordered = orderSteps(declarations, problems);
  const steps = await expandSteps(ordered, names, { folder, readText, problems });
  const { publications, reports, renamed } = expandPublications(
    document,
    steps,
    names,
    scope,
    {
      file,
      folder,
      sources: describeSources(sources, document),
      instances: [...steps.values()].flatMap((step) => step.instances),
    },
    swept,
    options.fileTypes ?? new Set(),
    problems,
  );
  const searches = await readSearches(document, steps, { folder, readText, problems });
  if (document.steps.size === 0 && layers.every(({ table }) => isTable(table.steps ?? {}))) {
    problems.add("the workflow has no steps", { file, keys: [] }, "write [steps.NAME]");
  }
  await problems.throwIfAny(sources);
  const instances = [...steps.values()].flatMap((step) => step.instances);
  for (const search of searches) {
    const problem = await options.checkSearch?.(search, instances);
    if (!problem) continue;
    const table = document.searches.get(search.name);
    const located = problem.address === undefined
      ? table?.keys.get(problem.key)
      : table?.space.get(problem.address);
    const place = located?.place;
    problems.add(problem.message, place ?? search.place, problem.suggestion);
  }
  await problems.throwIfAny(sources);

  const workflow: Workflow = {
    name: document.name ?? basename(file).replace(/\.toml$/, ""),
    description: document.description,
    file,
    folder,
    sources,
    params: Object.fromEntries([...scope.params].map(([name, value]) => [name, value ?? null])),
    steps: [...steps.values()].flatMap(({ name, kind, description, axes, instances, place }) =>
      kind === undefined ? [] : [{ name, kind, description, axes, instances, place }]
    ),
    instances,
    publications,
    reports,
    profile,
    ...(searches.length > 0 && { searches }),
    locate: async (place) => (await import("./parse/positions.ts")).locatePlace(sources, place),
  };
  return { workflow, renamed };
}

/** The included files and the modules of the user's steps, with what each is. */
function describeSources(
  sources: ReadonlyMap<string, string>,
  document: Document,
): Map<string, string> {
  const found = new Map([...sources.keys()].map((path) => [path, "a file of the workflow"]));
  for (const { name, uses } of document.steps.values()) {
    if (typeof uses?.value !== "string" || !uses.value.startsWith(".")) continue;
    found.set(resolve(uses.folder, uses.value), `the module of step ${name}`);
  }
  return found;
}

/**
 * A profile of a workflow file, without a look at its steps.
 *
 * @throws {WorkflowError} when the file has no such profile or can't be read
 */
export async function readProfile(path: string, name: string): Promise<Profile | undefined> {
  const problems = new Problems();
  const sources = new Map<string, string>();
  const layers = await loadLayers(resolve(path), readUtf8, sources, problems);
  await problems.throwIfAny(sources);
  const profile = chooseProfile(joinLayers(layers, problems), name, problems);
  await problems.throwIfAny(sources);
  return profile;
}

/** Bytes of a file that describes a workflow or a step's parameters. */
const longestFile = 2 ** 24;

/**
 * A file's text.
 *
 * @param within folders, one of which the file must be in, symbolic links followed
 * @throws {Error} when it can't be read, is no regular file, is outside the folders, is larger than 16 MiB
 *   or is not UTF-8
 */
export async function readUtf8(path: string, within?: readonly string[]): Promise<string> {
  if (within !== undefined) {
    const real = realPath(path);
    if (!within.some((folder) => isInside(realPath(folder), real))) {
      throw new Error(`it leads to ${real}, outside the workflow's folder; see --include-from`);
    }
  }
  const { size } = statOf(path);
  if (size > longestFile) throw new Error(`it has ${size} bytes; at most ${longestFile} are read`);
  const bytes = await readFile(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new Error("it is not UTF-8 text", { cause: error });
    throw error;
  }
}

/** Values of `[params]`; they may refer to each other. */
function resolveParams(document: Document, problems: Problems): Map<string, Json | undefined> {
  const values = new Map<string, Json | undefined>();
  for (const name of document.params.keys()) values.set(name, undefined);
  const done = new Set<string>();
  /** References to references beyond this are a slip, and would need a stack as deep. */
  const longestChain = 100;
  const resolveOne = (name: string, chain: readonly string[]): void => {
    const setting = document.params.get(name);
    if (setting === undefined || done.has(name)) return;
    if (chain.includes(name)) {
      const circle = [...chain.slice(chain.indexOf(name)), name].join(" -> ");
      problems.add(`params refer to each other: ${circle}`, setting.place);
      done.add(name);
      return;
    }
    if (chain.length > longestChain) {
      problems.stop(`more than ${longestChain} params refer to each other in a row`, setting.place);
    }
    for (const other of referredParams(setting.value)) resolveOne(other, [...chain, name]);
    if (done.has(name)) return;
    done.add(name);
    values.set(
      name,
      parseTemplate(setting.value, { params: values }, setting.place, problems).evaluate({}),
    );
  };
  for (const name of document.params.keys()) resolveOne(name, []);
  return values;
}

function referredParams(value: Json): string[] {
  if (typeof value === "string") {
    const name = wholeParam(value);
    if (name !== undefined) return [name];
    return [...value.matchAll(/\$\{\s*params\.([^{}]*?)\s*\}/g)].map((match) => match[1]);
  }
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(referredParams);
}
