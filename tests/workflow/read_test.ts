import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { base, experiment, issues, read } from "./reading.ts";

Deno.test("the documentation's experiment expands into its instances, in order", async () => {
  const workflow = await read(experiment);
  assertEquals(workflow.name, "slices-resnet18");
  assertEquals(workflow.folder, "/project");
  assertEquals(workflow.params, { seed: 42, n_splits: 4 });
  assertEquals(workflow.steps.map(({ name, instances }) => [name, instances.length]), [
    ["caps", 1],
    ["slices", 1],
    ["labels", 1],
    ["split", 1],
    ["folds", 1],
    ["train", 8],
    ["predict", 8],
    ["evaluate", 1],
  ]);
  const instance = workflow.instances.find(({ name }) =>
    name === "train[fold=2,multi_network=true]"
  );
  assert(instance);
  assertEquals(instance.axes, { fold: 2, multi_network: true });
  assertEquals(instance.params, {
    architecture: "resnet18",
    multi_network: true,
    epochs: 20,
    learning_rate: 1e-4,
    dropout: 0,
    optimizer: { name: "Adam" },
    seed: 42,
  });
  assertEquals(instance.inputs, {
    images: { instance: "slices", output: "images" },
    folds: { instance: "folds", output: "folds", index: 2 },
  });
  assertEquals(instance.execution, {
    retry: 0,
    timeout: undefined,
    resources: { cpu: 1, gpu: 1, memory: 8 * 1024 ** 3, time: 7200 },
    cache: true,
    device: "exact",
    keep: false,
  });
  const predictions = workflow.instances.at(-1)?.inputs.predictions;
  assert(Array.isArray(predictions));
  assertEquals(predictions.length, 8);
  assertEquals(predictions[1], {
    instance: "predict[fold=0,multi_network=true]",
    output: "predictions",
  });
  assertEquals(workflow.publications.length, 9);
  assertEquals(workflow.publications[3].path, "results/1/false/model");
});

Deno.test("origins name the place of each value", async () => {
  const workflow = await read(experiment, { set: ["train.epochs=3"] });
  const { origins } = workflow.instances[5];
  assertEquals(origins.learning_rate, { from: "default" });
  assertEquals(origins.epochs, { from: "set" });
  assertEquals(origins.multi_network.from, "step");
  assertEquals(origins.seed.from, "params");
  assert(origins.seed.place);
  assertEquals(await workflow.locate(origins.seed.place), {
    file: "/project/a.toml",
    line: 5,
    column: 8,
    length: 2,
    excerpt: "seed = 42",
  });
  const literal = await read(experiment.replace('"${params.seed}"', "7"));
  assertEquals(literal.instances[5].origins.seed.from, "defaults");
});

Deno.test("instances whose values don't depend on the matrix have the same parameters object", async () => {
  const workflow = await read(experiment);
  const [first, second] = workflow.steps.find(({ name }) => name === "predict")?.instances ?? [];
  assertStrictEquals(first.params, second.params);
});

Deno.test("reordering tables and axes changes neither names nor bindings", async () => {
  const reordered = experiment
    .replace(/matrix\.fold = .*\n/, "")
    .replace(
      "matrix.multi_network = [false, true]\n",
      (line) => `${line}matrix.fold = { range = "\${params.n_splits}" }\n`,
    );
  const [a, b] = [await read(experiment), await read(reordered)];
  assertEquals(a.instances.map(({ name }) => name), b.instances.map(({ name }) => name));
  assertEquals(a.instances.at(-1)?.inputs, b.instances.at(-1)?.inputs);
});

Deno.test("an interpolation alone has the value's type, inside a text it becomes text", async () => {
  const workflow = await read(`version = 1
[params]
n = 3
list = ["AD", "\${params.word}"]
word = "CN"
[steps.caps]
uses = "caps.generate"
with = { kind = "phantom", n_subjects = "\${params.n}" }
[steps.labels]
uses = "labels.get"
in.caps = "caps"
with.diagnoses = "\${params.list}"
[steps.open]
uses = "caps.open"
with.path = "data/\${ params.n }-\${params.word}"
`);
  assertEquals(workflow.instances.map(({ params }) => params), [
    { kind: "phantom", n_subjects: 3, seed: 0 },
    { diagnoses: ["AD", "CN"] },
    { path: "/project/data/3-CN", extra: [] },
  ]);
});

Deno.test("paths are resolved against the workflow file's folder", async () => {
  const workflow = await read(`version = 1
[steps.open]
uses = "caps.open"
with = { path = "../data/./caps", extra = ["x", "/abs/y"] }
`);
  assertEquals(workflow.instances[0].params, {
    path: "/data/caps",
    extra: ["/project/x", "/abs/y"],
  });
});

Deno.test("execution keys are read with their units, and interpolate params", async () => {
  const workflow = await read(`version = 1
[params]
hours = "1h30m"
[steps.caps]
uses = "caps.generate"
with.kind = "random"
retry = 2
timeout = "\${params.hours}"
resources = { cpu = 4, memory = "500MB" }
cache = false
device = "any"
keep = true
description = "Noise."
`);
  assertEquals(workflow.instances[0].execution, {
    retry: 2,
    timeout: 5400,
    resources: { cpu: 4, gpu: 0, memory: 500e6, time: undefined },
    cache: false,
    device: "any",
    keep: true,
  });
  assertEquals(workflow.steps[0].description, "Noise.");
});

Deno.test("needs orders steps without reading anything", async () => {
  const workflow = await read(`${base}
[steps.open]
uses = "caps.open"
with = { path = ".", extra = ["\${matrix.n}"] }
matrix.n = ["1", "2"]
needs = ["slices"]
[steps.late]
uses = "caps.open"
with.path = "."
needs = ["open", "labels"]
`);
  const needs = Object.fromEntries(workflow.instances.map(({ name, needs }) => [name, needs]));
  assertEquals(needs["open[n=2]"], ["slices"]);
  assertEquals(needs.late, ["open[n=1]", "open[n=2]", "labels"]);
  assert(workflow.steps.findIndex(({ name }) => name === "late") > 2);
});

Deno.test("steps come in a topological order whatever their order in the file", async () => {
  const workflow = await read(`version = 1
[steps.labels]
uses = "labels.get"
in.caps = "caps"
[steps.caps]
uses = "caps.generate"
with.kind = "phantom"
`);
  assertEquals(workflow.instances.map(({ name }) => name), ["caps", "labels"]);
});

Deno.test("a user's own step is loaded once from the folder of the file that names it", async () => {
  const asked: string[] = [];
  const files = {
    "a.toml": 'version = 1\ninclude = "sub/b.toml"\n[steps.x]\nuses = "./own.ts"\n',
    "sub/b.toml": 'steps.y.uses = "./own.ts"\nsteps.z.uses = "./own.ts"\n',
  };
  const own = { ...(await read(base)).instances[0].kind, kind: "./own.ts" };
  await issues(files, {
    resolveKind: (specifier, folder) => {
      asked.push(`${folder} ${specifier}`);
      return Promise.resolve(own);
    },
  });
  assertEquals(asked, ["/project/sub ./own.ts", "/project ./own.ts"]);
});

Deno.test("a profile is chosen by name", async () => {
  const workflow = await read(experiment, { profile: "cluster" });
  assertEquals(workflow.profile, { cache: "/shared/cache", jobs: 4 });
  assertEquals((await read(experiment)).profile, undefined);
});

Deno.test("a file with a byte order mark and Windows line ends is read", async () => {
  const workflow = await read("\uFEFF" + experiment.replaceAll("\n", "\r\n"));
  assertEquals(workflow.instances.length, 22);
});
