/**
 * Runs on a real SLURM: a controller and four nodes on this machine. What disturbs no other job runs at the
 * same time. The long form has what takes minutes: killed slurmd, time limits (of whole minutes), records
 * of jobs that SLURM forgets, a thousand jobs, and the complete tutorial.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { diskFiles } from "../../../src/disk/operations.ts";
import { tinyTraining } from "../../search/tiny_training.ts";
import { call as callProgram, launcher } from "../project.ts";
import { ClusterProject, digestsOf } from "./cluster_project.ts";
import { call, SlurmCluster, slurmProblem, until } from "./slurm_cluster.ts";

const full = Deno.env.get("GYRUS_TEST_FULL") === "1";
const problem = slurmProblem();
if (problem !== undefined) console.warn(`SLURM is not tested: ${problem}`);

function slurm(
  name: string,
  fn: (t: Deno.TestContext, cluster: SlurmCluster) => Promise<void>,
  ignore = false,
): void {
  Deno.test({
    name: problem === undefined ? name : `${name} (not tested: ${problem})`,
    ignore: ignore || problem !== undefined,
    async fn(t) {
      await using cluster = await SlurmCluster.start(["MinJobAge=2"]);
      await fn(t, cluster);
    },
  });
}

const FOLDS = `
[params]
bad = "0:0"

[steps.first]
uses = "./work.ts"

[steps.fold]
uses = "./work.ts"
matrix.k = [0, 1]
in.before = "first"
with.n = "\${matrix.k}"

[steps.odd]
uses = "./work.ts"
matrix = "fold"
in.before = "fold"
with = { n = "\${matrix.k}", until = "1:0(\${params.bad}" }

[steps.all]
uses = "./work.ts"
in.before = "odd[*]"
`;

async function failingFold(): Promise<void> {
  await using project = await ClusterProject.make(FOLDS);
  const first = await project.runJobs();
  assertEquals([first.status, first.counts], [
    "failed",
    { cached: 0, done: 4, failed: 1, skipped: 1 },
  ]);
  assertEquals(first.nodes.get("odd[k=0]")?.outcome, "done");
  assertStringIncludes(first.errors[0].message, "told to fail");
  assertEquals(project.submittedArrays(), 4, "an array a step");
  const repaired = ["params.bad=nothing"];
  const second = await project.runJobs({}, repaired);
  assertEquals(second.status, "done");
  assertEquals(digestsOf(second), digestsOf(await project.runHere({}, repaired)));
}

const WRITER = `
[steps.writer]
uses = "./work.ts"
with = { megabytes = 12, milliseconds = 1500 }
`;

async function killedInMidWrite(): Promise<void> {
  await using project = await ClusterProject.make(WRITER);
  const running = project.runJobs();
  const objects = `${project.folder}/.gyrus/objects`;
  await until("a few parts are written", () => countFiles(objects) > 2);
  Deno.kill(project.processOf("writer")!, "SIGKILL");
  const { status, nodes } = await running;
  assertEquals(status, "done");
  assertEquals(project.submissions().length, 2, "submitted again");
  assertEquals(digestsOf({ nodes }), digestsOf(await project.runHere()));
}

async function simultaneousSubmitters(): Promise<void> {
  await using project = await ClusterProject.make(WRITER);
  const [a, b] = await Promise.all([project.runJobs(), project.runJobs()]);
  assertEquals([a.status, b.status], ["done", "done"]);
  assertEquals(digestsOf(a), digestsOf(b));
  assertEquals(project.submittedArrays(), 1, "the second follows the jobs of the first");
}

const THOUSAND = `
[steps.each]
uses = "./work.ts"
matrix.k = { range = 1000 }
with.n = "\${matrix.k}"
`;

const SLEEPER = `
[steps.sleeper]
uses = "./work.ts"
with = { milliseconds = 60000 }
`;

async function detachedAndCancelled(): Promise<void> {
  await using project = await ClusterProject.make(SLEEPER);
  const stop = new AbortController();
  const first = project.runJobs({ signal: stop.signal });
  await until("the job runs", () => project.processOf("sleeper") !== undefined);
  stop.abort(new DOMException("interrupted", "AbortError"));
  const { status, id } = await first;
  assertEquals(status, "interrupted");
  assert(project.processOf("sleeper") !== undefined, "the job goes on");
  const again = project.runJobs();
  await until("it is followed", () => project.lines.some((line) => line.startsWith("following 1")));
  const cancel = await callProgram(launcher, ["cancel", "flow.toml", id!], { cwd: project.folder });
  assertEquals([cancel.code, cancel.out], [0, `cancelled 1 job of run ${id}\n`]);
  const { errors } = await again;
  assertStringIncludes(errors[0].message, "was cancelled");
  assertEquals(project.submittedArrays(), 1);
}

const TRAINING = `
[steps.training]
uses = "./work.ts"
with = { epochs = 6, milliseconds = 3000 }
`;

/** The signal that SLURM sends before a time limit; the limits themselves are whole minutes. */
async function stoppedBeforeItsLimit(): Promise<void> {
  await using project = await ClusterProject.make(TRAINING, ['time = "10m"']);
  const running = project.runJobs();
  await until("an epoch is saved", () => project.hasProgress("training", "epoch 2/6"));
  const [{ job }] = project.submissions()[0].arrays;
  await call("scancel", "--signal=USR1", "--batch", `${job}_0`);
  const { status, nodes } = await running;
  assertEquals([status, project.submissions().length], ["done", 2]);
  const record = project.store().record(nodes.get("training")!.key!)!;
  assert(record.resumedFrom! >= 2, "it went on from its checkpoint");
  assertEquals(digestsOf({ nodes }), digestsOf(await project.runHere()));
}

