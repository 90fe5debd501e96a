/** Commands that look ahead: check, plan, why, graph. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Project, steady } from "./project.ts";

Deno.test("check reports everything at once, with place, caret and suggestion", async () => {
  await using project = await Project.make();
  const good = await project.gyrus("check", "flow.toml");
  assertEquals([good.code, good.out, good.err], [0, "ok: 3 steps, 4 instances\n", ""]);

  await project.write(
    "flow.toml",
    `version = 1

[steps.first]
uses = "./count.ts"
with.m = 4

[steps.each]
uses = "./count.ts"
in.before = "frist"

[steps.other]
uses = "./cuont.ts"
`,
  );
  const { code, out, err } = await project.gyrus("check", "flow.toml");
  assertEquals([code, out], [2, ""]);
  assertEquals(
    err,
    `flow.toml:5:6
5 | with.m = 4
  |      ^
unknown parameter "m" of count; known: n, milliseconds, fail

flow.toml:9:13
9 | in.before = "frist"
  |             ^^^^^^^
there is no step "frist"; did you mean "first"?

flow.toml:12:8
12 | uses = "./cuont.ts"
   |        ^^^^^^^^^^^^
there is no module ${project.folder}/cuont.ts

3 problems
`,
  );
});

Deno.test("with --json an invalid file gives its problems on the standard output", async () => {
  await using project = await Project.make();
  const good = await project.gyrus("check", "flow.toml", "--json");
  assertEquals(JSON.parse(good.out), { problems: [], steps: 3, instances: 4 });
  await project.write(
    "flow.toml",
    'version = 1\n[steps.first]\nuses = "./count.ts"\nwith.nn = 4\n',
  );
  const problem = {
    message: 'unknown parameter "nn" of count',
    suggestion: "known: n, milliseconds, fail",
    file: `${project.folder}/flow.toml`,
    line: 4,
    column: 6,
    length: 2,
  };
  const checked = await project.gyrus("check", "flow.toml", "--json");
  assertEquals([checked.code, JSON.parse(checked.out)], [2, { problems: [problem] }]);
  const run = await project.gyrus("run", "flow.toml", "--json");
  const { type, problems } = JSON.parse(run.out);
  assertEquals([run.code, type, problems], [2, "run-refused", [problem]]);
});

Deno.test("plan is a table with reasons and lines, and --check ends with 3", async () => {
  await using project = await Project.make();
  await project.gyrus("run", "flow.toml", "--quiet");
  const clean = await project.gyrus("plan", "flow.toml", "--check");
  assertEquals(clean.code, 0);
  await project.write("flow.toml", (await project.read("flow.toml")).replace("far = 4", "far = 5"));
  const { code, out } = await project.gyrus("plan", "flow.toml", "--check");
  assertEquals(code, 3);
  assertEquals(
    steady(out).replaceAll(/ +/g, " "),
    `instance state time disk why
first will run TIME 130 B n: 4 → 5 (line 5)
each[k=1] may run TIME 132 B waits for first
each[k=2] may run TIME 132 B waits for first
all may run TIME 141 B waits for each[k=1] and 1 more

4 instances: 0 cached, 1 will run, 3 may run; about TIME, 535 B of disk, 141 B to publish
`,
  );
  const json = JSON.parse((await project.gyrus("plan", "flow.toml", "--json")).out);
  assertEquals(json.counts, { "cached": 0, "will-run": 1, "may-run": 3, "unwanted": 0 });
  assertEquals(json.instances[0].params.n, {
    value: 5,
    from: "params",
    file: `${project.folder}/flow.toml`,
    line: 5,
    column: 7,
  });
  assertEquals(json.instances[0].params.fail, { value: false, from: "default" });
});

Deno.test("plan prints the initial weights of a training, given or random", async () => {
  await using project = await Project.make();
  const step = (name: string, line = "") => `
[steps.${name}]
uses = "train.classification"
in.images = "slices"
in.folds = "folds[0]"
${line}
`;
  await project.write(
    "train.toml",
    `version = 1
[steps.caps]
uses = "caps.generate"
with.kind = "phantom"
[steps.slices]
uses = "extract.slices"
in.caps = "caps"
[steps.labels]
uses = "labels.get"
in.caps = "caps"
[steps.folds]
uses = "split.kfold"
in.labels = "labels"
${step("bare", "with.seed = 4")}${step("given", 'with.initial_weights = "flow.toml"')}${
      step("moved", 'in.transfer = "bare"')
    }`,
  );
  const { out } = await project.gyrus("plan", "train.toml");
  const why = (name: string) => out.split("\n").find((line) => line.startsWith(name)) ?? "";
  assertStringIncludes(why("bare"), ", starts from random weights (seed 4)");
  assertStringIncludes(why("given"), ", starts from the weights of flow.toml");
  assertStringIncludes(why("moved"), ", starts from transferred weights");
});

Deno.test("why prints parameters with their lines, inputs and outputs of an instance", async () => {
  await using project = await Project.make();
  await project.gyrus("run", "flow.toml", "--quiet");
  const cached = await project.gyrus("why", "flow.toml", "each[k=2]");
  assertEquals(
    steady(cached.out),
    `each[k=2]: cached

  uses count, version 1
  key DIGEST

  parameters
    n             2      flow.toml:15
    milliseconds  0      default
    fail          false  default

  inputs
    before  DIGEST

  outputs
    table  DIGEST  132 B
`,
  );
  const changed = await project.gyrus("why", "flow.toml", "all", "--set", "all.n=2");
  assertStringIncludes(
    steady(changed.out),
    "all: will run\n  - n: 3 → 2\n  compared with the result of WHEN\n",
  );
  await project.gyrus("run", "flow.toml", "first", "--quiet", "--set", "params.far=5");
  const fed = await project.gyrus("why", "flow.toml", "each", "--set", "params.far=5");
  assertEquals(
    steady(fed.out).split("\n\n").filter((block) => block.startsWith("each")),
    [1, 2].map((k) =>
      `each[k=${k}]: will run
  - input before (first): content changed
    ~ before/table.tsv
  compared with the result of WHEN
  about TIME, 132 B of disk`
    ),
  );
  const unknown = await project.gyrus("why", "flow.toml", "frist");
  assertEquals([unknown.code, unknown.err], [
    2,
    'there is no step "frist"; did you mean "first"?\n',
  ]);
});

Deno.test("graph draws the steps as Mermaid, DOT and SVG", async () => {
  await using project = await Project.make();
  const draw = async (...args: string[]) =>
    (await project.gyrus("graph", "flow.toml", ...args)).out;
  assertEquals(
    await draw(),
    `flowchart TD
  s0["first<br>count"]
  s1["each × 2<br>count"]
  s2["all<br>count"]
  s0 -->|before| s1
  s1 -->|before| s2
`,
  );
  assertStringIncludes(await draw("--format", "dot"), '  "each" -> "all" [label="before"];\n');
  const svg = await draw("--format", "svg");
  assertMatch(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 [\d.]+ [\d.]+"/);
  assertEquals(svg.match(/<rect class="box"/g)?.length, 3);
  assertEquals(svg.match(/<path class="edge"/g)?.length, 2);
  const { code, err } = await project.gyrus("graph", "flow.toml", "--format", "png");
  assertEquals([code, err], [2, 'error: --format must be mermaid, dot or svg, not "png"\n']);
});

Deno.test("plan reports what can't be trained on, once the tables exist", async () => {
  await using project = await Project.make();
  const table = (people: string[]) =>
    ["participant_id\tsession_id\tdiagnosis", ...people].join("\n") + "\n";
  await Deno.mkdir(`${project.folder}/folds/split-0`, { recursive: true });
  for (const [name, first] of [["train", 1], ["validation", 3]] as const) {
    const people = ["AD", "CN"].map((label, i) => `sub-${first + i}\tses-M000\t${label}`);
    await project.write(`folds/split-0/${name}.tsv`, table(people));
  }
  await project.write(
    "train.toml",
    `version = 1
[steps.caps]
uses = "caps.generate"
with = { kind = "phantom", n_subjects = 2 }
[steps.slices]
uses = "extract.slices"
in.caps = "caps"
[steps.folds]
uses = "tables.open"
with = { path = "folds", content = "kfold" }
[steps.train]
uses = "train.classification"
in.images = "slices"
in.folds = "folds[0]"
with.label = "group"
`,
  );
  await project.gyrus("run", "train.toml", "folds", "--quiet");
  const { code, out, err } = await project.gyrus("plan", "train.toml");
  assertEquals(code, 1);
  assertStringIncludes(out, "4 instances: 1 cached, 3 will run");
  assertStringIncludes(err, 'error: train: the training table: no column "group"; the table has ');
  const json = JSON.parse((await project.gyrus("plan", "train.toml", "--json")).out);
  assertEquals(json.problems.map(({ instance }: { instance: string }) => instance), ["train"]);
});
