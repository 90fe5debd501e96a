import type { KeepReason } from "../../engine/gc/roots.ts";
import type { Store } from "../../engine/store/store.ts";
import { parseBytes } from "../../workflow/quantities.ts";
import { didYouMean } from "../../workflow/suggest.ts";
import { type Arguments, UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../failure.ts";
import { commandLine } from "../hint.ts";
import {
  CACHE_OPTIONS,
  FILE_ARGUMENT,
  openPastCache,
  TOKEN_OPTION,
  WORKFLOW_OPTIONS,
} from "../open.ts";
import { PERMIT_OPTIONS } from "../share/permit_options.ts";
import { countText, durationText, sizeText, tableText } from "../quantity.ts";
import type { Output } from "../terminal.ts";

type Action = (
  store: Store,
  names: readonly string[],
  args: Arguments,
  out: Output,
) => Promise<number>;

/** As the run had them whose results are meant. */
const PULL_OPTIONS = Object.fromEntries(
  (["set", "sweep", "include-from"] as const).map((name) => {
    const { help, ...option } = WORKFLOW_OPTIONS[name];
    return [name, { ...option, help: `pull: ${help[0].toLowerCase()}${help.slice(1)}` }];
  }),
);

export default {
  file: FILE_ARGUMENT,
  arguments: [
    { name: "ACTION", help: "stats, ls, gc, verify, pin, unpin, rm, push or pull" },
    {
      name: "NAME",
      help:
        "Of pin, unpin and rm: a key, its first digits, or a step kind; of ls: a step kind; of push and " +
        "pull: a run, its first digits, or steps and instances of FILE",
      optional: true,
      many: true,
    },
  ],
  options: {
    ...CACHE_OPTIONS,
    "max-size": { value: "SIZE", help: "gc: shrink a larger cache to 80 % of this, such as 10GiB" },
    "keep-runs": { value: "N", help: "gc: the last N runs of each workflow remain; default 10" },
    "dry-run": { help: "gc, push: list what would be removed, or leave, and why; do nothing" },
    "cache-token": TOKEN_OPTION,
    ...PERMIT_OPTIONS,
    ...PULL_OPTIONS,
    note: { value: "TEXT", help: "pin: why it must remain" },
  },
  details: `stats   sizes by step kind
ls      results, newest first
gc      removes what no run, pin or published file needs; first what is quickest to compute again
verify  reads every byte; corrupt files are moved to quarantine/ and count as missing
pin     protects results from the garbage collector; unpin ends that
rm      removes results; their bytes go with the next gc
push    uploads results to the server that --cache or a profile names; pull copies them from there`,
  async run(args, terminal) {
    const [name, ...names] = args.positionals;
    const { out } = terminal;
    const stray = name === "pull"
      ? undefined
      : Object.keys(PULL_OPTIONS).find((option) => args.has(option));
    if (stray !== undefined) {
      const advice = "push sends a run as it was: name it by its id";
      throw new UsageError(
        `--${stray} is an option of cache pull alone`,
        name === "push" ? advice : undefined,
      );
    }
    if (name === "push" || name === "pull") {
      const shared = await import("../share/cache_actions.ts");
      return await shared[name](args, names, terminal);
    }
    if (!Object.hasOwn(ACTIONS, name)) {
      throw new UsageError(
        `unknown action "${name}"`,
        didYouMean(name, [...Object.keys(ACTIONS), "push", "pull"]),
      );
    }
    const store = await openPastCache(args, ["stats", "ls"].includes(name) ? "read" : "write");
    return await ACTIONS[name](store, names, args, out);
  },
} satisfies Command;

/** What lets go of results that stay. */
const RELEASES: Readonly<Record<KeepReason, string>> = {
  "recent runs": "--keep-runs N keeps fewer",
  pins: "cache unpin ends that",
  "published files": "unpublish ends that",
  "younger than an hour": "",
};

const ACTIONS: Readonly<Record<string, Action>> = { stats, ls, gc, verify, pin, unpin, rm };

async function stats(
  store: Store,
  _: readonly string[],
  __: Arguments,
  out: Output,
): Promise<number> {
  const { cacheStats } = await import("../../engine/store/cache.ts");
  const all = cacheStats(store);
  out.line(`${store.root}: ${sizeText(all.bytes)}`);
  out.line(
    [
      countText(all.results, "result"),
      countText(all.memos, "cached part"),
      countText(all.checkpoints, "checkpoint"),
      countText(all.objects, "object"),
      `${all.pinned} pinned`,
      `${all.quarantined} in quarantine`,
    ].join(", "),
  );
  const rows = all.kinds.map(({ kind, results, bytes, seconds }) => [
    kind,
    String(results),
    sizeText(bytes),
    durationText(seconds),
  ]);
  if (rows.length > 0) {
    const header = ["step kind", "results", "size", "time to make"];
    for (const line of ["", ...tableText([header, ...rows], [1, 2, 3], out.columns)]) {
      out.line(line);
    }
  }
  return ExitCode.done;
}

async function ls(
  store: Store,
  [kind]: readonly string[],
  _: Arguments,
  out: Output,
): Promise<number> {
  const { listCache } = await import("../../engine/store/cache.ts");
  const results = listCache(store, kind);
  if (kind !== undefined && results.length === 0) {
    const kinds = new Set(listCache(store).map(({ record }) => record.parts.kind));
    throw new UsageError(
      `no result of step kind "${kind}" in ${store.root}`,
      didYouMean(kind, [...kinds]) ??
        (kinds.size > 0 ? `it has ${[...kinds].join(", ")}` : undefined),
    );
  }
  const rows = results.map(({ record, pinned, state }) => [
    record.key.slice("sha256-".length, "sha256-".length + 12),
    record.parts.kind,
    record.created.slice(0, 19),
    durationText(record.seconds),
    sizeText(record.bytes),
    state === "present" ? "" : state,
    pinned === undefined ? "" : pinned === "" ? "pinned" : `pinned: ${pinned}`,
  ]);
  const header = ["key", "step kind", "made", "time", "size", "state", "note"];
  for (const line of tableText([header, ...rows], [3, 4], out.columns)) out.line(line);
  return ExitCode.done;
}

async function gc(
  store: Store,
  _: readonly string[],
  args: Arguments,
  out: Output,
): Promise<number> {
  const text = args.value("max-size");
  const maxBytes = text === undefined ? undefined : parseBytes(text);
  if (text !== undefined && maxBytes === undefined) {
    throw new UsageError(`--max-size must be a size such as 10GiB, not "${text}"`);
  }
  const dryRun = args.has("dry-run");
  const { gc: collect } = await import("../../engine/gc/gc.ts");
  const keepRuns = args.count("keep-runs", 0);
  const { removals, kept, bytesBefore, bytesAfter } = collect(store, {
    maxBytes,
    keepRuns,
    dryRun,
  });
  const rows = removals.map(({ what, name, kind, bytes, reason }) => [
    what,
    kind ?? "",
    name.replace(/^sha256-/, "").slice(0, 12),
    sizeText(bytes),
    reason,
  ]);
  for (const line of tableText(rows, [3], out.columns)) out.line(line);
  out.line(
    `${countText(removals.length, "removal")}${dryRun ? " (dry run)" : ""}: ` +
      `${sizeText(bytesBefore)} → ${sizeText(bytesAfter)}`,
  );
  if (maxBytes !== undefined && bytesAfter > maxBytes) {
    const rows = Object.entries(kept).filter(([, bytes]) => bytes > 0)
      .map(([reason, bytes]) => [`  ${reason}`, sizeText(bytes), RELEASES[reason as KeepReason]]);
    out.line(`more than ${sizeText(maxBytes)} must stay:`);
    for (const line of tableText(rows, [1], out.columns)) out.line(line);
  }
  return ExitCode.done;
}

async function verify(
  store: Store,
  _: readonly string[],
  __: Arguments,
  out: Output,
): Promise<number> {
  const { verifyCache } = await import("../../engine/store/cache.ts");
  const { objects, records, corrupt, elsewhere, incomplete } = await verifyCache(store);
  for (const name of corrupt) out.line(`corrupt, moved to quarantine: ${name}`);
  for (const { key, kind, output, state } of incomplete) {
    out.line(`${state}: output ${output} of ${kind} ${key}; it will be made again when needed`);
  }
  for (const [from, count] of Object.entries(elsewhere)) {
    out.line(`${countText(count, "result")} from ${from} without all of their files`);
  }
  const clean = corrupt.length === 0 && incomplete.length === 0;
  out.line(
    `${countText(objects, "object")} and ${countText(records, "record")}: ` +
      (clean ? "clean" : `${corrupt.length} corrupt, ${incomplete.length} incomplete`),
  );
  return clean ? ExitCode.done : ExitCode.mismatch;
}

async function keysOf(store: Store, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) {
    throw new UsageError("name a key or a step kind", `${commandLine("cache", "ls")} lists them`);
  }
  const { findKeys } = await import("../../engine/store/cache.ts");
  return names.flatMap((name) => findKeys(store, name));
}

async function pin(
  store: Store,
  names: readonly string[],
  args: Arguments,
  out: Output,
): Promise<number> {
  const keys = await keysOf(store, names);
  await (await import("../../engine/store/pins.ts")).pin(store, keys, args.value("note") ?? "");
  out.line(`${countText(keys.length, "result")} pinned`);
  return ExitCode.done;
}

async function unpin(
  store: Store,
  names: readonly string[],
  _: Arguments,
  out: Output,
): Promise<number> {
  const keys = await keysOf(store, names);
  await (await import("../../engine/store/pins.ts")).unpin(store, keys);
  out.line(`${countText(keys.length, "result")} unpinned`);
  return ExitCode.done;
}

async function rm(
  store: Store,
  names: readonly string[],
  _: Arguments,
  out: Output,
): Promise<number> {
  const keys = await keysOf(store, names);
  (await import("../../engine/store/cache.ts")).removeResults(store, keys);
  out.line(`${countText(keys.length, "result")} removed`);
  return ExitCode.done;
}
