/** A run on a disk that refuses calls: clear errors, no wrong result, and no work lost. */
import { assertEquals } from "@std/assert";
import type { Outcome, Refusal } from "./refusing_child.ts";

/** Numbers of Linux, where the library is preloaded. */
const ERRORS: Readonly<Record<string, number>> = {
  EPERM: 1,
  EIO: 5,
  EACCES: 13,
  EXDEV: 18,
  EINVAL: 22,
  EMFILE: 24,
  ENOSPC: 28,
  EROFS: 30,
  ENAMETOOLONG: 36,
  ENOLCK: 37,
  ENOSYS: 38,
  ENOTSUP: 95,
  ESTALE: 116,
  EDQUOT: 122,
};

/** How often a run without refusals makes each call, about. */
const CALLS: Readonly<Record<string, number>> = {
  mkdir: 549,
  rename: 42,
  unlink: 7,
  chmod: 8,
  stat: 136,
  touch: 12,
  sync: 30,
  "sync-folder": 32,
  lock: 6,
  write: 48,
  read: 80,
  copy: 16,
  list: 3,
  open: 391,
  create: 63,
};

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";

/** Every call with every error, at its first, a middle and its last time, once and from then on. */
function allRefusals(): Refusal[] {
  return Object.entries(CALLS).flatMap(([call, count]) =>
    Object.values(ERRORS).flatMap((error) =>
      [1, Math.ceil(count / 3), Math.ceil(2 * count / 3), count].flatMap((first, turn) => ({
        call,
        error,
        first,
        last: turn % 2 === 0 ? first : 1e9,
      }))
    )
  );
}

/** Disks without locks, without access modes or folders to sync, full, read-only, broken; and few files. */
function sample(): Refusal[] {
  const always = { first: 1, last: 1e9 };
  const named: [string, string, Partial<Refusal>?][] = [
    ["lock", "ENOLCK"],
    ["sync-folder", "EINVAL"],
    ["chmod", "EPERM"],
    ["create", "EROFS", { first: 20 }],
    ["write", "ENOSPC", { first: 20 }],
    ["open", "EMFILE", { first: 300 }],
    ["read", "EIO", { first: 60, last: 60 }],
  ];
  return named.map(([call, error, which]) => ({ call, error: ERRORS[error], ...always, ...which }));
}

const has = async (tool: string) =>
  await new Deno.Command(tool, { args: ["--version"], stdout: "null", stderr: "null" }).output()
    .then(({ success }) => success, () => false);

async function outcomes(refusals: readonly Refusal[]): Promise<[Refusal, Outcome][]> {
  const folder = await Deno.makeTempDir({ prefix: "gyrus-disk-" });
  try {
    const source = new URL("refusing_disk.c", import.meta.url).pathname;
    const library = `${folder}/refusing_disk.so`;
    const made = await new Deno.Command("cc", {
      args: ["-shared", "-fPIC", "-Wall", "-Werror", "-o", library, source, "-ldl"],
    }).output();
    assertEquals(new TextDecoder().decode(made.stderr), "");
    const child = new URL("refusing_child.ts", import.meta.url).pathname;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", child, library, JSON.stringify(refusals)],
      env: { LD_PRELOAD: library },
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    const lines = new TextDecoder().decode(stdout).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    return refusals.map((refusal, i) => {
      assertEquals(lines[2 * i], refusal, "the process ended early");
      return [refusal, lines[2 * i + 1]];
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test(
  "a disk that refuses calls ends in a clear error or a result, and the next run completes it",
  {
    ignore: Deno.build.os !== "linux" || !await has("cc"),
  },
  async () => {
    for (const [refusal, outcome] of await outcomes(full ? allRefusals() : sample())) {
      const name = Object.keys(ERRORS).find((name) => ERRORS[name] === refusal.error);
      const about =
        `${name} by ${refusal.call} ${refusal.first} to ${refusal.last}: ${outcome.problems}`;
      assertEquals(outcome.lost, [], about);
      assertEquals(outcome.wrong, [], about);
      assertEquals(outcome.codes[1], 0, about);
      assertEquals(/bug in Gyrus|Uncaught|\bat .*:\d+:\d+/.test(outcome.problems), false, about);
      const must = refusal.call === "lock" || refusal.call === "sync-folder" && name === "EINVAL";
      assertEquals(outcome.codes[0] === 0 || !must && outcome.problems !== "", true, about);
    }
  },
);
