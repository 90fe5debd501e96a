/** The memory that is left. */

/** Where the two versions of Linux's control groups keep the limit and the use of memory. */
const CONTROL_GROUPS = [
  {
    path: /^0::(\/.*)$/m,
    root: "/sys/fs/cgroup",
    limit: "memory.max",
    used: "memory.current",
    cached: /^inactive_file (\d+)$/m,
  },
  {
    path: /^\d+:memory:(\/.*)$/m,
    root: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    cached: /^total_inactive_file (\d+)$/m,
  },
] as const;

/**
 * Bytes that the computer has left, or the control groups of the process, such as those of a container or
 * of a cluster's job, if these have less; undefined where it can't be asked.
 *
 * @param read the text of a file; undefined where it is absent
 */
export function freeMemory(read = readQuietly): number | undefined {
  const permission = { name: "sys", kind: "systemMemoryInfo" } as const;
  if (Deno.permissions.querySync(permission).state !== "granted") return undefined;
  const groups = read("/proc/self/cgroup") ?? "";
  const left = CONTROL_GROUPS.flatMap(({ path, root, limit, used, cached }) =>
    foldersUpTo(root, path.exec(groups)?.[1] ?? "/").map((folder) => {
      const most = Number(read(`${folder}/${limit}`) ?? Infinity);
      const taken = Number(read(`${folder}/${used}`) ?? 0);
      const freed = Number(cached.exec(read(`${folder}/memory.stat`) ?? "")?.[1] ?? 0);
      // A group without a limit holds "max".
      return Number.isFinite(most) ? Math.max(0, most - taken + freed) : Infinity;
    })
  );
  return Math.min(Deno.systemMemoryInfo().available, ...left);
}

/** `root/a/b`, `root/a` and `root` of the path `/a/b`. */
function foldersUpTo(root: string, path: string): string[] {
  const names = path.split("/").filter((name) => name !== "");
  return [...names.keys(), names.length].map((count) => [root, ...names.slice(0, count)].join("/"));
}

function readQuietly(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
