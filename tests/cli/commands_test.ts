import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Project, steady } from "./project.ts";

Deno.test("check tells everything at once, with place, caret and suggestion", async () => {
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
    `instance state time disk device why
first will run TIME 130 B n: 4 → 5 (line 5)
each[k=1] may run TIME 132 B waits for first
each[k=2] may run TIME 132 B waits for first
all may run TIME 141 B waits for each[k=1] and 1 more

4 instances: 0 cached, 1 will run, 3 may run; about TIME, 535 B of disk
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

Deno.test("plan says which weights a training begins with, given or random", async () => {
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
  assertStringIncludes(why("bare"), ", begins with random weights (seed 4)");
  assertStringIncludes(why("given"), ", begins with the weights of flow.toml");
  assertStringIncludes(why("moved"), ", begins with transferred weights");
});

Deno.test("why tells parameters with their lines, inputs and outputs of one instance", async () => {
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

Deno.test("runs, show and diff look back", async () => {
  await using project = await Project.make();
  await project.gyrus("run", "flow.toml", "--quiet");
  await project.gyrus("run", "flow.toml", "--quiet", "--set", "params.far=5");
  assertEquals(
    steady((await project.gyrus("runs")).out).replaceAll(/ +/g, " "),
    `run workflow status time instances
RUN counting done TIME 4 done
RUN counting done TIME 4 done
`,
  );
  const show = async (...args: string[]) => steady((await project.gyrus("show", ...args)).out);
  assertEquals(
    (await show("latest")).replaceAll(/ +/g, " "),
    `run RUN: done
 workflow counting (flow.toml)
 started WHEN, took TIME
 instances 4 done

instance uses outcome time why
first count done TIME n: 4 → 5
each[k=1] count done TIME waits for first
each[k=2] count done TIME waits for first
all count done TIME waits for each[k=1] and 1 more
`,
  );
  assertEquals(
    await show("latest", "first.table"),
    "table  DIGEST\n\ntable.tsv\nn\n5\n",
  );
  assertEquals(await show("latest", "first.table/table.tsv"), "n\n5\n");
  assertStringIncludes(await show("latest", "each[k=1]"), "each[k=1]: done in TIME\n  uses count");
  const missing = await project.gyrus("show", "latest", "first.tables");
  assertEquals([missing.code, missing.err], [
    2,
    'error: first has no output "tables"; its outputs are table\n',
  ]);

  const oldest = (await project.gyrus("runs")).out.trimEnd().split("\n").at(-1)?.split(" ")[0];
  const diff = await project.gyrus("diff", oldest ?? "");
  assertEquals(
    steady(diff.out),
    `RUN → RUN
params.far: 4 → 5
first:
  n: 4 → 5
  output table changed
each[k=1]:
  input before changed
  output table changed
each[k=2]:
  input before changed
  output table changed
all:
  input before changed
  output table changed
`,
  );
});

Deno.test("verify executes a run again and ends with 4 when bytes differ", async () => {
  await using project = await Project.make();
  await project.gyrus("run", "flow.toml", "first", "--quiet", "--set", "first.n=2");
  const same = await project.gyrus("verify", "--quiet");
  assertEquals([same.code, same.out, same.err], [0, "", ""]);
  const told = await project.gyrus("verify");
  assertStringIncludes(steady(told.out), "1 instance gave the same bytes (TIME)\n");

  const text = await project.read("count.ts");
  const random = text.replace('+ n + "', '+ crypto.randomUUID() + "');
  await project.write("count.ts", random);
  await project.gyrus("run", "flow.toml", "first", "--quiet");
  const { code, err } = await project.gyrus("verify", "--quiet");
  assertEquals(code, 4);
  assertStringIncludes(steady(err), "DIFFERS  first.table: recorded DIGEST, produced DIGEST\n");
});

Deno.test("plan tells what can't be trained on, once the tables are there", async () => {
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
  assertEquals(json.faults.map(({ instance }: { instance: string }) => instance), ["train"]);
});

Deno.test("cache tells what it holds, keeps what is pinned, and removes what nothing needs", async () => {
  await using project = await Project.make();
  await project.gyrus("run", "flow.toml", "--quiet");
  const cache = (...args: string[]) => project.gyrus("cache", ...args);
  assertStringIncludes((await cache("stats")).out, "4 results, 0 cached parts, 0 checkpoints");
  const list = (await cache("ls", "count")).out.trimEnd().split("\n");
  assertEquals(list.length, 5);
  assertMatch(list[0], /^key +step kind +made +time +size/);
  const misspelt = await cache("ls", "cuont");
  assertEquals(misspelt.code, 2);
  assertStringIncludes(misspelt.err, 'error: no result of step kind "cuont" in ');
  assertStringIncludes(misspelt.err, 'did you mean "count"?');
  const key = list[1].split(" ")[0];
  assertEquals((await cache("pin", key, "--note", "for the paper")).out, "1 result pinned\n");
  assertStringIncludes((await cache("ls")).out, "pinned: for the paper");
  assertEquals((await cache("unpin", key)).out, "1 result unpinned\n");
  assertStringIncludes((await cache("verify")).out, ": clean\n");
  assertStringIncludes((await cache("gc", "--dry-run", "--keep-runs", "0")).out, "(dry run)");
  assertEquals((await cache("rm", "count")).out, "4 results removed\n");
  const rerun = await project.gyrus("run", "flow.toml");
  assertStringIncludes(steady(rerun.out), "done: 4 instances run, 0 cached");

  const unknown = await cache("prune");
  assertEquals(unknown.code, 2);
  assertStringIncludes(unknown.err, 'error: unknown action "prune"');
});

Deno.test("cache verify sets damaged objects aside and ends with 4", async () => {
  await using project = await Project.make();
  await project.gyrus("run", "flow.toml", "first", "--quiet");
  const objects = `${project.folder}/.gyrus/objects`;
  for await (const { name } of Deno.readDir(objects)) {
    for await (const { name: object } of Deno.readDir(`${objects}/${name}`)) {
      const path = `${objects}/${name}/${object}`;
      if (await Deno.readTextFile(path) !== "n\n4\n") continue;
      await Deno.chmod(path, 0o644);
      await Deno.writeTextFile(path, "n\n5\n");
    }
  }
  const { code, out } = await project.gyrus("cache", "verify");
  assertEquals(code, 4);
  assertMatch(out, /^corrupt, set aside: sha256-[0-9a-f]{64}\n/);
  const rerun = await project.gyrus("run", "flow.toml", "first");
  assertStringIncludes(rerun.out, "start first  (output table is missing from the cache)");
});

Deno.test("export writes a run as an RO-Crate into a new folder", async () => {
  await using project = await Project.make();
  await project.gyrus("run", "flow.toml", "--quiet");
  const { code, out } = await project.gyrus("export", "latest", "--crate", "../crate");
  assertEquals([code, out.replace(project.root, "")], [0, "wrote /crate/ro-crate-metadata.json\n"]);
  const crate = JSON.parse(await Deno.readTextFile(`${project.root}/crate/ro-crate-metadata.json`));
  assertEquals(crate["@context"][0] ?? crate["@context"], "https://w3id.org/ro/crate/1.1/context");
  const again = await project.gyrus("export", "latest", "--crate", "../crate");
  assertEquals(again.code, 1);
  assertStringIncludes(again.err, "is not empty");
});

Deno.test("new writes a workflow that check accepts, and overwrites nothing", async () => {
  await using project = await Project.make();
  const made = await project.gyrus("new", "study");
  assertEquals(
    made.out,
    `wrote study/workflow.toml
wrote study/schema.json
wrote study/.gitignore

next: gyrus run study/workflow.toml
`,
  );
  JSON.parse(await project.read("study/schema.json"));
  const checked = await project.gyrus("check", "study/workflow.toml");
  assertEquals([checked.code, checked.err], [0, ""]);
  const again = await project.gyrus("new", "study");
  assertEquals(again.code, 2);
  assertStringIncludes(again.err, "is there already");
});

Deno.test("steps and schema describe every step kind", async () => {
  await using project = await Project.make();
  const list = await project.gyrus("steps");
  assertMatch(list.out, /^caps\.open +\S/m);
  const one = await project.gyrus("steps", "split.kfold");
  assertMatch(one.out, /^split\.kfold: .+\n/);
  const unknown = await project.gyrus("steps", "split.kfolds");
  assertEquals([unknown.code, unknown.err], [
    2,
    'error: unknown step kind "split.kfolds"; did you mean "split.kfold"?\n',
  ]);
  const schema = JSON.parse((await project.gyrus("schema")).out);
  assertEquals(schema.type, "object");
});

Deno.test("networks prints layers, sums and memory", async () => {
  await using project = await Project.make();
  assertMatch((await project.gyrus("networks")).out, /^resnet18 +\S/m);
  const { code, out } = await project.gyrus("networks", "resnet18", "--input", "3x64x64");
  assertEquals(code, 0);
  assertMatch(out, /^conv1 +\S+ +64x32x32 +9,408 /m);
  assertMatch(out, /^resnet18, input 3x64x64: 1[12],\d{3},\d{3} parameters, /m);
  const small = await project.gyrus("networks", "Conv5_FC3", "--input", "3x64");
  assertEquals([small.code, small.err], [
    2,
    'error: --input must be channels, height and width such as 3x208x179, not "3x64"\n',
  ]);
});

Deno.test("help and wrong usage tell what there is", async () => {
  await using project = await Project.make();
  const help = await project.gyrus("--help");
  assertEquals(help.code, 0);
  assertMatch(help.out, /^usage: gyrus COMMAND/);
  const command = await project.gyrus("check", "--help");
  assertMatch(command.out, /^usage: gyrus check FILE \[OPTIONS\]\n/);
  assertMatch((await project.gyrus("--version")).out, /^gyrus \d+\.\d+\.\d+ \(Deno /);
  const cases: [args: string[], err: string][] = [
    [["chekc"], 'error: unknown command "chekc"; did you mean "check"?\n'],
    [["check"], "error: FILE is missing: Workflow file; see gyrus check --help\n"],
    [
      ["check", "flow.toml", "--sett", "x"],
      'error: unknown option --sett; did you mean "--set"?\n',
    ],
    [
      ["run", "flow.toml", "--jobs", "none"],
      'error: --jobs must be a whole number of at least 1, not "none"\n',
    ],
    [["check", "flow.toml", "x"], 'error: unexpected argument "x"; see gyrus check --help\n'],
    [
      ["show", "latest"],
      `error: there is no run in ${project.folder}/.gyrus; name another cache with --cache\n`,
    ],
  ];
  for (const [args, err] of cases) {
    const called = await project.gyrus(...args);
    assertEquals([called.code, called.err], [2, err]);
  }
  const bare = await project.gyrus();
  assertEquals(bare.code, 2);
  assert(bare.out.length > 0);
});
