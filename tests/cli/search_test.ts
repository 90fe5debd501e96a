/** `gyrus search`, and what other commands print of a search. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Random } from "../../src/random.ts";
import { linesUntilKilled } from "../engine/killed_process.ts";
import { tinyTraining } from "../search/tiny_training.ts";
import { launcher, Project } from "./project.ts";

const SEARCH = `version = 1
${tinyTraining(4)}[search.rates]
metric = "train.loss"
goal = "minimize"
n_trials = 3
pruner = { asha = { min = 1, max = 4, eta = 2 } }
[search.rates.space]
"train.learning_rate" = { log_uniform = [1e-5, 1e-2] }
`;

Deno.test("check counts searches and reports a problem of one with its place", async () => {
  await using project = await Project.make();
  await project.write("s.toml", SEARCH);
  assertEquals(
    (await project.gyrus("check", "s.toml")).out,
    "ok: 5 steps, 6 instances, 1 search\n",
  );
  await project.write("s.toml", SEARCH.replace('"minimize"', '"maximize"'));
  assertEquals(
    (await project.gyrus("check", "s.toml")).err,
    `s.toml:25:8
25 | goal = "maximize"
   |        ^^^^^^^^^^
maximize loss: its best values are at the other end; write goal = "minimize"
`,
  );
});

Deno.test("search names the searches of the file, and refuses --set of what it varies", async () => {
  await using project = await Project.make();
  await project.write("s.toml", SEARCH);
  const other = await project.gyrus("search", "s.toml", "rate");
  assertEquals([other.code, other.err], [
    2,
    'error: there is no search "rate"; name one: rates\n',
  ]);
  const set = await project.gyrus("search", "s.toml", "--set", "train.learning_rate=0.1");
  assertEquals(set.code, 2);
  assertStringIncludes(set.err, "--set train.learning_rate: the search rates varies it");
  const planned = await project.gyrus("plan", "s.toml", "--set", "slices.slices=[9]");
  assertStringIncludes(planned.out, ": gyrus search s.toml rates --set 'slices.slices=[9]'\n");
  const none = await project.gyrus("search", "flow.toml");
  assertEquals([none.code, none.err], [
    2,
    "error: the workflow has no search; write [search.NAME]\n",
  ]);
});

if (Deno.env.get("GYRUS_TEST_FULL") === "1") {
  Deno.test("a search trains, is replayed from the cache, and its best workflow is cached", async () => {
    await using project = await Project.make();
    await project.write("s.toml", SEARCH);
    const first = await project.gyrus("search", "s.toml");
    assertEquals(first.code, 0, first.err);
    assertMatch(first.out, /trial 2: loss [\d.]+ after \d epochs?/);
    const files = ["trials.tsv", "curves.tsv", "importances.tsv", "report.html"];
    for (const name of files) assert(await project.read(`.gyrus/searches/rates/${name}`) !== "");
    const again = await project.gyrus("search", "s.toml", "--save-as", "best.toml", "--quiet");
    assertEquals(again.code, 0, again.err);
    assert(first.out.endsWith(again.out), again.out);
    const why = await project.gyrus("why", "s.toml", "rates");
    assertEquals(why.out, "rates: all of 3 trials are cached or known to fail\n");
    const best = await project.gyrus("plan", "best.toml", "train", "--check");
    assertEquals(best.code, 0, best.out);
  });

  Deno.test("a search of 50 trials that is killed 20 times ends as one that is not", async () => {
    await using whole = await Project.make();
    await using killed = await Project.make();
    const text = SEARCH.replace("n_trials = 3", "n_trials = 50").replace("max = 4", "max = 3");
    for (const project of [whole, killed]) await project.write("s.toml", text);
    const command = (project: Project) =>
      new Deno.Command(launcher, {
        args: ["search", "s.toml", "--json"],
        cwd: project.folder,
        stdin: "null",
        stdout: "piped",
        stderr: "null",
      });
    const isTrial = (line: string) => line.startsWith('{"type":"trial"');
    const complete = await linesUntilKilled(command(whole));
    const trials = complete.lines.filter(isTrial);
    assertEquals(trials.length, 50);
    // Trials that are done are a line each, then come the events of others.
    const events = Math.ceil(2 * (complete.lines.length - 50) / 21);
    const random = new Random(9, "kills");
    let kills = 0;
    let done = 0;
    for (let index = 0; index < 20; index++) {
      const instant = { line: done + 1 + random.integer(events), delay: random.integer(300) };
      const session = await linesUntilKilled(command(killed), instant);
      if (session.killed) kills++;
      done = session.lines.filter(isTrial).length;
    }
    assert(kills >= 16, `only ${kills} of 20 kills fell within the search`);
    const last = await linesUntilKilled(command(killed));
    assertEquals(last.lines.filter(isTrial), trials);
    for (const name of ["trials.tsv", "curves.tsv", "importances.tsv"]) {
      const path = `.gyrus/searches/rates/${name}`;
      assertEquals(await killed.read(path), await whole.read(path));
    }
    const verified = await killed.gyrus("cache", "verify");
    assertEquals(verified.code, 0, verified.out + verified.err);
  });
}
