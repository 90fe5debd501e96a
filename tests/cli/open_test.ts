/** Which cache a command means, and that looking at one makes and changes nothing. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { call, launcher, Project, WORKFLOW } from "./project.ts";

/** A project whose workflow lies in a folder of it, as in a clone of Gyrus. */
async function projectWithFolder(): Promise<Project> {
  const project = await Project.make();
  await Deno.mkdir(`${project.folder}/flows`);
  await Deno.rename(`${project.folder}/count.ts`, `${project.folder}/flows/count.ts`);
  await Deno.rename(`${project.folder}/flow.toml`, `${project.folder}/flows/flow.toml`);
  return project;
}

/** Paths of everything in a folder with its size and time. */
async function contentOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    const { size, mtime } = await Deno.stat(path);
    found.push(`${path} ${isDirectory ? "" : size} ${mtime?.getTime()}`);
    if (isDirectory) found.push(...await contentOf(path));
  }
  return found.sort();
}

const LOOKS: readonly string[][] = [
  ["runs"],
  ["show"],
  ["show", "latest", "all.table"],
  ["diff"],
  ["cache", "stats"],
  ["cache", "ls"],
];

Deno.test("commands that look at runs find the only cache in a folder of this one, and change nothing", async () => {
  await using project = await projectWithFolder();
  await project.gyrus("run", "flows/flow.toml", "--quiet");
  await project.gyrus("run", "flows/flow.toml", "--quiet", "--set", "params.far=5");
  const before = await contentOf(project.folder);
  for (const args of LOOKS) {
    const { code, err } = await project.gyrus(...args);
    assertEquals([args, code, err], [args, 0, ""]);
  }
  assertEquals(await contentOf(project.folder), before);
  for (const args of [["report"], ["verify", "--quiet"], ["export", "--crate", "crate"]]) {
    const { code, err } = await project.gyrus(...args);
    assertEquals([args, code, err], [args, 0, ""]);
  }
});

Deno.test("without a cache such a command reports that, and makes none", async () => {
  await using project = await Project.make();
  for (const args of [["runs"], ["show"], ["diff"], ["verify"], ["view"], ["cache", "gc"]]) {
    const { code, err } = await project.gyrus(...args);
    assertEquals(code, 2, args.join(" "));
    assertStringIncludes(err, `error: there is no cache in ${project.folder} or in a folder in it`);
  }
  const named = await project.gyrus("report", "flow.toml");
  assertEquals([named.code, named.err], [
    2,
    "error: there is no cache at .gyrus; gyrus run flow.toml makes it\n",
  ]);
  const names = await Array.fromAsync(Deno.readDir(project.folder), ({ name }) => name);
  assertEquals(names.sort(), ["count.ts", "flow.toml"]);
});

Deno.test("a workflow file names its cache and its runs; several caches are listed", async () => {
  await using project = await projectWithFolder();
  await project.write("flows/other.toml", WORKFLOW.replace('"counting"', '"other"'));
  await project.gyrus("run", "flows/flow.toml", "first", "--quiet");
  await project.gyrus("run", "flows/other.toml", "first", "--quiet");
  const workflows = async (...args: string[]) => {
    const { out } = await project.gyrus("runs", ...args);
    return out.trimEnd().split("\n").slice(1).map((line) => line.split(/ +/)[1]);
  };
  assertEquals(await workflows(), ["other", "counting"]);
  assertEquals(await workflows("flows/flow.toml"), ["counting"]);
  assertStringIncludes(
    (await project.gyrus("show", "latest", "flows/flow.toml")).out,
    "workflow  counting (flows/flow.toml)",
  );

  await project.write("count.ts", await project.read("flows/count.ts"));
  await Deno.mkdir(`${project.folder}/again`);
  await project.write("again/count.ts", await project.read("flows/count.ts"));
  await project.write("again/flow.toml", WORKFLOW);
  await project.gyrus("run", "again/flow.toml", "first", "--quiet");
  const several = await project.gyrus("runs");
  assertEquals([several.code, several.err], [
    2,
    "error: several folders here have a cache: again/.gyrus, flows/.gyrus; " +
    "name a workflow FILE, or one of them by --cache\n",
  ]);
  assertEquals(await workflows("again/flow.toml"), ["counting"]);
  assertEquals(await workflows("--cache", "flows/.gyrus"), ["other", "counting"]);

  await Deno.rename(`${project.folder}/again`, `${project.folder}/moved`);
  assertEquals(await workflows("moved/flow.toml"), ["counting"], "a moved folder keeps its runs");
});

/** The commands in a text, each up to the words that explain it. */
function commandsIn(text: string): string[] {
  return Array.from(
    text.matchAll(
      /(?:see|again:|next:|;|`)\s*(\S*gyrus [a-z-]+[^\n`]*?)(?= lists| makes| is one|`|$)/gm,
    ),
    ([, command]) => command,
  );
}

Deno.test("every command that Gyrus prints works when it is typed in the same folder", async () => {
  await using project = await projectWithFolder();
  await Deno.symlink(launcher, `${project.folder}/gyrus`);
  await project.write(
    "flows/flow.toml",
    `${WORKFLOW}\n[profile.far]\ncache = "../far away"\n`,
  );
  const shell = (command: string) => call("sh", ["-c", command], { cwd: project.folder });
  const failing = "--set each.fail=true";
  const calls = [
    `./gyrus run flows/flow.toml ${failing} --jobs 1`,
    `./gyrus run flows/flow.toml ${failing} --jobs 1 --profile far`,
    `./gyrus run flows/flow.toml ${failing} --jobs 1 --cache 'a cache'`,
    "./gyrus show 1999",
    "./gyrus steps x.y",
    "./gyrus frobnicate",
    "./gyrus check",
    "./gyrus cache pin",
    "./gyrus new study",
  ];
  for (const each of calls) {
    const { out, err } = await shell(each);
    const commands = commandsIn(out + err);
    assert(commands.length > 0, `${each}: ${out}${err}`);
    for (const command of commands) {
      // A failed instance fails again, as it should.
      const expected = command.includes("each.fail=true") ? 1 : 0;
      // The starter trains networks: planning it shows that the command reads it.
      const typed = await shell(command.replace("gyrus run study/", "gyrus plan study/"));
      assertEquals([command, typed.code], [command, expected], typed.err);
    }
  }
});
