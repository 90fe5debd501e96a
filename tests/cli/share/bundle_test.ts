/** `gyrus bundle` and `gyrus open`, with a step of the user's own. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { call, launcher, Project } from "../project.ts";

Deno.test("a colleague opens a bundle, sees its run, and continues from it", async () => {
  await using project = await Project.make();
  await project.write(
    "flow.toml",
    (await project.read("flow.toml")).replace("[params]", '[params]\nwhere = "/data/of/mine"'),
  );
  assertEquals((await project.gyrus("run", "flow.toml", "--quiet")).code, 0);
  const dry = await project.gyrus("bundle", "flow.toml", "latest", "study.zip", "--dry-run");
  assertMatch(dry.out, /all\.table\/table\.tsv +\d+ B/);
  const written = await project.gyrus("bundle", "flow.toml", "latest", "study.zip");
  assertMatch(written.out, /^wrote study\.zip \(\d+ files, [\d.]+ KiB\)\n/);
  assertStringIncludes(written.out, "stay without --participants, such as first log");
  assertEquals(
    written.err,
    "warning: the workflow's text names /data/of/mine, which leaves with it\n",
  );
  const again = await project.gyrus("bundle", "latest", "study.zip");
  assertEquals([again.code, again.err.includes("exists already")], [1, true]);
  await Deno.rename(`${project.folder}/study.zip`, `${project.root}/study.zip`);
  const colleague = (...args: string[]) => call(launcher, args, { cwd: project.root });
  const opened = await colleague("open", "study.zip");
  assertEquals(opened.code, 0, opened.err);
  assertMatch(opened.out, /^opened study: run \S+ with 4 records and \d+ objects\n/);
  const published = await Deno.readTextFile(`${project.root}/study/published/results/all.tsv`);
  assertEquals(published, await project.read("results/all.tsv"));
  assertMatch((await colleague("show", "study/flow.toml")).out, /^run \S+: done\n/);
  const run = await colleague("run", "study/flow.toml");
  assertStringIncludes(run.out, "nothing to do: 4 cached");
  assertStringIncludes(
    (await colleague("show", "study/flow.toml", "latest", "all")).out,
    "from study.zip",
  );
  const longer = await colleague("run", "study/flow.toml", "--set", "all.n=5", "--quiet");
  assertEquals(longer.code, 0, longer.err);
  const twice = await colleague("open", "study.zip", "study");
  assertEquals([twice.code, twice.err.includes("is not empty")], [1, true]);
});

Deno.test("a step of the user's own that has changed since the run is not bundled", async () => {
  await using project = await Project.make();
  assertEquals((await project.gyrus("run", "flow.toml", "--quiet")).code, 0);
  await project.write(
    "count.ts",
    (await project.read("count.ts")).replace('"Counts"', '"Counted"'),
  );
  const { code, err } = await project.gyrus("bundle", "flow.toml", "latest", "study.zip");
  assertEquals(code, 1);
  assertStringIncludes(err, "count.ts: has changed since the run; run the workflow again");
});
