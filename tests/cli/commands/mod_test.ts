/** Commands that look back at runs, keep the cache, or describe what there is. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { call, Project, steady } from "../project.ts";

Deno.test("runs, show and diff look back", async () => {
  await using project = await Project.make();
  await project.gyrus("run", "flow.toml", "--quiet");
  await project.gyrus("run", "flow.toml", "--quiet", "--set", "params.far=5");
  assertEquals(
    steady((await project.gyrus("runs")).out).replaceAll(/ +/g, " "),
    `run workflow status time params.far result
RUN counting done TIME 5
RUN counting done TIME 4
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
each[k=1] count done TIME input before (first): content changed
each[k=2] count done TIME input before (first): content changed
all count done TIME input before: 2 of 2 elements changed
`,
  );
  assertEquals(
    await show("latest", "first.table"),
    "table  DIGEST\n\ntable.tsv\nn\n5\n",
  );
  assertEquals(await show("latest", "first.table/table.tsv"), "n\n5\n");
  assertStringIncludes(await show("latest", "each[k=1]"), "each[k=1]: done in TIME\n  uses count");
  assertStringIncludes(await show("latest", "first"), "\n  log\n    row 1\n    row 2\n");
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

Deno.test("diff without arguments compares the last two runs, and names a failure and changed code", async () => {
  await using project = await Project.make();
  await project.gyrus("run", "flow.toml", "first", "--quiet");
  const only = await project.gyrus("diff");
  assertEquals([only.code, steady(only.err)], [
    2,
    "error: run RUN is the first of flow.toml\n",
  ]);
  await project.write("count.ts", `${await project.read("count.ts")}// changed\n`);
  await project.gyrus("run", "flow.toml", "first", "--quiet");
  const code = steady((await project.gyrus("diff")).out);
  assertEquals(code, "RUN → RUN\nfirst:\n  code changed\n");
  await project.gyrus("run", "flow.toml", "first", "--quiet", "--set", "first.fail=true");
  assertEquals(
    steady((await project.gyrus("diff", "latest")).out),
    'RUN → RUN\nfirst:\n  outcome: "done" → "failed"\n  fail: false → true\n',
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

Deno.test("cache lists what it has, retains what is pinned, and removes what nothing needs", async () => {
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

Deno.test("cache verify moves corrupt objects to quarantine and exits with 4", async () => {
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
  assertMatch(out, /^corrupt, moved to quarantine: sha256-[0-9a-f]{64}\n/);
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
wrote study/deno.jsonc
wrote study/.gitignore

next: gyrus run study/workflow.toml
`,
  );
  JSON.parse(await project.read("study/schema.json"));
  const checked = await project.gyrus("check", "study/workflow.toml");
  assertEquals([checked.code, checked.err], [0, ""]);
  const again = await project.gyrus("new", "study");
  assertEquals(again.code, 2);
  assertStringIncludes(again.err, "exists already");
});

Deno.test("new starts from a folder of images, named as the workflow finds it", async () => {
  await using project = await Project.make();
  await Deno.mkdir(`${project.folder}/my "caps"`);
  const made = await project.gyrus("new", "studies/one", "--caps", 'my "caps"');
  assertEquals([made.code, made.err], [0, ""]);
  assertStringIncludes(
    await project.read("studies/one/workflow.toml"),
    String.raw`caps_directory = "../../my \"caps\""`,
  );
  const absent = await project.gyrus("new", "studies/two", "--bids", "nowhere");
  assertEquals([absent.code, absent.err], [2, "error: --bids nowhere is not a folder\n"]);
});

Deno.test("an editor finds the types of a user's step by the file that new writes", async () => {
  await using project = await Project.make();
  await project.gyrus("new", "study");
  const step = await project.read("count.ts");
  await project.write("study/right.ts", step);
  await project.write("study/wrong.ts", step.replace("fail } = context", "none } = context"));
  const { code, err } = await call(Deno.execPath(), ["check", "right.ts", "wrong.ts"], {
    cwd: `${project.folder}/study`,
  });
  assertEquals(code, 1);
  assertStringIncludes(err, "Property 'none' does not exist on type");
  assertEquals(/at .*right\.ts/.test(err), false, err);
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
    "error: --input must be channels, height and width such as 3x208x179, or channels, depth, height " +
    'and width such as 1x169x208x179, not "3x64"\n',
  ]);
});

Deno.test("networks prints those that reconstruct their input, which have no outputs to choose", async () => {
  await using project = await Project.make();
  assertMatch((await project.gyrus("networks")).out, /^AE_Conv5_FC3 +\S/m);
  const { out } = await project.gyrus("networks", "Vanilla3DdenseVAE", "--batch-size", "1");
  assertMatch(out, /^var_layer +Linear +128x1x1x1 +131,200 /m);
  assertStringIncludes(out, "\nVanilla3DdenseVAE, input 1x80x96x80: 20,411,360 parameters, ");
  for (
    const [args, message] of [
      [["CVAE_3D_half", "--outputs", "3"], "CVAE_3D_half reconstructs its input"],
      [["CVAE_3D"], "CVAE_3D has 866,946,369 parameters"],
    ] as const
  ) {
    const { code, err } = await project.gyrus("networks", ...args);
    assertEquals(code, 2);
    assertStringIncludes(err, message);
  }
});

Deno.test("networks prints shapes of volumes and the memory of several batch sizes", async () => {
  await using project = await Project.make();
  const { code, out } = await project.gyrus("networks", "Conv5_FC3", "--input", "1x169x208x179");
  assertEquals(code, 0);
  assertMatch(out, /^convolutions\.0 +Conv3d +8x169x208x179 +224 /m);
  assertMatch(out, /^convolutions\.19 +MaxPool3d +128x6x7x6 +0 /m);
  assertStringIncludes(out, "\nConv5_FC3, input 1x169x208x179: 42,293,972 parameters, ");
  const sizes = [...out.matchAll(/^training with batches of (\d+): about/gm)].map(([, n]) => n);
  assertEquals(sizes, ["1", "2", "4", "8"]);
});

Deno.test("help and wrong usage list what there is", async () => {
  await using project = await Project.make();
  const help = await project.gyrus("--help");
  assertEquals(help.code, 0);
  assertMatch(help.out, /^usage: gyrus COMMAND/);
  const command = await project.gyrus("check", "--help");
  assertMatch(command.out, /^usage: gyrus check FILE \[OPTIONS\]\n/);
  for (const word of ["--version", "-v", "version"]) {
    assertMatch((await project.gyrus(word)).out, /^gyrus \d+\.\d+\.\d+ \(Deno /);
  }
  assertMatch((await project.gyrus("test", "--help")).out, /^usage: gyrus test \[OPTIONS\]\n/);
  assertStringIncludes(help.out, "\n  test ");
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
      `error: there is no cache in ${project.folder} or in a folder in it; ` +
      "name a workflow FILE, or a cache by --cache DIR\n",
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
