/** README shows real output: its workflow is run, its step is used, its commands exist. */
import { assert, assertEquals } from "@std/assert";
import { COMMANDS } from "../src/cli/commands/mod.ts";
import { Project, steady } from "./cli/project.ts";

const readme = await Deno.readTextFile(new URL("../README.md", import.meta.url));

/** The first block of a language, in README's order. */
function block(language: string): string {
  const text = readme.match(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "m"))?.[1];
  assert(text !== undefined, `README has no ${language} block`);
  return text;
}

const FIRST = "workflows/first.toml";
const first = await Deno.readTextFile(new URL(`../${FIRST}`, import.meta.url));

/**
 * Sizes and counts must agree; times and the widths that follow from them need not, nor how the program
 * is called.
 */
function comparable(text: string): string {
  return steady(text).replaceAll(/ +/g, " ").replaceAll("./gyrus ", "gyrus ");
}

Deno.test("README shows workflows/first.toml", () => {
  assert(first.endsWith(block("toml")));
});

Deno.test("the commands of README work in a clone: both files exist", () => {
  for (const [, file] of block("sh").matchAll(/\.\/gyrus run (\S+)/g)) {
    assert(Deno.statSync(new URL(`../${file}`, import.meta.url)).isFile, file);
  }
});

Deno.test("the workflow of README gives the output that README shows", async () => {
  await using project = await Project.make();
  await Deno.mkdir(`${project.folder}/workflows`);
  await project.write(FIRST, first);
  let shown = "";
  for (const line of block("console").split("\n")) {
    const command = line.match(/^\$ \.\/gyrus (.+)$/)?.[1];
    if (command === undefined) continue;
    shown += `$ ./gyrus ${command}\n${(await project.gyrus(...command.split(" "))).out}`;
  }
  assertEquals(comparable(shown), comparable(block("console")));
});

Deno.test("the step of README runs", async () => {
  await using project = await Project.make();
  await project.write("count_rows.ts", block("ts"));
  await project.write(
    "workflow.toml",
    `${first}
[steps.count]
uses = "./count_rows.ts"
in.labels = "labels"
`,
  );
  const run = await project.gyrus("run", "workflow.toml", "count", "--quiet");
  assertEquals([run.code, run.err], [0, ""]);
  const { out } = await project.gyrus("show", "latest", "count.table/table.tsv");
  assertEquals(out, "rows\n16\n");
});

/** The commands in code of a document, without those of other programs. */
function commandsOf(text: string): string[] {
  return [...text.matchAll(/(?:^\s*(?:\$ )?|`)(?:\.\/)?gyrus ([a-z]+\b[^`\n#]*)/gm)]
    .map(([, command]) => command.trim());
}

Deno.test("every command in README and the how-to pages has the options that it is shown with", async () => {
  const folder = new URL("../docs/how-to/", import.meta.url);
  const pages = [...Deno.readDirSync(folder)].map(({ name }) =>
    Deno.readTextFileSync(new URL(name, folder))
  );
  const commands = [readme, ...pages].flatMap(commandsOf);
  assert(commands.length > 40, `${commands.length}`);
  for (const command of commands) {
    const [name, ...words] = command.split(/\s+/);
    assert(Object.hasOwn(COMMANDS, name), `gyrus ${command}: no such command`);
    const { options } = (await COMMANDS[name].load()).default;
    for (const [, option] of words.join(" ").matchAll(/--([a-z-]+)/g)) {
      assert(Object.hasOwn(options, option), `gyrus ${command}: no option --${option}`);
    }
  }
});

Deno.test("README lists every command and no other", () => {
  const listed = Array.from(readme.matchAll(/^\| `gyrus (\w+)/gm), ([, name]) => name);
  assertEquals(listed.sort(), Object.keys(COMMANDS).sort());
});
