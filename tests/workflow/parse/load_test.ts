import { assertEquals } from "@std/assert";
import { base, issues, read, reports } from "../reading.ts";

const caps = 'uses = "caps.generate"\nwith.kind = "phantom"\n';

Deno.test("precedence: kind, include, [defaults], step, --set", async () => {
  const included = `steps.x.uses = "caps.generate"
steps.x.with = { kind = "trivial", n_subjects = 2, seed = 2 }`;
  const value = async (main: string, set: string[] = []) => {
    const files = { "a.toml": `version = 1\ninclude = "b.toml"\n${main}`, "b.toml": included };
    const { params, origins } = (await read(files, { set })).instances[0];
    return [params.seed, origins.seed.from];
  };
  assertEquals(await value(""), [2, "include"]);
  assertEquals(await value("defaults.with.seed = 3"), [3, "defaults"]);
  assertEquals(await value("defaults.with.seed = 3\nsteps.x.with.seed = 4"), [4, "step"]);
  assertEquals(await value("steps.x.with.seed = 4", ["x.seed=5"]), [5, "set"]);
});

Deno.test("params of the including file reach the included one", async () => {
  const workflow = await read({
    "a.toml": 'version = 1\ninclude = ["b.toml", "c.toml"]\nparams.n = 7\n',
    "b.toml": `version = 1
params.n = 1
params.seed = 1
[steps.x]
uses = "caps.generate"
with = { kind = "phantom", n_subjects = "\${params.n}", seed = "\${params.seed}" }`,
    "c.toml": "params.seed = 9\n",
  });
  assertEquals(workflow.instances[0].params, { kind: "phantom", n_subjects: 7, seed: 9 });
  assertEquals(workflow.instances[0].origins.n_subjects.from, "params");
  assertEquals(workflow.instances[0].origins.seed.from, "include");
  assertEquals([...workflow.sources.keys()], [
    "/project/a.toml",
    "/project/b.toml",
    "/project/c.toml",
  ]);
});

Deno.test("a matrix comes only from the last file that has one", async () => {
  const workflow = await read({
    "a.toml": 'version = 1\ninclude = "b.toml"\nsteps.x.matrix.seed = [1]\n' +
      'steps.x.with.seed = "${matrix.seed}"\n',
    "b.toml": `[steps.x]\n${caps}matrix.other = [1, 2]\n`,
  });
  assertEquals(workflow.instances.map(({ name }) => name), ["x[seed=1]"]);
});

Deno.test("files that include each other are shown as a chain", async () => {
  assertEquals(
    await issues({
      "a.toml": 'version = 1\ninclude = "sub/b.toml"\n',
      "sub/b.toml": 'include = "../c.toml"\n',
      "c.toml": 'include = "sub/b.toml"\n',
    }),
    `c.toml:1:11
1 | include = "sub/b.toml"
  |           ^^^^^^^^^^^^
files include each other: sub/b.toml -> c.toml -> sub/b.toml`,
  );
});

Deno.test("a file that is not there is an issue of the line that includes it", async () => {
  assertEquals(
    await issues('version = 1\ninclude = ["nowhere.toml"]\n'),
    `a.toml:2:12
2 | include = ["nowhere.toml"]
  |            ^^^^^^^^^^^^^^
can't read /project/nowhere.toml: no such file`,
  );
});

Deno.test("include takes paths only", async () => {
  assertEquals(
    await issues("version = 1\ninclude = [3]\n"),
    `a.toml:2:12
2 | include = [3]
  |            ^
include must be a path or a list of paths`,
  );
});

Deno.test("the file itself not being there has no line", async () => {
  assertEquals(await issues({}), "can't read /project/a.toml: no such file");
});

Deno.test("each file has its own TOML error", async () => {
  assertEquals(
    await issues({
      "a.toml": 'version = 1\ninclude = ["b.toml", "c.toml"]\n',
      "b.toml": "params.x = [1,\n",
      "c.toml": "params.y = \nparams.z = 1 2\n",
    }),
    `b.toml:1:15
1 | params.x = [1,
  |               ^
not valid TOML: a value is missing

c.toml:1:11
1 | params.y = 
  |           ^
not valid TOML: a value is missing`,
  );
});

reports(
  "a date",
  `${base}with.diagnoses = [2024-01-01]\n`,
  `a.toml:11:19
11 | with.diagnoses = [2024-01-01]
   |                   ^^^^^^^^^^
dates and times can't be used; write it in quotes`,
);

reports(
  "infinity",
  `${base}retry = inf\n`,
  `a.toml:11:9
11 | retry = inf
   |         ^^^
inf and nan can't be used in a workflow`,
);

reports(
  "TOML syntax",
  "version = 1\n[steps.caps\nuses = 1\n",
  `a.toml:2:12
2 | [steps.caps
  |            ^
not valid TOML: a table's name is not closed`,
);