const TUTORIAL = new URL("../../../workflows/tutorial.toml", import.meta.url);
/** A pair of trainings. */
const SMALLER = [
  "params.n_subjects=8",
  "params.n_splits=2",
  "params.epochs=1",
  "split.n_test=4",
  "split.p_age_threshold=0.1",
  "split.p_sex_threshold=0.1",
  "single.schedule_epochs=1",
];

const WITH_RESNETS = ["caps.image_size=32", "slices.slices=[14, 16]"];
/** Whose kernels compile soonest, in each process again. */
const WITH_SMALL_NETWORKS = [
  "caps.image_size=16",
  "slices.slices=[7, 8]",
  "single.architecture=Stride_Conv5_FC3",
];

async function tutorial(): Promise<void> {
  const [, text] = (await Deno.readTextFile(TUTORIAL)).split("version = 1\n");
  await using project = await ClusterProject.make(text);
  const until = full ? {} : { targets: ["evaluate_single"] };
  const set = [...SMALLER, ...full ? WITH_RESNETS : WITH_SMALL_NETWORKS];
  const [jobs, here] = await Promise.all([
    project.runJobs(until, set),
    project.runHere(until, set),
  ]);
  assertEquals(jobs.errors, []);
  assertEquals(digestsOf(jobs), digestsOf(here));
}

async function lostNode(): Promise<void> {
  await using project = await ClusterProject.make(WRITER, ['partition = "spare"']);
  const running = project.runJobs();
  let job: string | undefined;
  // A job may run before the id that sbatch printed is written down.
  await until("the job runs", () => {
    job = project.submissions()[0]?.arrays[0].job;
    return job !== undefined && project.processOf("writer") !== undefined;
  });
  const node = (await call("squeue", "-h", "-j", job!, "-o", "%N")).trim();
  await call("scontrol", "update", `nodename=${node}`, "state=down", "reason=test");
  assertEquals((await running).status, "done");
  assertEquals(project.submissions().length, 2);
  // The node may have come back by itself.
  await call("scontrol", "update", `nodename=${node}`, "state=resume").catch(() => {});
}

slurm(
  "jobs of SLURM give the results of this machine, whatever happens to them",
  async (t, cluster) => {
    await t.step("failing, killed, cancelled, submitted twice, on a lost node", async () => {
      await Promise.all([
        tutorial(),
        failingFold(),
        killedInMidWrite(),
        simultaneousSubmitters(),
        detachedAndCancelled(),
        stoppedBeforeItsLimit(),
        lostNode(),
      ]);
      await cluster.untilIdle();
    });

    await t.step(
      "the controller is away, and has forgotten everything when it is back",
      async () => {
        await using project = await ClusterProject.make(WRITER);
        const running = project.runJobs();
        await until("the job runs", () => project.processOf("writer") !== undefined);
        cluster.stop("slurmctld", "SIGKILL");
        await until(
          "it is reported",
          () => project.lines.some((line) => /still waited for/.test(line)),
        );
        assertEquals((await running).status, "done");
        assertEquals(project.submissions().length, 1);
        await Deno.remove(`${cluster.folder}/state`, { recursive: true });
        await Deno.mkdir(`${cluster.folder}/state`);
        await cluster.startController();
        await cluster.untilIdle();
      },
    );

    await t.step("a thousand instances are submitted in less than ten seconds", async () => {
      await using project = await ClusterProject.make(THOUSAND, ['partition = "closed"']);
      const stop = new AbortController();
      const started = performance.now();
      const running = project.runJobs({ signal: stop.signal });
      await until("all are queued", async () => {
        return (await call("squeue", "-h", "-r")).split("\n").length > 1000;
      });
      const seconds = (performance.now() - started) / 1000;
      console.log(`1,000 jobs by ${project.submittedArrays()} calls in ${seconds.toFixed(1)} s`);
      assert(seconds < 10, `${seconds} s`);
      assert(project.submittedArrays() <= 10);
      stop.abort(new DOMException("interrupted", "AbortError"));
      assertEquals((await running).status, "interrupted");
    });
  },
);

