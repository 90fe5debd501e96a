import { assertEquals, assertStringIncludes } from "@std/assert";
import { experiment, issues, read } from "../reading.ts";

Deno.test("a profile that is not there", async () => {
  assertEquals(
    await issues(experiment, { profile: "clustre" }),
    '--profile clustre: there is no [profile.clustre]; did you mean "cluster"?',
  );
});

const withProfile = (lines: string) => `${experiment}\n[profile.lab]\n${lines}\n`;

for (
  const [what, lines, problem] of [
    [
      "an unknown executor",
      'executor = "slrum"',
      'must be "local", "slurm" or "command"; did you mean',
    ],
    ["a key of another executor", 'partition = "gpu"', 'partition needs executor = "slurm"'],
    [
      "a limit below its first value",
      'executor = "slurm"\nmemory = "2GiB"\nmax_memory = "1GiB"',
      "less",
    ],
    [
      "an option that Gyrus gives",
      'executor = "slurm"\noptions = ["--output=/x"]',
      "can't be given",
    ],
    ["the start of its name", 'executor = "slurm"\noptions = ["--outp=/x"]', "can't be given"],
    ["an option without dashes", 'executor = "slurm"\noptions = ["qos"]', "must have the form"],
    [
      "a value that adds an option",
      'executor = "slurm"\npartition = "a --wrap=b"',
      "without spaces",
    ],
    [
      "a command that is missing",
      'executor = "command"\nstatus = "q"\ncancel = "q {id}"',
      "needs submit",
    ],
    [
      "a command without its job",
      'executor = "command"\nsubmit = "q {script}"\nstatus = "q"\ncancel = "q"',
      "must contain {id}",
    ],
    [
      "a program by its path",
      'executor = "command"\nsubmit = "/tmp/q {script}"\nstatus = "q"\ncancel = "q {id}"',
      "name of a program",
    ],
    [
      "an unknown placeholder",
      'executor = "command"\nsubmit = "q {script} {ram}"\nstatus = "q"\ncancel = "q {id}"',
      "has no {ram}",
    ],
    [
      "a quote that is not closed",
      `executor = "command"\nsubmit = "q 'a {script}"\nstatus = "q"\ncancel = "q {id}"`,
      "its own quotes closed",
    ],
  ] as const
) {
  Deno.test(`a profile with ${what}`, async () => {
    assertStringIncludes(await issues(withProfile(lines)), problem);
  });
}

Deno.test("a profile of SLURM is read", async () => {
  const lines =
    'executor = "slurm"\ngres = "gpu:a100:1"\nmemory = "2GiB"\ntime = "90m"\ncpu = 2\n' +
    'options = ["--qos=long", "--mem-per-gpu=4G"]';
  const { profile } = await read(withProfile(lines), { profile: "lab" });
  assertEquals(profile?.executor, {
    kind: "slurm",
    profile: "lab",
    gres: "gpu:a100:1",
    memory: 2 ** 31,
    time: 5400,
    cpu: 2,
    options: ["--qos=long", "--mem-per-gpu=4G"],
  });
});
