import { assertEquals } from "@std/assert";
import { digestOf } from "../../src/engine/store/digest.ts";
import { Project } from "./project.ts";

const FLOW = `version = 1
include = "more.toml"

[steps.caps]
uses = "caps.generate"
with = { kind = "shepplogan", n_subjects = "\${params.people}", image_size = 8 }

[publish]
"results/caps" = "caps.caps"
"results/labels.tsv" = "labels"
`;
const MORE = `[params]
people = 2

[steps.labels]
uses = "labels.get"
in.caps = "caps"
`;

/** Nothing of it is cached; the training's estimate and note come from its own step. */
const TRAINING = `version = 1

[steps.caps]
uses = "generate.phantom"
with = { n_subjects = 4, image_size = 32 }

[steps.slices]
uses = "extract.slices"
in.caps = "caps"
with = { slice_direction = 2, slices = [14, 16] }

[steps.labels]
uses = "labels.get"
in.caps = "caps"

[steps.folds]
uses = "split.kfold"
in.labels = "labels"
with.n_splits = 2

[steps.train]
uses = "train.classification"
in.images = "slices"
in.folds = "folds[0]"
with = { seed = 3 }
device = "any"
`;

/** A project whose workflow has run, so that it has a snapshot. */
async function project(): Promise<Project> {
  const made = await Project.make();
  await made.write("flow.toml", FLOW);
  await made.write("more.toml", MORE);
  const { code, err } = await made.gyrus("run", "flow.toml");
  assertEquals([code, err], [0, ""]);
  return made;
}

async function snapshotFile({ folder }: Project): Promise<string> {
  const names = await Array.fromAsync(Deno.readDir(`${folder}/.gyrus/snapshots`));
  assertEquals(names.length, 1);
  return `${folder}/.gyrus/snapshots/${names[0].name}`;
}

/** Gives the workflow of the snapshot another name, which shows when it is used. */
async function mark(project: Project, from = '"name":"flow"', to = '"name":"snapshot"') {
  const file = await snapshotFile(project);
  const text = await Deno.readTextFile(file);
  const [key, workflow, memory] = text.replace(from, to).split("\n");
  const digests = { workflow: digestOf(workflow), memory: digestOf(memory) };
  await replace(
    file,
    `${JSON.stringify({ ...JSON.parse(key), ...digests })}\n${workflow}\n${memory}\n`,
  );
}

async function replace(file: string, text: string) {
  await Deno.remove(file);
  await Deno.writeTextFile(file, text);
}

/** Runs; returns the workflow's name and how many instances were done and cached. */
async function rerun(project: Project, ...options: string[]): Promise<[string, number, number]> {
  const { out } = await project.gyrus("run", "flow.toml", "--json", ...options);
  const events = out.trimEnd().split("\n").map((line) => JSON.parse(line));
  const { workflow } = events.find(({ type }) => type === "run-started");
  const { done, cached } = events.at(-1).counts;
  return [workflow, done, cached];
}

Deno.test("a rerun plans the snapshot, until a text or an option changes", async () => {
  await using made = await project();
  await mark(made);
  assertEquals(await rerun(made), ["snapshot", 0, 2]);
  assertEquals(await rerun(made, "labels"), ["snapshot", 0, 1 + 1]);
  assertEquals(await rerun(made, "--set", "params.people=2"), ["flow", 0, 2]);
  // The snapshot is now of these options.
  await mark(made);
  assertEquals(await rerun(made), ["flow", 0, 2]);
  await mark(made);
  await made.write("flow.toml", `# A comment.\n${FLOW}`);
  assertEquals(await rerun(made), ["flow", 0, 2]);
  await mark(made);
  await made.write("more.toml", MORE.replace("people = 2", "people = 3"));
  assertEquals(await rerun(made), ["flow", 2, 0]);
  await mark(made);
  assertEquals(await rerun(made), ["snapshot", 0, 2]);
});

