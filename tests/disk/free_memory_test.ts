import { assert, assertEquals } from "@std/assert";
import { freeMemory } from "../../src/disk/free_memory.ts";

const MIB = 2 ** 20;

/** What is left where these files are, and no others. */
const leftWith = (files: Record<string, string>) => freeMemory((path) => files[path]);

Deno.test("the memory that is left is the computer's where no control group limits it", () => {
  const { available, total } = Deno.systemMemoryInfo();
  const left = leftWith({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n" });
  assert(left !== undefined && left > available / 2 && left <= total);
});

Deno.test("a job's memory is what the tightest of its control groups leaves, caches not counted", () => {
  const job = "/sys/fs/cgroup/slurm/job_7";
  assertEquals(
    leftWith({
      "/proc/self/cgroup": "0::/slurm/job_7/step_0\n",
      [`${job}/memory.max`]: `${100 * MIB}\n`,
      [`${job}/memory.current`]: `${60 * MIB}\n`,
      [`${job}/memory.stat`]: `anon 1\ninactive_file ${20 * MIB}\n`,
      [`${job}/step_0/memory.max`]: "max\n",
    }),
    60 * MIB,
  );
  const older = "/sys/fs/cgroup/memory";
  assertEquals(
    leftWith({
      "/proc/self/cgroup": "5:devices:/\n4:memory:/docker\n0::/\n",
      [`${older}/memory.limit_in_bytes`]: "9223372036854771712\n",
      [`${older}/docker/memory.limit_in_bytes`]: `${8 * MIB}\n`,
      [`${older}/docker/memory.usage_in_bytes`]: `${3 * MIB}\n`,
    }),
    5 * MIB,
  );
  assertEquals(leftWith({ "/sys/fs/cgroup/memory.max": `${MIB}` }), MIB);
});