slurm("jobs of SLURM outlive slurmd, their time and SLURM's memory", async (t, cluster) => {
  await t.step("slurmd is killed, its job goes on", async () => {
    await using project = await ClusterProject.make(WRITER);
    const running = project.runJobs();
    await until("the job runs", () => project.processOf("writer") !== undefined);
    const node = await nodeOfTheJob();
    cluster.stop(`slurmd.${node}`, "SIGKILL");
    assertEquals((await running).status, "done");
    await cluster.startNode(node);
    await cluster.untilIdle();
  });

  await t.step("slurmd and its job are killed", async () => {
    await using project = await ClusterProject.make(SLEEPER.replace("60000", "20000"));
    const running = project.runJobs();
    await until("the job runs", () => project.processOf("sleeper") !== undefined);
    const node = await nodeOfTheJob();
    cluster.stop(`slurmd.${node}`, "SIGKILL");
    for (const pid of project.stepDaemons()) Deno.kill(pid, "SIGKILL");
    Deno.kill(project.processOf("sleeper")!, "SIGKILL");
    assertEquals((await running).status, "done");
    assertEquals(project.submissions().length, 2);
    await cluster.startNode(node);
    await cluster.untilIdle();
  });

  await t.step("time limits of a minute", async () => {
    await using project = await ClusterProject.make(
      TRAINING.replace("3000", "90000"),
      ['time = "1m"', 'max_time = "4m"'],
    );
    const { status, nodes } = await project.runJobs();
    assertEquals(status, "done");
    assert(project.submissions().length > 1);
    const quick = ["training.milliseconds=0"];
    // How long an epoch takes is in the key of this step and not in its result.
    assertEquals(digestsOf({ nodes }), digestsOf(await project.runHere({}, quick)));
  });

  await t.step("SLURM has forgotten a job that was killed", async () => {
    await using project = await ClusterProject.make(WRITER);
    const stop = new AbortController();
    const first = project.runJobs({ signal: stop.signal });
    await until("the job runs", () => project.processOf("writer") !== undefined);
    stop.abort(new DOMException("interrupted", "AbortError"));
    await first;
    Deno.kill(project.processOf("writer")!, "SIGKILL");
    await until("its record is purged", async () => {
      return (await call("squeue", "-h", "-t", "all")).trim() === "";
    });
    assertEquals((await project.runJobs()).status, "done");
    assertEquals(project.submissions().length, 2);
  });

  await t.step(
    "a search: its trials are instances of jobs, with the values of this machine",
    async () => {
      await using project = await ClusterProject.make(SEARCH);
      const trials = async (...options: string[]) => {
        const args = ["search", "flow.toml", "--quiet", ...options];
        const { code, err } = await callProgram(launcher, args, { cwd: project.folder });
        assertEquals(code, 0, err);
        const cache = options.includes("--cache") ? "here" : ".gyrus";
        return await Deno.readTextFile(`${project.folder}/${cache}/searches/rates/trials.tsv`);
      };
      const jobs = await trials("--profile", "cluster");
      const instances = project.submissions().flatMap(({ arrays }) =>
        arrays.flatMap(({ tasks }) => tasks.map(({ instance }) => instance))
      );
      const trained = instances.filter((name) => name.startsWith("train["));
      assertEquals(trained.length, 6, "three trials in two folds");
      assertEquals(jobs, await trials("--cache", "here"));
    },
  );

  await t.step("a thousand instances", async () => {
    await using project = await ClusterProject.make(THOUSAND);
    // Once it is known that one takes no time, a job computes several.
    await project.runJobs({ targets: ["each[k=0]"] });
    const started = performance.now();
    const { status, counts } = await project.runJobs();
    assertEquals([status, counts], ["done", { cached: 1, done: 999, failed: 0, skipped: 0 }]);
    const [, { arrays }] = project.submissions();
    const jobs = new Set(arrays.flatMap(({ tasks }) => tasks.map(({ index }) => index)));
    assert(jobs.size <= 64, `${jobs.size} jobs`);
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(`999 instances by ${jobs.size} jobs of ${arrays.length} calls in ${seconds} s`);
    assertEquals((await project.runJobs()).counts.cached, 1000);
  });
}, !full);

const SEARCH = `
${tinyTraining(1)}[search.rates]
metric = "train.loss"
goal = "minimize"
n_trials = 3
parallel = 3
[search.rates.space]
"train.learning_rate" = { log_uniform = [1e-5, 1e-2] }
`;

async function nodeOfTheJob(): Promise<string> {
  return (await call("squeue", "-h", "-t", "R", "-o", "%N")).trim().split("\n")[0];
}

/** 0 where there is no folder yet. */
function countFiles(folder: string): number {
  return diskFiles.list(folder).reduce((sum, name) => {
    const path = `${folder}/${name}`;
    return sum + (diskFiles.stat(path)?.kind === "folder" ? countFiles(path) : 1);
  }, 0);
}
