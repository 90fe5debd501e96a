/** A scheduler that three shell scripts play: jobs are processes of this machine. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { ClusterProject, digestsOf } from "./cluster_project.ts";
import { call, launcher } from "../project.ts";
import { until } from "./slurm_cluster.ts";

const PLAYED = {
  "gyrus-test-sub": `#!/bin/sh
output=$1 script=$2
sh "$script" >"$output" 2>&1 &
echo "Your job $! has been submitted"
`,
  "gyrus-test-stat": `#!/bin/sh
echo "job-ID state"
ps -o pid=,args= | while read -r pid words; do case $words in *jobs/*plan.json*) echo "$pid r" ;; esac; done
`,
  "gyrus-test-del": `#!/bin/sh
kill "$1"
`,
};

const PROFILE = [
  'executor = "command"',
  'submit = "gyrus-test-sub {output} {script}"',
  'status = "gyrus-test-stat"',
  'cancel = "gyrus-test-del {id}"',
];

Deno.test("jobs of another scheduler: one for each instance, submitted when its inputs exist", async () => {
  const programs = await Deno.makeTempDir();
  const path = Deno.env.get("PATH")!;
  for (const [name, text] of Object.entries(PLAYED)) {
    await Deno.writeTextFile(`${programs}/${name}`, text, { mode: 0o755 });
  }
  Deno.env.set("PATH", `${path}:${programs}`);
  try {
    await using project = await ClusterProject.make(
      `
[steps.each]
uses = "./work.ts"
matrix.k = [1, 2]
with.n = "\${matrix.k}"

[steps.all]
uses = "./work.ts"
in.before = "each[*]"
`,
      PROFILE,
    );
    const jobs = await project.runJobs();
    assertEquals([jobs.errors, jobs.status], [[], "done"]);
    assertEquals(digestsOf(jobs), digestsOf(await project.runHere()));
    // Two of one second are listed in any order.
    const sizes = project.submissions()
      .map(({ arrays }) => arrays.map(({ tasks }) => tasks.length))
      .sort((a, b) => b.length - a.length);
    assertEquals(sizes, [[1, 1], [1]], "the last one waits in this process");
    const again = await call(launcher, ["run", "flow.toml", "--profile", "cluster"], {
      cwd: project.folder,
    });
    assertStringIncludes(again.err, "gyrus-test-sub,gyrus-test-stat,gyrus-test-del");
    assertStringIncludes(again.out, "nothing to do: 3 cached");
    await project.write(
      `
[steps.sleeper]
uses = "./work.ts"
with = { milliseconds = 60000 }
`,
      PROFILE,
    );
    const followed = project.runJobs();
    await until("the job runs", () => project.processOf("sleeper") !== undefined);
    const cancel = ["cancel", "flow.toml", "latest", "--profile", "cluster"];
    const { out } = await call(launcher, cancel, { cwd: project.folder });
    assertStringIncludes(out, "cancelled 1 job of run");
    assertStringIncludes(
      (await followed).errors[0].message,
      "was cancelled",
      "and not submitted again",
    );
  } finally {
    Deno.env.set("PATH", path);
    await Deno.remove(programs, { recursive: true });
  }
});