Deno.test("a rerun reads the workflow when the snapshot is corrupt", async () => {
  await using made = await project();
  const file = await snapshotFile(made);
  const text = await Deno.readTextFile(file);
  const damaged = [
    text.replace('"name":"flow"', '"name":"snapshot"'),
    text.slice(1),
    text.slice(0, text.length / 2),
    "null\n{}\n",
    "",
  ];
  for (const each of damaged) {
    await replace(file, each);
    assertEquals(await rerun(made), ["flow", 0, 2]);
  }
});

Deno.test("a rerun reads the workflow after a change of the program", async () => {
  await using made = await project();
  await mark(made);
  await mark(made, '"program":"sha256-', '"program":"sha256-0');
  assertEquals(await rerun(made), ["flow", 0, 2]);
});

Deno.test("a run from a snapshot publishes what is missing as its step kinds write it", async () => {
  await using made = await project();
  const participants = await made.read("results/caps/participants.tsv");
  const labels = await made.read("results/labels.tsv");
  await Deno.remove(`${made.folder}/results`, { recursive: true });
  await mark(made);
  assertEquals(await rerun(made), ["snapshot", 0, 2]);
  assertEquals(await made.read("results/caps/participants.tsv"), participants);
  assertEquals(await made.read("results/labels.tsv"), labels);
});

Deno.test("what is missing from the cache runs again, and corruption is reported", async () => {
  await using made = await project();
  // Published copies, which a rerun reads, replace nothing in the cache.
  assertEquals((await rerun(made)).slice(1), [0, 2]);
  const objects = `${made.folder}/.gyrus/objects`;
  for await (const { name } of Deno.readDir(objects)) {
    for await (const file of Deno.readDir(`${objects}/${name}`)) {
      const path = `${objects}/${name}/${file.name}`;
      if (!(await Deno.readTextFile(path)).includes("diagnosis")) continue;
      await Deno.remove(path);
    }
  }
  const [name, done] = await rerun(made);
  assertEquals([name, done > 0], ["flow", true]);
  assertEquals((await rerun(made)).slice(1), [0, 2]);
});

Deno.test("a plan keeps the workflow and what it asked of the program for the next one", async () => {
  await using made = await Project.make();
  await made.write("flow.toml", TRAINING);
  const plan = async (...options: string[]) =>
    JSON.parse((await made.gyrus("plan", "flow.toml", "--json", ...options)).out);
  const first = await plan();
  const train = first.instances.find(({ name }: { name: string }) => name === "train");
  assertEquals(train.notes, ["starts from random weights (seed 3)"]);

  assertEquals(typeof first.estimate.diskBytes, "number");
  // Its parameters are as in the snapshot, its estimates and notes as in the memory.
  assertEquals(await plan(), first);
  await mark(made);
  await mark(made, "starts from random weights (seed 3)", "starts as the memory has it");
  const marked = await plan();
  assertEquals([marked.workflow, marked.counts], ["snapshot", first.counts]);
  assertEquals(JSON.stringify(marked).includes("starts as the memory has it"), true);
  // An edit of the workflow leaves what was asked about equal parameters.
  await made.write("flow.toml", `# A comment.\n${TRAINING}`);
  const edited = await plan();
  assertEquals(edited.workflow, "flow");
  assertEquals(JSON.stringify(edited).includes("starts as the memory has it"), true);
});

Deno.test("a plan asks the program again when its memory is damaged or another program's", async () => {
  await using made = await Project.make();
  await made.write("flow.toml", TRAINING);
  const plan = async () => (await made.gyrus("plan", "flow.toml")).out;
  const first = await plan();
  const file = await snapshotFile(made);
  const text = await Deno.readTextFile(file);
  const [key, workflow, memory] = text.trimEnd().split("\n");
  const wrong = memory.replace("starts from random weights", "starts from nothing");
  const other = wrong.replace('"program":"sha256-', '"program":"sha256-0');
  assertEquals([wrong !== memory, other !== wrong], [true, true]);
  for (const damaged of [wrong, memory.slice(1), memory.slice(0, memory.length / 2), ""]) {
    await replace(file, [key, workflow, damaged, ""].join("\n"));
    assertEquals(await plan(), first);
  }

  const withDigest = JSON.stringify({ ...JSON.parse(key), memory: digestOf(other) });
  await replace(file, [withDigest, workflow, other, ""].join("\n"));
  assertEquals(await plan(), first);
});
