/** The workflow and the store that a command is about, from its options. */
import { openStore, type Store } from "../engine/store/store.ts";
import { reading } from "../steps/engine_options.ts";
import type { Workflow } from "../workflow/graph.ts";
import { resolve } from "../workflow/paths.ts";
import { type Arguments, type OptionSpec, UsageError } from "./arguments.ts";

export const CACHE_OPTION: OptionSpec = {
  value: "DIR[,DIR]",
  help:
    "Cache folder; further folders are only read. Also GYRUS_CACHE. Default: .gyrus next to FILE",
};

/** Options of every command that reads a workflow file. */
export const WORKFLOW_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  set: {
    value: "ADDRESS=VALUE",
    many: true,
    help: "Override params.NAME or STEP.PARAMETER, such as params.n_splits=5",
  },
  sweep: {
    value: "STEP.PARAMETER=V,V",
    many: true,
    help: "Run a step for each of several values: adds a matrix axis",
  },
  "include-from": {
    value: "DIR",
    many: true,
    help: "Allow includes from DIR too, outside the workflow's folder",
  },
  profile: { value: "NAME", help: "Use [profile.NAME] of the file" },
  cache: CACHE_OPTION,
};

/** Options that choose instances. */
export const SELECTION_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  until: { value: "TARGET", many: true, help: "Everything up to and with TARGET" },
  from: { value: "TARGET", many: true, help: "TARGET and all that depends on it" },
  only: { value: "TARGET", many: true, help: "TARGET alone; what it needs must be cached" },
  force: { value: "TARGET", many: true, help: "Run TARGET even if it is cached" },
};

/**
 * @param texts receives every text that was read, by path
 * @throws {WorkflowError} with everything that is wrong with the file and the options
 */
export async function openWorkflow(
  args: Arguments,
  texts?: Map<string, string>,
): Promise<Workflow> {
  const { readUtf8, readWorkflow } = await import("../workflow/read.ts");
  return await readWorkflow(args.positionals[0], {
    ...reading,
    set: args.values("set"),
    sweep: args.values("sweep"),
    includeFrom: args.values("include-from"),
    profile: args.value("profile"),
    readText: async (path, within) => {
      const text = await readUtf8(path, within);
      texts?.set(path, text);
      return text;
    },
  });
}

/** The cache of a workflow; `.gyrus` of the current folder without one. */
export function openCache(args: Arguments, workflow?: Pick<Workflow, "folder" | "profile">): Store {
  const [root, ...lower] = cacheFolders(args, workflow);
  return openStore(root, { lower });
}

/**
 * Absolute paths; the first is written to.
 *
 * @throws {UsageError} when a name is empty
 */
export function cacheFolders(
  args: Arguments,
  workflow?: Pick<Workflow, "folder" | "profile">,
): string[] {
  const named = args.value("cache") ?? (Deno.env.get("GYRUS_CACHE") || undefined);
  const base = named === undefined && workflow ? workflow.folder : Deno.cwd();
  const folders = (named ?? workflow?.profile?.cache ?? ".gyrus").split(",")
    .map((folder) => folder.trim());
  if (folders.includes("")) {
    throw new UsageError(
      `the cache "${named}" has an empty name`,
      "name a folder, as in --cache DIR, or several, as in --cache DIR,DIR",
    );
  }
  return folders.map((folder) => resolve(base, folder));
}

export function selectionOf(args: Arguments) {
  return {
    targets: args.positionals.slice(1),
    until: args.values("until"),
    from: args.values("from"),
    only: args.values("only"),
    force: args.values("force"),
  };
}
