/** The workflow and the store that a command is about, from its options. */
import { listFolder } from "../disk/folders.ts";
import { statOf } from "../disk/read.ts";
import { isStore, openStore, openStoreForReading, type Store } from "../engine/store/store.ts";
import { reading } from "../steps/engine_options.ts";
import type { Workflow } from "../workflow/graph.ts";
import { dirname, resolve } from "../workflow/paths.ts";
import { isAddress, parseAddress, type ServerAddress } from "../engine/store/remote/address.ts";
import { type Arguments, type ArgumentSpec, type OptionSpec, UsageError } from "./arguments.ts";
import { shortPath } from "./failure.ts";
import { commandLine } from "./hint.ts";
import type { Output } from "./terminal.ts";

export const CACHE_OPTION: OptionSpec = {
  value: "DIR[,DIR][,URL]",
  help:
    "Cache folder; further folders, and then a server, are only read. Also GYRUS_CACHE. Default: .gyrus " +
    "next to FILE",
};

/** Of commands that may use a cache on a server. */
export const TOKEN_OPTION: OptionSpec = {
  value: "FILE",
  help: "File with the token for the server of the cache; also GYRUS_CACHE_TOKEN",
};

/** The workflow whose cache a command looks into. */
export const FILE_ARGUMENT: ArgumentSpec = {
  name: "FILE",
  help: "Workflow file, for its cache and its runs; default: .gyrus here, or in the only folder " +
    "here that has one",
  optional: true,
};

/** Options of every command that looks into a cache. */
export const CACHE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  cache: CACHE_OPTION,
  profile: { value: "NAME", help: "The cache is that of [profile.NAME] in FILE" },
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
  "cache-token": TOKEN_OPTION,
};

/** Those of a search, whose space names the values of its trials. */
export const SEARCH_OPTIONS = withoutSweep(WORKFLOW_OPTIONS);

function withoutSweep(options: Readonly<Record<string, OptionSpec>>) {
  const { sweep: _, ...others } = options;
  return others;
}

/** Options that choose instances. */
export const SELECTION_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  until: { value: "TARGET", many: true, help: "Everything up to and with TARGET" },
  from: { value: "TARGET", many: true, help: "TARGET and all that depends on it" },
  only: { value: "TARGET", many: true, help: "TARGET alone; what it needs must be cached" },
  force: {
    value: "TARGET",
    many: true,
    help: "Run TARGET from its beginning, even if it is cached",
  },
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

/** What of a workflow decides where its cache is. */
type CacheOwner = Pick<Workflow, "folder" | "profile">;

/**
 * The cache of a workflow that may run; made where it is missing. Where a server is named, the store
 * reads from it too.
 *
 * @param err where problems of the server are reported that stop nothing
 */
export async function openCache(
  args: Arguments,
  workflow: CacheOwner,
  err: Output,
): Promise<Store> {
  const { folders: [root, ...lower], server } = cacheTiers(args, workflow);
  const store = openStore(root, { lower });
  if (server && store.writable) {
    const { attachServer } = await import("./share/server.ts");
    attachServer(store, server, tokenPath(args, workflow), err);
  }
  return store;
}

/** Where results are looked for. */
export interface CacheTiers {
  folders: string[];
  server?: ServerAddress;
}

/** The file that holds the token, by an option, the environment or a profile. */
export function tokenPath(args: Arguments, { folder, profile }: CacheOwner): string | undefined {
  const named = args.value("cache-token") ?? (Deno.env.get("GYRUS_CACHE_TOKEN") || undefined);
  if (named !== undefined) return resolve(named);
  return profile?.cache_token === undefined ? undefined : resolve(folder, profile.cache_token);
}

/** As {@link cacheTiers}, the folders alone. */
export function cacheFolders(args: Arguments, workflow: CacheOwner): string[] {
  return cacheTiers(args, workflow).folders;
}

/**
 * Absolute paths, of which the first is written to, and the server that is asked after them.
 *
 * @throws {UsageError} when a name is empty, or the order could be meant otherwise
 */
