import { assertEquals, assertStringIncludes } from "@std/assert";
import { Project, steady } from "../project.ts";

const SECOND = `version = 1
name = "second"
[steps.first]
uses = "./count.ts"
with.n = 2
[publish]
"results/all.tsv" = "first"
"results/more/two.tsv" = "first"
`;

Deno.test("what can't be published leaves the run done, and unpublish makes room for it", async () => {
  await using project = await Project.make();
  await project.write("second.toml", SECOND);
  assertEquals((await project.gyrus("run", "flow.toml")).code, 0);
  const refused = await project.gyrus("run", "second.toml", "--quiet");
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.err, 'results/all.tsv: was published by flow.toml as "results/all');
  assertStringIncludes(steady(refused.err), "done, not published: 1 done, 0 cached (TIME)");

  const dry = await project.gyrus("unpublish", "flow.toml", "--dry-run");
  assertEquals(dry, { code: 0, out: "results/all.tsv\n1 file would be removed\n", err: "" });
  const removed = await project.gyrus("unpublish", "flow.toml", "results");
  assertEquals(removed, { code: 0, out: "1 file removed, 0 kept\n", err: "" });
  const again = await project.gyrus("run", "second.toml");
  assertEquals(steady(again.out), "wrote results/all.tsv\nnothing to do: 1 cached (TIME)\n");

  await project.write("results/all.tsv", "edited");
  const all = await project.gyrus("unpublish");
  assertEquals(all.out, "kept results/all.tsv: it was edited\n1 file removed, 1 kept\n");
  assertEquals([...Deno.readDirSync(`${project.folder}/results`)].map(({ name }) => name), [
    "all.tsv",
  ]);
});

Deno.test("unpublish lists what was published when it is given another path", async () => {
  await using project = await Project.make();
  const nothing = await project.gyrus("unpublish", "flow.toml");
  assertEquals(nothing.code, 2);
  assertStringIncludes(nothing.err, "there is no cache at .gyrus");
  await project.gyrus("run", "flow.toml");
  const other = await project.gyrus("unpublish", "flow.toml", "results/other");
  assertEquals(other.code, 2);
  assertStringIncludes(
    other.err,
    "results/other: nothing was published by flow.toml; published: results/all.tsv",
  );
});

Deno.test("a target limits what is planned, counted and published", async () => {
  await using project = await Project.make();
  await project.write(
    "flow.toml",
    (await project.read("flow.toml")) + '"results/first.tsv" = "first"\n',
  );
  assertEquals((await project.gyrus("run", "flow.toml")).code, 0);
  const before = await project.read("flow.lock.json");
  await Deno.remove(`${project.folder}/results`, { recursive: true });
  const run = await project.gyrus("run", "flow.toml", "first");
  assertEquals(steady(run.out), "wrote results/first.tsv\nnothing to do: 1 cached (TIME)\n");
  assertEquals(await project.read("flow.lock.json"), before);
  const plan = await project.gyrus("plan", "flow.toml", "first", "--set", "params.far=2");
  assertStringIncludes(
    steady(plan.out),
    "4 instances: 0 cached, 1 will run, 0 may run, 3 not selected",
  );
});
