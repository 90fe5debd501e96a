import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { call, launcher, Project, steady, WORKFLOW } from "../project.ts";

Deno.test("a run prints each start with its reason, each end, and what it published", async () => {
  await using project = await Project.make();
  const first = await project.gyrus("run", "flow.toml", "--jobs", "1");
  assertEquals(first.err, "");
  assertEquals(
    steady(first.out),
    `start first  (never run)
done  first  (TIME, 130 B)
start each[k=1]  (never run)
done  each[k=1]  (TIME, 132 B)
start each[k=2]  (never run)
done  each[k=2]  (TIME, 132 B)
start all  (never run)
done  all  (TIME, 141 B)
wrote results/all.tsv
done: 4 instances run, 0 cached (TIME)
wrote .gyrus/runs/RUN/report.html
open it: gyrus view flow.toml RUN
`,
  );
  assertEquals(first.code, 0);
  assertEquals(await project.read("results/all.tsv"), "n\n4\n1\nn\n4\n2\n3\n");

  const second = await project.gyrus("flow.toml");
  assertEquals(steady(second.out), "nothing to do: 4 cached (TIME)\n");
  assertEquals(second.code, 0);
});

Deno.test("the two ways to run without the launcher do the same", async () => {
  await using project = await Project.make();
  const first = await project.withAllPermissions("run", "flow.toml", "first");
  assertStringIncludes(steady(first.out), "done: 1 instance run, 0 cached (TIME)\n");
  const second = await project.withAllPermissions("flow.toml", "first");
  assertEquals(steady(second.out), "nothing to do: 1 cached (TIME)\n");
});

Deno.test("a failure shows the last lines, the log, the files and the command to run it again", async () => {
  await using project = await Project.make();
  const { code, out, err } = await project.gyrus(
    "run",
    "flow.toml",
    "each[k=2]",
    "--set",
    "each.fail=true",
  );
  assertEquals(code, 1);
  assertStringIncludes(
    steady(out).replaceAll(/\(file:.+\)$/gm, "(PLACE)"),
    `FAILED  each[k=2]: told to fail
  at Object.run (PLACE)
  | row 1
  | row 2
  log: .gyrus/runs/RUN/logs/each,k=2.log
  files: .gyrus/runs/RUN/failed/each,k=2
  again: gyrus run flow.toml 'each[k=2]' --set each.fail=true
`,
  );
  assertEquals(
    steady(err),
    "failed: 1 failed, 1 done, 0 cached (TIME); see gyrus show flow.toml RUN\n",
  );
});

Deno.test("--keep-going goes on with what does not depend on a failure", async () => {
  await using project = await Project.make();
  await project.write(
    "flow.toml",
    `version = 1
[steps.bad]
uses = "./count.ts"
with.fail = true
[steps.after]
uses = "./count.ts"
in.before = "bad"
[steps.other]
uses = "./count.ts"
needs = []
`,
  );
  const { code, err } = await project.gyrus("run", "flow.toml", "--keep-going", "--jobs", "1");
  assertEquals(code, 1);
  assertStringIncludes(steady(err), "failed: 1 failed, 1 done, 0 cached, 1 not run (TIME)");
});

Deno.test("--quiet prints failures alone, and those on the error stream", async () => {
  await using project = await Project.make();
  const good = await project.gyrus("run", "flow.toml", "--quiet");
  assertEquals([good.code, good.out, good.err], [0, "", ""]);
  const bad = await project.gyrus(
    "run",
    "flow.toml",
    "first",
    "--set",
    "first.fail=true",
    "--quiet",
  );
  assertEquals([bad.code, bad.out], [1, ""]);
  assertStringIncludes(bad.err, "FAILED  first: told to fail");
});

Deno.test("--json prints every event as a line and nothing else", async () => {
  await using project = await Project.make();
  const { out, err } = await project.gyrus("run", "flow.toml", "--json", "--jobs", "1");
  assertEquals(err, "");
  const events = out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert(events.every(({ time }) => !Number.isNaN(Date.parse(time))));
  const types = events.map(({ type }) => type);
  assertEquals([types[0], types.at(-1)], ["run-started", "run-finished"]);
  assertEquals(
    events.filter(({ type }) => type === "instance-finished").map(({ instance }) => instance),
    ["first", "each[k=1]", "each[k=2]", "all"],
  );
  const progress = events.filter((event) =>
    event.type === "instance-progress" && event.instance === "each[k=2]"
  );
  assertEquals(progress.map(({ fraction, message }) => [fraction, message]), [
    [0.5, "row 1/2"],
    [1, "row 2/2"],
  ]);
  assertEquals(events.at(-1).counts, { cached: 0, done: 4, failed: 0, skipped: 0 });
});

