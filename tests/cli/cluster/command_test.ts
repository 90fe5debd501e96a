/** A scheduler that three shell scripts play: jobs are processes of this machine. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { ClusterProject, digestsOf } from "./cluster_project.ts";
import { call } from "../project.ts";

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
    const launcher = new URL("../../../gyrus", import.meta.url).pathname;
    const again = await call(launcher, ["run", "flow.toml", "--profile", "cluster"], {
      cwd: project.folder,
    });
    assertStringIncludes(again.err, "gyrus-test-sub,gyrus-test-stat,gyrus-test-del");
    assertStringIncludes(again.out, "nothing to do: 3 cached");
  } finally {
    Deno.env.set("PATH", path);
    await Deno.remove(programs, { recursive: true });
  }
});
