import { assertEquals } from "@std/assert";
import { base, issues, read } from "../reading.ts";

const trainer = (keys: string) =>
  `${base}
[steps.folds]
uses = "split.kfold"
in.labels = "labels"
[steps.train]
uses = "train.classification"
in = { images = "slices", folds = "folds[0]" }
${keys}
`;

Deno.test("a file of parameters ranks between [defaults] and the step", async () => {
  const files = {
    "a.toml": `version = 1
defaults.with.seed = 1
${base.replace("version = 1\n", "")}
[steps.folds]
uses = "split.kfold"
in.labels = "labels"
[steps.train]
uses = "train.classification"
in = { images = "slices", folds = "folds[0]" }
with = { config_file = "train.json", epochs = 5 }
`,
    "train.json": '{ "epochs": 9, "learning_rate": 0.5, "seed": 8 }',
  };
  const workflow = await read(files);
  const { params, origins } = workflow.instances[workflow.instances.length - 1];
  assertEquals([params.epochs, params.learning_rate, params.seed], [5, 0.5, 8]);
  assertEquals(Object.hasOwn(params, "config_file"), false);
  assertEquals(origins.learning_rate.place?.keys, ["steps", "train", "with", "config_file"]);
});

Deno.test("each point of a matrix can have a file of parameters of its own", async () => {
  const workflow = await read({
    "a.toml": trainer('matrix.size = ["small", "big"]\nwith.config_file = "${matrix.size}.json"'),
    "small.json": '{ "epochs": 1 }',
    "big.json": '{ "epochs": 100 }',
  });
  const train = workflow.instances.filter(({ step }) => step === "train");
  assertEquals(train.map(({ name, params }) => [name, params.epochs]), [
    ["train[size=small]", 1],
    ["train[size=big]", 100],
  ]);
});

Deno.test("a problem of a file of parameters is reported at the line that names it", async () => {
  const text = trainer('with.config_file = "train.json"');
  const said = async (file?: string) =>
    await issues(file === undefined ? text : { "a.toml": text, "train.json": file });
  const place = `a.toml:18:20
18 | with.config_file = "train.json"
   |                    ^^^^^^^^^^^^
`;
  assertEquals(await said(), `${place}can't read train.json: no such file`);
  assertEquals(
    await said('{ "epoch": 1 }'),
    `${place}train.json sets "epoch", which is no parameter of train.classification; ` +
      'did you mean "epochs"?',
  );
  assertEquals(
    await said('{ "epochs": 0 }'),
    `${place}epochs of train.classification must be at least 1; it is 0`,
  );
});
