import { assertEquals, assertRejects } from "@std/assert";
import type { JobArray } from "../../../src/engine/cluster/job_scheduler.ts";
import type { RunProgram } from "../../../src/engine/cluster/programs.ts";
import { rangesOf, SlurmScheduler, submitWords } from "../../../src/engine/cluster/slurm.ts";
import { DataError } from "../../../src/errors.ts";
import type { SlurmExecutor } from "../../../src/workflow/graph.ts";

const profile: SlurmExecutor = { kind: "slurm", profile: "p", options: [] };
const array: JobArray = {
  name: "gyrus-x-0",
  request: { cpu: 2, gpu: 0 },
  indices: [0, 1, 2, 5],
  list: "/c/jobs/x/0.list",
  after: [],
  script: "/c/jobs/x/script.sh",
  folder: "/c/jobs/x",
};

const answering = (out: string, code = 0, err = ""): RunProgram => () =>
  Promise.resolve({ code, out, err });

Deno.test("indices are written as ranges", () => {
  assertEquals(rangesOf([0, 1, 2, 5, 7, 8]), "0-2,5,7-8");
});

Deno.test("an array is submitted with what its profile and its steps ask for", () => {
  const words = submitWords({
    ...array,
    request: { cpu: 2, gpu: 1, memory: 2 ** 31, time: 5400 },
    after: [
      { kind: "same-index", job: "7" },
      { kind: "all", job: "8" },
      { kind: "all", job: "9", indices: [0, 4] },
    ],
    folder: "/c/100%/x",
  }, {
    ...profile,
    partition: "gpu",
    account: "lab",
    gres: "gpu:1",
    array_limit: 4,
    options: ["--qos=long"],
  });
  for (
    const word of [
      "--array=0-2,5%4",
      "--partition=gpu",
      "--account=lab",
      "--gres=gpu:1",
      "--mem=2048M",
      "--time=90",
      "--qos=long",
      "--cpus-per-task=2",
      "--dependency=aftercorr:7,afterok:8,afterok:9_0:9_4",
      "--kill-on-invalid-dep=yes",
      "--signal=B:USR1@120",
      "--output=/c/100%%/x/%A_%a.out",
    ]
  ) assertEquals(words.includes(word), true, word);
  assertEquals(words.slice(-2), ["/c/jobs/x/script.sh", "/c/jobs/x/0.list"]);
});

Deno.test("a step that needs no GPU asks for none, and a short job is warned in its last quarter", () => {
  const words = submitWords({ ...array, request: { cpu: 1, gpu: 0, time: 60 } }, {
    ...profile,
    gres: "gpu:1",
  });
  assertEquals(words.filter((word) => word.startsWith("--gres")), []);
  assertEquals(words.includes("--signal=B:USR1@15"), true);
});

Deno.test("the answer is the id; a refusal is reported with what sbatch printed", async () => {
  assertEquals(await new SlurmScheduler(profile, answering("123\n")).submit(array), "123");
  assertEquals(await new SlurmScheduler(profile, answering("123;cluster\n")).submit(array), "123");
  const refusing = new SlurmScheduler(profile, answering("", 1, "Invalid account"));
  await assertRejects(
    () => refusing.submit(array),
    DataError,
    "refused gyrus-x-0: Invalid account",
  );
});

Deno.test("states are those of Gyrus's own jobs, by name: ids may be used again", async () => {
  const lines = [
    "7|0|RUNNING|None|gyrus-x-0",
    "7|1|PENDING|PartitionConfig|gyrus-x-0",
    "7|2|CANCELLED|DependencyNeverSatisfied|gyrus-x-0",
    "7|3|OUT_OF_MEMORY|OutOfMemory|gyrus-x-0",
    "7|4|TIMEOUT|TimeLimit|gyrus-x-0",
    "7|5|COMPLETED|None|gyrus-x-0",
    "7|6|NODE_FAIL|None|gyrus-x-0",
    "8|0|RUNNING|None|gyrus-of-somebody-else",
  ];
  const scheduler = new SlurmScheduler(profile, answering(lines.join("\n")));
  const { states, ids } = await scheduler.states([{ name: "gyrus-x-0" }]);
  assertEquals(ids.get("gyrus-x-0"), "7");
  assertEquals(
    [...states].map(([key, state]) => [key, "cause" in state ? state.cause : state.state]),
    [
      ["7_0", "running"],
      ["7_1", "queued"],
      ["7_2", "dependency"],
      ["7_3", "out-of-memory"],
      ["7_4", "out-of-time"],
      ["7_5", "completed"],
      ["7_6", "lost"],
    ],
  );
});

Deno.test("an array is as long as the controller allows", async () => {
  const { arraySize } = SlurmScheduler.prototype;
  const size = (out: string) => arraySize.call(new SlurmScheduler(profile, answering(out)));
  assertEquals(await size("MaxArraySize            = 4001\n"), 4001);
  assertEquals(await size("nothing of it"), 1001);
});
