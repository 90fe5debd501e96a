import { assertEquals } from "@std/assert";
import { base, issues, read } from "../reading.ts";

const folds = `${base}
[steps.folds]
uses = "split.kfold"
matrix.seed = [1, 2]
in.labels = "labels"
with.seed = "\${matrix.seed}"
[publish]
`;

const last = async (line: string) => (await issues(folds + line)).split("\n").pop() ?? "";

Deno.test("a path that names the axes is expanded, a picked instance and element need none", async () => {
  const workflow = await read(`${folds}"out/\${matrix.seed}/folds" = "folds"
"./out//first" = "folds[seed=2].folds[0]"
"labels.tsv" = "labels.labels"
`);
  assertEquals(workflow.publications.map(({ path, binding }) => [path, binding]), [
    ["out/1/folds", { instance: "folds[seed=1]", output: "folds" }],
    ["out/2/folds", { instance: "folds[seed=2]", output: "folds" }],
    ["out/first", { instance: "folds[seed=2]", output: "folds", index: 0 }],
    ["labels.tsv", { instance: "labels", output: "labels" }],
  ]);
  assertEquals((await workflow.locate(workflow.publications[3].place)).column, 1);
});

Deno.test("a path that lacks an axis is reported with a path that has it", async () => {
  assertEquals(
    await issues(`${folds}"out/folds" = "folds"\n`),
    `a.toml:18:15
18 | "out/folds" = "folds"
   |               ^^^^^^^
folds has the axis seed, but the path names none; write "out/seed=\${matrix.seed}/folds"`,
  );
});

Deno.test("problems of publications", async () => {
  const cases: [string, string][] = [
    [
      '"../x" = "labels"',
      '"../x" can\'t be published to: it is outside the folder of the workflow file',
    ],
    [
      '"a/../../x" = "labels"',
      '"a/../../x" can\'t be published to: it is outside the folder of the workflow file',
    ],
    [
      '"/tmp/x" = "labels"',
      "\"/tmp/x\" can't be published to: write a path relative to the workflow file's folder",
    ],
    ['"." = "labels"', '"." can\'t be published to: it names nothing'],
    [
      '"a.toml" = "labels"',
      '"a.toml" can\'t be published to: it is the workflow file itself',
    ],
    [
      '".gyrus/x" = "labels"',
      '".gyrus/x" can\'t be published to: ".gyrus" is hidden; choose a name without a leading dot',
    ],
    [
      '"a/.git/hooks/post-checkout" = "labels"',
      '"a/.git/hooks/post-checkout" can\'t be published to: ".git" is hidden; ' +
      "choose a name without a leading dot",
    ],
    [
      '"out/.rc-${matrix.seed}" = "folds"',
      '"out/.rc-2" can\'t be published to: ".rc-2" is hidden; choose a name without a leading dot',
    ],
    ['"a.lock.json" = "labels"', '"a.lock.json" can\'t be published to: it is the lock file'],
    ['"a\\u001bb" = "labels"', '"a\x1bb" can\'t be published to: it has a control character'],
    ["'a\\b' = 'labels'", '"a\\b" can\'t be published to: use / between folders'],
    [
      '"a" = "labels"\n"./a" = "caps"',
      '"a" is published twice: labels.labels and caps.caps',
    ],
    [
      '"a" = "labels"\n"a/b/c" = "caps"',
      '"a/b/c" is inside "a", which is published too',
    ],
    ['"a" = "lables"', 'there is no step "lables"; did you mean "labels"?'],
    ['"a" = 3', 'what goes to "a" must be a reference in quotes'],
    [
      '"a" = "folds[*]"',
      '"folds[*]" collects several artifacts, but a path takes a single one; ' +
      "name the axes in the path: ${matrix.AXIS}",
    ],
    [
      '"a/${matrix.sede}" = "folds[seed=1]"',
      'folds has no matrix axis "sede"; did you mean "seed"?',
    ],
    ['"a" = "labels.table"', 'labels has no output "table"; known: labels'],
  ];
  for (const [line, expected] of cases) assertEquals(await last(line), expected, line);
});

Deno.test("the output's type decides whether a path names a file or a folder, never a dot", async () => {
  const { publications } = await read(
    `${folds}"out/p-\${matrix.seed}.5" = "folds"
"fold.tsv" = "folds[seed=1].folds[0]"
"labels" = "labels"
"caps.nii" = "caps"
`,
    { fileTypes: new Set(["labels"]) },
  );
  assertEquals(publications.map(({ path, isFile }) => [path, isFile]), [
    ["out/p-1.5", false],
    ["out/p-2.5", false],
    ["fold.tsv", false],
    ["labels", true],
    ["caps.nii", false],
  ]);
});

Deno.test("files that the workflow is made of, and files that it reads, are no places to publish to", async () => {
  const including = `version = 1\ninclude = "b.toml"\n${folds.slice("version = 1\n".length)}`;
  const opening = `${base}[steps.opened]\nuses = "caps.open"\nwith.path = "data/list"\n[publish]\n`;
  const fileTypes = new Set(["labels"]);
  const files = { "a.toml": `${including}"b.toml" = "labels"\n`, "b.toml": "[params]\nx = 1\n" };
  for (
    const [found, problem] of [
      [await issues(files), "it is a file of the workflow"],
      [await issues(`${opening}"data/list" = "labels"\n`, { fileTypes }), "step opened reads it"],
      [await issues(`${opening}"data/list" = "slices"\n`, { fileTypes }), ""],
    ]
  ) assertEquals(found.split("can't be published to: ")[1] ?? "", problem);
});

Deno.test("the reserved reference report means the run's report, unless a step has that name", async () => {
  const workflow = await read(`${folds}"./out//report.html" = "report"\n"labels.tsv" = "labels"\n`);
  assertEquals(workflow.reports, ["out/report.html"]);
  assertEquals(workflow.publications.map(({ path }) => path), ["labels.tsv"]);
  assertEquals(
    await last('"../report.html" = "report"\n'),
    '"../report.html" can\'t be published to: it is outside the folder of the workflow file',
  );
  assertEquals(
    await last('"out" = "report"\n"./out" = "labels"\n'),
    '"out" is published twice: labels.labels and run.report',
  );
  const named = `${base}
[steps.report]
uses = "split.kfold"
in.labels = "labels"
[publish]
"out" = "report"
`;
  const { reports, publications } = await read(named);
  assertEquals([reports, publications.map(({ binding }) => binding.instance)], [[], ["report"]]);
});
