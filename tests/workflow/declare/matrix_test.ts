import { assert, assertEquals } from "@std/assert";
import { base, issues, read } from "../reading.ts";

const caps = (keys: string) =>
  `version = 1
[steps.caps]
uses = "caps.generate"
with.kind = "phantom"
${keys}
`;

async function names(text: string): Promise<string[]> {
  return (await read(text)).instances.map(({ name }) => name);
}

Deno.test("the matrix is the product of its axes, the last by name varying fastest", async () => {
  assertEquals(
    await names(
      caps(
        "matrix = { b = { range = 2 }, a = [true, 1e-4] }\nwith.note = '${matrix.a} ${matrix.b}'",
      ),
    ),
    [
      "caps[a=true,b=0]",
      "caps[a=true,b=1]",
      "caps[a=0.0001,b=0]",
      "caps[a=0.0001,b=1]",
    ],
  );
});

Deno.test("lists and their elements interpolate params", async () => {
  const params = "params = { n = 2, list = [5, 6] }\n";
  const matrix =
    'matrix = { a = "${params.list}", b = ["x", "y${params.n}"] }\nwith.note = "${matrix.a} ${matrix.b}"';
  assertEquals(await names(params + caps(matrix)), [
    "caps[a=5,b=x]",
    "caps[a=5,b=y2]",
    "caps[a=6,b=x]",
    "caps[a=6,b=y2]",
  ]);
});

Deno.test("exclude takes points out and include adds some", async () => {
  const note = 'with.note = "${matrix.a} ${matrix.b}"\n';
  const matrix = note +
    "matrix = { a = [1, 2], b = [1, 2] }\nexclude = [{ a = 1, b = 2 }, { a = 2 }]\n";
  assertEquals(await names(caps(`${matrix}include = [{ b = 9, a = 3 }]`)), [
    "caps[a=1,b=1]",
    "caps[a=3,b=9]",
  ]);
  assertEquals(await names(caps(note + "include = [{ a = 1, b = 'x' }, { a = 2, b = 'y' }]")), [
    "caps[a=1,b=x]",
    "caps[a=2,b=y]",
  ]);
});

Deno.test("a step takes another's matrix with what is excluded and included", async () => {
  const text = `${caps("with.seed = '${matrix.n}'\nmatrix.n = [1, 2, 3]\nexclude = [{ n = 2 }]")}
[steps.labels]
uses = "labels.get"
matrix = "caps"
in.caps = "caps"
`;
  const workflow = await read(text);
  assertEquals(workflow.instances.slice(2).map(({ name, inputs }) => [name, inputs.caps]), [
    ["labels[n=1]", { instance: "caps[n=1]", output: "caps" }],
    ["labels[n=3]", { instance: "caps[n=3]", output: "caps" }],
  ]);
});

Deno.test("axes bind by name, are picked by value and collected along one axis", async () => {
  const workflow = await read(`${base}
[steps.folds]
uses = "split.kfold"
in.labels = "labels"
[steps.train]
uses = "train.classification"
matrix = { fold = [0, 1], lr = [1e-4, 1e-3] }
in = { images = "slices", folds = "folds[\${matrix.fold}]" }
with.learning_rate = "\${matrix.lr}"
[steps.predict]
uses = "predict"
matrix.fold = [0, 1]
in = { images = "slices", participants = "labels", model = "train[lr=1e-4]" }
[steps.byFold]
uses = "predict"
matrix.fold = [1]
in = { images = "slices", participants = "labels", model = "train[fold=0,lr=0.001].model" }
with.batch_size = "\${matrix.fold}"
[steps.all]
uses = "evaluate"
matrix.fold = [0, 1]
in.predictions = "predict[fold=*]"
with.group_by = ["of fold \${matrix.fold}"]
[steps.same]
uses = "evaluate"
matrix.fold = [0, 1]
in.predictions = "predict"
`);
  const input = (name: string, port: string) =>
    workflow.instances.find((instance) => instance.name === name)?.inputs[port];
  assertEquals(input("predict[fold=1]", "model"), {
    instance: "train[fold=1,lr=0.0001]",
    output: "model",
  });
  assertEquals(input("byFold[fold=1]", "model"), {
    instance: "train[fold=0,lr=0.001]",
    output: "model",
  });
  const collected = input("all[fold=1]", "predictions");
  assert(Array.isArray(collected));
  assertEquals(collected.map(({ instance }) => instance), ["predict[fold=0]", "predict[fold=1]"]);
  assertEquals(input("same[fold=1]", "predictions"), {
    instance: "predict[fold=1]",
    output: "predictions",
  });
});