Deno.test("the first interrupt lets steps stop, the second ends at once; a rerun goes on", async () => {
  await using project = await Project.make();
  await project.gyrus("run", "flow.toml", "first", "--quiet");
  for (const signals of [1, 2]) {
    const child = new Deno.Command(launcher, {
      args: ["run", "flow.toml", "--set", "each.milliseconds=60000"],
      cwd: project.folder,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const rest = async () => {
      while (!(await reader.read()).done);
    };
    for (let text = ""; !text.includes("start each");) {
      const { value, done } = await reader.read();
      assert(!done, "the run ended before it was interrupted");
      text += value;
    }
    const started = performance.now();
    for (let signal = 0; signal < signals; signal++) {
      child.kill("SIGINT");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const [err] = await Promise.all([new Response(child.stderr).text(), rest()]);
    assertEquals((await child.status).code, 130);
    assertStringIncludes(err, "interrupted: running steps save what they can");
    assert(performance.now() - started < 20_000);
  }
  const { out } = await project.gyrus("run", "flow.toml", "--jobs", "1");
  assertStringIncludes(steady(out), "done: 3 instances run, 1 cached (TIME)\n");
});

Deno.test("the cache is where --cache, GYRUS_CACHE or the workflow puts it, and nothing else is written", async () => {
  await using project = await Project.make();
  await project.write("flow.toml", `${WORKFLOW}\n[profile.far]\ncache = "../elsewhere"\n`);
  const { code } = await project.gyrus("run", "flow.toml", "first", "--cache", "../my cache");
  assertEquals(code, 0);
  assert((await Array.fromAsync(Deno.readDir(`${project.root}/my cache`))).length > 3);
  const names = await Array.fromAsync(Deno.readDir(project.folder), ({ name }) => name);
  assertEquals(names.sort(), ["count.ts", "flow.lock.json", "flow.toml"]);

  const env = { GYRUS_CACHE: "../my cache" };
  const second = await call(launcher, ["run", "flow.toml", "first"], { cwd: project.folder, env });
  assertEquals(steady(second.out), "nothing to do: 1 cached (TIME)\n");

  const far = await project.gyrus("run", "flow.toml", "first", "--profile", "far");
  assertEquals(steady(far.out).split("\n").at(-4), "done: 1 instance run, 0 cached (TIME)");
  assertEquals(far.err, `gyrus: the cache of profile far is ${project.root}/elsewhere\n`);
  const listed = await project.gyrus("runs", "flow.toml", "--profile=far");
  assertEquals(listed.out.split("\n").length, 3);
});

Deno.test("a cache without a name, or that is a file or a device, is refused", async () => {
  await using project = await Project.make();
  for (const name of ["", ",", "cache,"]) {
    const { code, err } = await project.gyrus("run", "flow.toml", "--cache", name);
    assertEquals([code, err], [
      2,
      `error: the cache "${name}" has an empty name; name a folder, as in --cache DIR, or ` +
      "several, as in --cache DIR,DIR\n",
    ]);
  }
  const file = await project.gyrus("run", "flow.toml", "--cache", "flow.toml");
  assertEquals([file.code, file.err], [
    1,
    `error: ${project.folder}/flow.toml/objects: a part of this path is a file, not a folder; ` +
    "choose another path\n",
  ]);
  const device = await project.gyrus("run", "flow.toml", "--cache", "/dev/null");
  assertStringIncludes(device.err, "error: no permission to write /dev/null/objects: ");
});

Deno.test("a project whose folder has a line break in its name runs and is locked", async () => {
  await using project = await Project.make("two\nlines");
  const { code, err } = await project.gyrus("run", "flow.toml", "first");
  assertEquals([code, err], [0, ""]);
  const names = await Array.fromAsync(Deno.readDir(project.folder), ({ name }) => name);
  assertEquals(names.sort(), [".gyrus", "count.ts", "flow.lock.json", "flow.toml"]);
});

Deno.test("--frozen runs while the lock file holds, and ends with 4 once a step has changed", async () => {
  await using project = await Project.make();
  const none = await project.gyrus("run", "flow.toml", "--frozen");
  assertEquals([none.code, none.err], [
    2,
    "error: --frozen needs flow.lock.json, and there is none; run once without --frozen to write it\n",
  ]);
  await project.gyrus("run", "flow.toml", "--quiet");
  assertEquals((await project.gyrus("run", "flow.toml", "--frozen")).code, 0);
  await project.write("count.ts", `${await project.read("count.ts")}// changed\n`);
  const drifted = await project.gyrus("run", "flow.toml", "--frozen");
  assertEquals([drifted.code, drifted.err], [4, "--frozen: step kind count has changed\n"]);
});

Deno.test("--frozen passes right after the first run, and without its cache, until a named file changes", async () => {
  await using project = await Project.make();
  await project.write("weights.txt", "1");
  await project.write(
    "weigh.ts",
    `import { defineStep, pathParameter, z } from "gyrus";
export default defineStep({
  kind: "weigh",
  version: 1,
  summary: "Reads a file",
  params: z.object({ weights: pathParameter().describe("A file") }),
  inputs: { before: { types: ["table"], description: "Rows" } },
  outputs: { table: { type: "table", description: "The same rows" } },
  run: async ({ inputs }) => ({
    table: { files: { "table.tsv": await inputs.before.readText("table.tsv") } },
  }),
});
`,
  );
  const step =
    '[steps.weigh]\nuses = "./weigh.ts"\nin.before = "first"\nwith.weights = "weights.txt"\n';
  await project.write("flow.toml", `${WORKFLOW}\n${step}`);
  await project.gyrus("run", "flow.toml", "--quiet");
  const frozen = () => project.gyrus("run", "flow.toml", "--frozen", "--quiet");
  assertEquals(await frozen(), { code: 0, out: "", err: "" });
  await Deno.remove(`${project.folder}/.gyrus`, { recursive: true });
  assertEquals(await frozen(), { code: 0, out: "", err: "" });
  await project.write("weights.txt", "2");
  const drifted = await frozen();
  assertEquals([drifted.code, drifted.err], [
    4,
    "--frozen: a file that weigh names has changed\n",
  ]);
});

Deno.test("--save-as writes the sweep into a file that means the same", async () => {
  await using project = await Project.make();
  const args = ["--sweep", "all.milliseconds=0,1", "--set", "params.far=5"];
  const saved = await project.gyrus("run", "flow.toml", "all", ...args, "--save-as", "swept.toml");
  assertEquals(saved.err, "wrote swept.toml\n");
  const again = await project.gyrus("run", "swept.toml", "all");
  assertEquals(steady(again.out), "nothing to do: 5 cached (TIME)\n");
  const elsewhere = await project.gyrus("run", "flow.toml", ...args, "--save-as", "/swept.toml");
  assertEquals(elsewhere.code, 2);
  assertStringIncludes(elsewhere.err, "is outside the workflow's folder");
});

Deno.test("the report is published where the workflow names it, written again when missing, never over edits", async () => {
  await using project = await Project.make();
  await project.write("flow.toml", `${WORKFLOW}"results/report.html" = "report"\n`);
  const first = await project.gyrus("run", "flow.toml");
  assertEquals(first.code, 0);
  assertStringIncludes(first.out, "wrote results/report.html\nopen it: gyrus view flow.toml ");
  assertStringIncludes(await project.read("results/report.html"), "<!doctype html>");

  const idle = await project.gyrus("run", "flow.toml");
  assertEquals(steady(idle.out), "nothing to do: 4 cached (TIME)\n");
  await Deno.remove(`${project.folder}/results/report.html`);
  const again = await project.gyrus("run", "flow.toml");
  assertEquals(
    steady(again.out),
    "nothing to do: 4 cached (TIME)\nwrote results/report.html\nopen it: gyrus view flow.toml RUN\n",
  );

  await project.write("results/report.html", "my notes");
  const edited = await project.gyrus("run", "flow.toml", "--set", "params.far=5", "--quiet");
  assertEquals(edited.code, 1);
  assertStringIncludes(edited.err, "results/report.html: was edited since Gyrus wrote it");
  assertEquals(await project.read("results/report.html"), "my notes");
  const forced = ["--set", "params.far=6", "--quiet", "--force-publish"];
  assertEquals((await project.gyrus("run", "flow.toml", ...forced)).code, 0);
  assertStringIncludes(await project.read("results/report.html"), "<!doctype html>");
});

Deno.test("a file of somebody else in place of the lock file is refused before anything runs, and kept", async () => {
  await using project = await Project.make();
  for (const text of ['{ "lockfileVersion": 3, "packages": {} }\n', "null", "", '{"version": 1}']) {
    await project.write("flow.lock.json", text);
    const { code, err } = await project.gyrus("run", "flow.toml");
    assertEquals([code, err], [
      2,
      "error: flow.lock.json is damaged, or no lock file that Gyrus wrote; move it away, or rename flow.toml\n",
    ]);
    assertEquals(await project.read("flow.lock.json"), text);
  }
  const names = await Array.fromAsync(Deno.readDir(project.folder), ({ name }) => name);
  assertEquals(names.includes("results"), false);
});
