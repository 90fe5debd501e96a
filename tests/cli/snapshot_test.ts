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
  const [key, workflow] = text.replace(from, to).split("\n");
  await replace(
    file,
    `${JSON.stringify({ ...JSON.parse(key), workflow: digestOf(workflow) })}\n${workflow}\n`,
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
