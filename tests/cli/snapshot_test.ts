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

/** A project whose workflow has run, so that it was kept. */
async function project(): Promise<Project> {
  const made = await Project.make();
  await made.write("flow.toml", FLOW);
  await made.write("more.toml", MORE);
  const { code, err } = await made.gyrus("run", "flow.toml");
  assertEquals([code, err], [0, ""]);
  return made;
}

async function keptFile({ folder }: Project): Promise<string> {
  const names = await Array.fromAsync(Deno.readDir(`${folder}/.gyrus/readings`));
  assertEquals(names.length, 1);
  return `${folder}/.gyrus/readings/${names[0].name}`;
}

/** Gives the kept workflow another name, by which its use can be told. */
async function mark(project: Project, from = '"name":"flow"', to = '"name":"kept"') {
  const file = await keptFile(project);
  const text = await Deno.readTextFile(file);
  const [condition, kept] = text.replace(from, to).split("\n");
  await replace(
    file,
    `${JSON.stringify({ ...JSON.parse(condition), kept: digestOf(kept) })}\n${kept}\n`,
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

Deno.test("a rerun plans the workflow that was kept, until a text or an option changes", async () => {
  await using made = await project();
  await mark(made);
  assertEquals(await rerun(made), ["kept", 0, 2]);
  assertEquals(await rerun(made, "labels"), ["kept", 0, 1 + 1]);
  assertEquals(await rerun(made, "--set", "params.people=2"), ["flow", 0, 2]);
  // What was kept is now of these options.
  await mark(made);
  assertEquals(await rerun(made), ["flow", 0, 2]);
  await mark(made);
  await made.write("flow.toml", `# A comment.\n${FLOW}`);
  assertEquals(await rerun(made), ["flow", 0, 2]);
  await mark(made);
  await made.write("more.toml", MORE.replace("people = 2", "people = 3"));
  assertEquals(await rerun(made), ["flow", 2, 0]);
  await mark(made);
  assertEquals(await rerun(made), ["kept", 0, 2]);
});

Deno.test("a rerun reads anew when what was kept is damaged", async () => {
  await using made = await project();
  const file = await keptFile(made);
  const text = await Deno.readTextFile(file);
  const damaged = [
    text.replace('"name":"flow"', '"name":"kept"'),
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

Deno.test("a rerun reads anew after a change of the program", async () => {
  await using made = await project();
  await mark(made);
  await mark(made, '"program":"sha256-', '"program":"sha256-0');
  assertEquals(await rerun(made), ["flow", 0, 2]);
});

Deno.test("what was kept publishes what is missing as its step kinds write it", async () => {
  await using made = await project();
  const participants = await made.read("results/caps/participants.tsv");
  const labels = await made.read("results/labels.tsv");
  await Deno.remove(`${made.folder}/results`, { recursive: true });
  await mark(made);
  assertEquals(await rerun(made), ["kept", 0, 2]);
  assertEquals(await made.read("results/caps/participants.tsv"), participants);
  assertEquals(await made.read("results/labels.tsv"), labels);
});

Deno.test("what is gone from the cache runs again, and corruption is reported", async () => {
  await using made = await project();
  // Published copies, which a rerun looks at, stand in for nothing.
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