Deno.test("[*] collects only along the axes that the consumer lacks", async () => {
  const workflow = await read(`${base}
[steps.model]
uses = "train.classification"
matrix = { fold = [0, 1], net = ["resnet18", "conv4"] }
in = { images = "slices", folds = "folds[\${matrix.fold}]" }
with.architecture = "\${matrix.net}"
[steps.folds]
uses = "split.kfold"
in.labels = "labels"
[steps.predict]
uses = "predict"
matrix = "model"
in = { images = "slices", participants = "labels", model = "model" }
[steps.evaluate]
uses = "evaluate"
matrix.net = ["resnet18", "conv4"]
in.predictions = "predict[*].predictions"
`);
  const { inputs } = workflow.instances[workflow.instances.length - 1];
  assert(Array.isArray(inputs.predictions));
  assertEquals(inputs.predictions.map(({ instance }) => instance), [
    "predict[fold=0,net=conv4]",
    "predict[fold=1,net=conv4]",
  ]);
});

Deno.test("what is no matrix is refused at its place", async () => {
  const said = async (keys: string) => (await issues(caps(keys))).split("\n").pop();
  assertEquals(
    await said("matrix = 3"),
    'matrix must be a table of axes or the name of a step, "train"',
  );
  assertEquals(
    await said('matrix = "cap"'),
    'matrix names the step "cap", which is not there; did you mean "caps"?',
  );
  assertEquals(await said('matrix = "caps"'), "matrices taken from each other: caps -> caps");
  assertEquals(
    await said("matrix.n = []"),
    "the axis n must be a list with at least one value",
  );
  assertEquals(
    await said("matrix.n = { range = 0 }"),
    "the axis n must be a list or { range = n } with a whole number n of at least 1",
  );
  assertEquals(
    await said('matrix."n n" = [1]'),
    '"n n" can\'t be the name of an axis; use letters, digits, _ and -, with a letter first',
  );
  assertEquals(await said("matrix.n = [1, '1']"), "the axis n has the value 1 twice");
  assertEquals(
    await said("matrix.n = ['a,b']"),
    "a value of the axis n must be a number, true, false, or a text that is not empty and has " +
      'none of the characters , = [ ] " * $',
  );
  assertEquals(
    await said("matrix = { a = { range = 2000 }, b = { range = 2000 } }"),
    "the matrix of caps has 4000000 points; at most 1000000 are allowed",
  );
  assertEquals(
    await said("matrix.a = [1]\nexclude = [{ b = 1 }]"),
    'caps has no matrix axis "b"; known: a',
  );
  assertEquals(await said("matrix.a = [1]\nexclude = [{}]"), "exclude needs at least one axis");
  assertEquals(
    await said("matrix.a = [1]\nexclude = 1"),
    "exclude must be a list of tables such as [{ fold = 0 }]",
  );
  assertEquals(
    await said("matrix.a = [1, 2]\nexclude = [{ a = 3 }]"),
    "the matrix of caps has no a=3 to exclude; known: 1, 2",
  );
  assertEquals(
    await said("matrix = { a = [1, 2], b = [1] }\nexclude = [{ a = 1 }, { a = 1, b = 1 }]"),
    "the matrix of caps has no a=1,b=1 to exclude",
  );
  assertEquals(
    await said("matrix.a = [1]\nexclude = [{ a = 1 }]"),
    "exclude leaves nothing of the matrix of caps",
  );
  assertEquals(
    await said("matrix.a = [1]\ninclude = [{ b = 1 }]"),
    "include must give every axis of caps and no other: a",
  );
  assertEquals(
    await said("matrix.a = [1]\ninclude = [{ a = 1 }]"),
    "the matrix of caps has a=1 already",
  );
});
