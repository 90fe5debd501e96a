import { assertEquals } from "@std/assert";
import { base, issues, reports } from "../reading.ts";

const trainer = `${base}[steps.folds]
uses = "split.kfold"
in.labels = "labels"
[steps.train]
uses = "train.classification"
in.images = "slices"
in.folds = "folds[0]"
`;
const predict = `[steps.predict]
uses = "predict"
matrix = "train"
in = { images = "slices", participants = "labels", model = "train" }
`;

reports(
  "an axis that nothing depends on is an error with the line that was forgotten",
  `${trainer}matrix = { learning_rate = [1e-3, 1e-4], fold = { range = 5 }, net = ["conv4"] }
with.architecture = "\${matrix.net}"
`,
  `a.toml:18:12
18 | matrix = { learning_rate = [1e-3, 1e-4], fold = { range = 5 }, net = ["conv4"] }
   |            ^^^^^^^^^^^^^
nothing of train depends on the axis "learning_rate": its 2 values compute the same; write with.learning_rate = "\${matrix.learning_rate}"

a.toml:18:42
18 | matrix = { learning_rate = [1e-3, 1e-4], fold = { range = 5 }, net = ["conv4"] }
   |                                          ^^^^
nothing of train depends on the axis "fold": its 5 values compute the same; write "\${matrix.fold}" under with or in, or take the axis out`,
);

reports(
  "to be bound along an axis is no use of it by itself",
  `${trainer}matrix.net = ["a", "b"]
${predict}`,
  `a.toml:18:8
18 | matrix.net = ["a", "b"]
   |        ^^^
nothing of train or predict depends on the axis "net": its 2 values compute the same; write "\${matrix.net}" under with or in, or take the axis out`,
);

reports(
  "points that include alone gives have axes too",
  `${trainer}include = [{ net = "a" }]
`,
  `a.toml:18:11
18 | include = [{ net = "a" }]
   |           ^^^^^^^^^^^^^^^
nothing of train depends on the axis "net"; write "\${matrix.net}" under with or in, or take the axis out`,
);

Deno.test("an axis is used by a step that takes the matrix, and by what is bound along it", async () => {
  const byHeir = predict + 'with.batch_size = "${matrix.size}"\n';
  assertEquals(await issues(`${trainer}matrix.size = [8, 16]\n${byHeir}`), "");
  const seeds = base.replace(
    'with.kind = "phantom"',
    'matrix.seed = [1, 2]\nwith = { kind = "phantom", seed = "${matrix.seed}" }',
  ).replaceAll('in.caps = "caps"', 'in.caps = "caps"\nmatrix.seed = [1, 2]');
  assertEquals(await issues(seeds), "");
});

Deno.test("an axis whose use has a problem is not reported again", async () => {
  const count = async (line: string) =>
    (await issues(`${trainer}matrix.epochs = [1, 2]\n${line}\n`)).split("\n\n").length;
  assertEquals(await count('with.epoch = "${matrix.epochs}"'), 1);
  assertEquals(await count('with.epochs = "${matrix.epoch}"'), 1);
  assertEquals(await count('in.model = "${matrix.epochs}"'), 1);
});
