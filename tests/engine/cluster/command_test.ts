/** PBS, LSF and SGE are played by three programs that answer as these do. */
import { assertEquals, assertRejects } from "@std/assert";
import { CommandScheduler } from "../../../src/engine/cluster/command.ts";
import type { JobArray } from "../../../src/engine/cluster/job_scheduler.ts";
import { DataError } from "../../../src/errors.ts";
import type { CommandExecutor } from "../../../src/workflow/graph.ts";
import { splitWords } from "../../../src/workflow/parse/job_template.ts";

const array: JobArray = {
  name: "gyrus-x-0",
  request: { cpu: 2, gpu: 0, memory: 2 ** 31, time: 5400 },
  indices: [0],
  after: [],
  script: "/c/jobs/x/4.sh",
  folder: "/c/jobs/x",
};

function profile(submit: string, status: string, cancel: string): CommandExecutor {
  const [first, second, third] = [submit, status, cancel].map((text) => splitWords(text)!);
  return { kind: "command", profile: "p", submit: first, status: second, cancel: third };
}

const SCHEDULERS = {
  PBS: {
    profile: profile(
      "qsub -N {name} -j oe -o {output} " +
        "-l select=1:ncpus={cpu}:mem={memory_mb}mb,walltime={hours_minutes}:00 {script}",
      "qstat",
      "qdel {id}",
    ),
    answer: "1234.server\n",
    status:
      "Job id            Name  User  Time Use S Queue\n1234.server  gyrus  me  00:00:05 R main\n",
    id: "1234.server",
    submitted: "qsub -N gyrus-x-0 -j oe -o /c/jobs/x/gyrus-x-0.out " +
      "-l select=1:ncpus=2:mem=2048mb,walltime=1:30:00 /c/jobs/x/4.sh",
  },
  LSF: {
    profile: profile(
      "bsub -J {name} -o {output} -n {cpu} -M {memory_mb}MB -W {hours_minutes} {script}",
      "bjobs -noheader -o jobid",
      "bkill {id}",
    ),
    answer: "Job <1234> is submitted to default queue <normal>.\n",
    status: "1234\n1240\n",
    id: "1234",
    submitted: "bsub -J gyrus-x-0 -o /c/jobs/x/gyrus-x-0.out -n 2 -M 2048MB -W 1:30 /c/jobs/x/4.sh",
  },
  SGE: {
    profile: profile(
      "qsub -terse -notify -N {name} -j y -o {output} -pe smp {cpu} -l h_rt=0:{minutes}:0 {script}",
      "qstat",
      "qdel {id}",
    ),
    answer: "1234\n",
    status: "job-ID prior name\n----\n   1234 0.5 gyrus me r 11/30/2026 12:00:00 all.q 123\n",
    id: "1234",
    submitted: "qsub -terse -notify -N gyrus-x-0 -j y -o /c/jobs/x/gyrus-x-0.out -pe smp 2 " +
      "-l h_rt=0:90:0 /c/jobs/x/4.sh",
  },
};

for (const [name, { profile, answer, status, id, submitted }] of Object.entries(SCHEDULERS)) {
  Deno.test(`${name}: a job is submitted, found, missed and cancelled by three commands`, async () => {
    const calls: string[] = [];
    let printed = status;
    const scheduler = new CommandScheduler(profile, (words) => {
      calls.push(words.join(" "));
      const out = words[0] === profile.submit[0] && words.length > 3 ? answer : printed;
      return Promise.resolve({ code: 0, out, err: "" });
    });
    const job = await scheduler.submit(array);
    assertEquals([job, calls[0]], [id, submitted]);
    const other = { name: "b", job: "123" };
    const { states } = await scheduler.states([{ name: array.name, job }, other]);
    assertEquals([...states.keys()], [`${id}_0`]);
    printed = "";
    assertEquals((await scheduler.states([{ name: array.name, job }])).states.size, 0);
    await scheduler.cancel([job]);
    assertEquals(calls.at(-1), `${profile.cancel[0]} ${id}`);
  });
}

Deno.test("a refusal and a scheduler that does not answer are reported", async () => {
  const { profile } = SCHEDULERS.SGE;
  const scheduler = new CommandScheduler(
    profile,
    () => Promise.resolve({ code: 1, out: "", err: "commlib error" }),
  );
  await assertRejects(() => scheduler.submit(array), DataError, "refused gyrus-x-0: commlib error");
  const asking = () => scheduler.states([{ name: array.name, job: "1" }]);
  await assertRejects(asking, DataError, "commlib error");
});

Deno.test("qstat of PBS that knows of no job ends with a code of its own", async () => {
  const silent = () => Promise.resolve({ code: 153, out: "", err: "" });
  const { states } = await new CommandScheduler(SCHEDULERS.PBS.profile, silent)
    .states([{ name: array.name, job: "1" }]);
  assertEquals(states.size, 0);
});

Deno.test("quotes keep spaces, and one that is not closed is no command", () => {
  assertEquals(splitWords(`qsub -l "a b" -N 'x y'z {script}`), [
    "qsub",
    "-l",
    "a b",
    "-N",
    "x yz",
    "{script}",
  ]);
  assertEquals(splitWords('qsub "a b'), undefined);
});