export function cacheTiers(args: Arguments, workflow: CacheOwner): CacheTiers {
  const named = namedCache(args);
  const base = named === undefined ? workflow.folder : Deno.cwd();
  const text = named ?? workflow.profile?.cache ?? ".gyrus";
  const tiers = text.split(",").map((tier) => tier.trim());
  if (tiers.includes("")) {
    throw new UsageError(
      `the cache "${text}" has an empty name`,
      "name a folder, as in --cache DIR, or several, as in --cache DIR,DIR",
    );
  }
  const count = tiers.findIndex(isAddress);
  const folders = (count < 0 ? tiers : tiers.slice(0, count)).map((tier) => resolve(base, tier));
  if (count < 0) return { folders };
  if (count === 0 || count < tiers.length - 1) {
    throw new UsageError(
      `the cache "${text}" does not name its folders first and then one server`,
      `the first folder is written to, as in --cache .gyrus,${tiers[count]}`,
    );
  }
  return { folders, server: parseAddress(tiers[count]) };
}

/** Whether a call or the environment names a cache, or the workflow that has one. */
export function isCacheNamed(args: Arguments): boolean {
  return args.file !== undefined || args.has("profile") || namedCache(args) !== undefined;
}

function namedCache(args: Arguments): string | undefined {
  return args.value("cache") ?? (Deno.env.get("GYRUS_CACHE") || undefined);
}

/**
 * The cache that an earlier run has left; it is never made.
 *
 * @param purpose whether anything in it will change
 * @throws {UsageError} when there is none, or several could be meant
 */
export async function openPastCache(
  args: Arguments,
  purpose: "read" | "write" = "read",
): Promise<Store> {
  const folders = await findCache(args);
  if (folders === undefined) {
    throw new UsageError(
      `there is no cache in ${Deno.cwd()} or in a folder in it`,
      "name a workflow FILE, or a cache by --cache DIR",
    );
  }
  const advice = args.file === undefined
    ? "name another by --cache DIR"
    : `${commandLine("run", args.file)} makes it`;
  return openExisting(folders, purpose, advice);
}

/** @throws {UsageError} with the advice when the first folder is no cache */
export function openExisting(
  [root, ...lower]: readonly string[],
  purpose: "read" | "write",
  advice: string,
): Store {
  if (!isStore(root)) throw new UsageError(`there is no cache at ${shortPath(root)}`, advice);
  return purpose === "read" ? openStoreForReading(root, lower) : openStore(root, { lower });
}

/**
 * Folders of the cache that is meant: that of FILE, else the named one, else `.gyrus` of this
 * folder, else the only one in a folder of this one. Undefined when none of them is there.
 *
 * @throws {UsageError} when several folders have one
 */
export async function findCache(args: Arguments): Promise<string[] | undefined> {
  return (await findTiers(args))?.folders;
}

/** As {@link findCache}, with the server that is named after the folders, and the file of its token. */
export async function findTiers(
  args: Arguments,
): Promise<(CacheTiers & { tokenPath?: string }) | undefined> {
  const here = Deno.cwd();
  if (args.file === undefined && args.has("profile")) {
    throw new UsageError("--profile needs the FILE that declares it");
  }
  if (args.file !== undefined || namedCache(args) !== undefined) {
    const owner = args.file === undefined ? { folder: here } : await cacheOwner(args, args.file);
    const tiers = cacheTiers(args, owner);
    return tiers.server === undefined ? tiers : { ...tiers, tokenPath: tokenPath(args, owner) };
  }
  if (isStore(`${here}/.gyrus`)) return { folders: [`${here}/.gyrus`] };
  const below = listFolder(here).filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => `${here}/${name}/.gyrus`).filter((root) => isStore(root));
  if (below.length < 2) return below.length === 1 ? { folders: below } : undefined;
  throw new UsageError(
    `several folders here have a cache: ${below.map(shortPath).join(", ")}`,
    "name a workflow FILE, or one of them by --cache",
  );
}

async function cacheOwner(args: Arguments, name: string): Promise<CacheOwner> {
  const file = resolve(name);
  const profile = args.value("profile");
  if (profile !== undefined) {
    const { readProfile } = await import("../workflow/read.ts");
    return { folder: dirname(file), profile: await readProfile(file, profile) };
  }
  statOf(file);
  return { folder: dirname(file) };
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
