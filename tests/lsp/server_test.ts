import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PassThrough } from "node:stream";
import * as lsp from "vscode-languageserver-protocol/node";
import { serve } from "../../src/lsp/server.ts";
import { loadKind, stepModules } from "../../src/steps/mod.ts";
import { reading } from "../../src/steps/engine_options.ts";
import { launcher } from "../cli/project.ts";
import { connectChild, connectEditor, type Editor } from "./editor.ts";

/** Runs a test with a server in this process; nothing but the pipe is missing. */
function edit(name: string, body: (editor: Editor, folder: string) => Promise<void>): void {
  Deno.test(`while editing, ${name}`, async () => {
    const folder = await Deno.makeTempDir();
    const [toServer, toEditor] = [new PassThrough(), new PassThrough()];
    const kinds = { names: Object.keys(stepModules), load: loadKind, resolve: reading.resolveKind };
    const served = serve(lsp.createProtocolConnection(toServer, toEditor), kinds, reading);
    const editor = await connectEditor(lsp.createProtocolConnection(toEditor, toServer));
    try {
      await body(editor, folder);
      await editor.close();
      assertEquals(await served, true);
    } finally {
      toServer.destroy();
      toEditor.destroy();
      await Deno.remove(folder, { recursive: true });
    }
  });
}

const HEAD = `version = 1
[params]
seed = 3
[steps.caps]
uses = "generate.phantom"
with.n_subjects = 8
[steps.labels]
uses = "labels.get"
in.caps = "caps"
[steps.split]
uses = "split.holdout"
in.labels = "labels"
with = { subset_name = "validation", n_test = 0.25 }
[steps.folds]
uses = "split.kfold"
in.labels = "split.train"
[steps.slices]
uses = "extract.slices"
in.caps = "caps"
`;

edit("problems appear at their line and go when they are mended", async (editor, folder) => {
  const path = `${folder}/a b.toml`;
  editor.open(path, `${HEAD}with.slice_mod = "rgb"\n`);
  assertEquals(await editor.problems(path), [
    '20: unknown parameter "slice_mod" of extract.slices: did you mean "slice_mode"?',
  ]);
  editor.change(path, `${HEAD}with.slice_mode = "rgb"\n`);
  assertEquals(await editor.problems(path), []);
  editor.change(path, `${HEAD}with.slice_mode = \n`);
  assertEquals(await editor.problems(path), ["20: not valid TOML: a value is missing"]);
});

edit("a problem of an included file appears in that file", async (editor, folder) => {
  await Deno.writeTextFile(`${folder}/base.toml`, HEAD.replace("n_subjects", "n_subject"));
  const path = `${folder}/main.toml`;
  editor.open(path, 'version = 1\ninclude = "base.toml"\n');
  const [problem] = await editor.problems(`${folder}/base.toml`);
  assertStringIncludes(problem, '6: unknown parameter "n_subject" of generate.phantom');
  assertEquals(await editor.problems(path), []);
});

edit("a step offers its own parameters only", async (editor, folder) => {
  const path = `${folder}/w.toml`;
  editor.open(path, `${HEAD}with.slice_direction = 1\nwith.|`);
  const offered = (await editor.complete(path)).map(({ label }) => label);
  const { shape } = (await loadKind("extract.slices"))!.params;
  assertEquals(offered, Object.keys(shape).filter((name) => name !== "slice_direction"));
  assert(offered.includes("discarded_slices") && !offered.includes("n_subjects"));
  assertStringIncludes(await editor.accept(path, "slice_mode"), "with.slice_mode = ");
});

edit("keys of tables, headers and inline tables are offered", async (editor, folder) => {
  const path = `${folder}/w.toml`;
  const labels = async () => (await editor.complete(path)).map(({ label }) => label);
  editor.open(path, "version = 1\n|");
  assertEquals(await labels(), [
    "name",
    "description",
    "include",
    "params",
    "defaults",
    "publish",
    "profile",
    "search",
    "steps",
  ]);
  editor.change(path, `${HEAD}ne|\n[publish]\n`);
  assert((await labels()).includes("needs"));
  assertStringIncludes(await editor.accept(path, "needs"), "\nneeds = \n[publish]");
  editor.change(path, `${HEAD}with = { slice_mode = "rgb", | }\n`);
  assert((await labels()).includes("discarded_slices"));
  assert(!(await labels()).includes("slice_mode"));
  editor.change(path, `${HEAD}[steps.slices.wi|]\n`);
  assertStringIncludes(await editor.accept(path, "with"), "[steps.slices.with]");
});

edit("values are offered: kinds, choices and references that fit", async (editor, folder) => {
  const path = `${folder}/w.toml`;
  editor.open(path, `${HEAD}[steps.train]\nuses = "tr|"\n`);
  assertStringIncludes(
    await editor.accept(path, "train.classification"),
    'uses = "train.classification"\n',
  );
  editor.change(path, `${HEAD}with.slice_mode = |\n`);
  assertStringIncludes(await editor.accept(path, "single"), 'with.slice_mode = "single"\n');

  const training = `${HEAD}[steps.train]\nuses = "train.classification"\n`;
  editor.change(path, `${training}in.images = "|"\n`);
  assertEquals((await editor.complete(path)).map(({ label }) => label), ["slices"]);
  editor.change(path, `${training}matrix.fold = { range = 5 }\nin.folds = |\n`);
  assertStringIncludes(
    await editor.accept(path, "folds[${matrix.fold}]"),
    'in.folds = "folds[${matrix.fold}]"',
  );
  const predict = `${training}matrix.fold = [0, 1]\n[steps.predict]\nuses = "predict"\n`;
  editor.change(path, `${predict}matrix = "|"\nin.model = "train"\n`);
  assertEquals((await editor.complete(path)).map(({ label }) => label), ["train"]);
  editor.change(path, `${predict}matrix = "train"\nin.participants = "|"\n`);
  assertEquals((await editor.complete(path)).map(({ label }) => label), [
    "labels",
    "split.train",
    "split.validation",
  ]);
  const evaluate = `${predict}matrix = "train"\n[steps.evaluate]\nuses = "evaluate"\n`;
  editor.change(path, `${evaluate}in.predictions = "|"\n`);
  assertEquals((await editor.complete(path)).map(({ label }) => label), ["predict[*]"]);
  editor.change(path, `${evaluate}with.seed = "\${pa|}"\n`);
  assertStringIncludes(await editor.accept(path, "params.seed"), '"${params.seed}"');
});

edit(
  "hover describes the key, the kind and the step that is referred to",
  async (editor, folder) => {
    const path = `${folder}/w.toml`;
    const at = async (marked: string) => {
      editor.change(path, marked);
      return await editor.hover(path);
    };
    editor.open(path, HEAD);
    assertEquals(
      await at(`${HEAD}with.slice_mo|de = "rgb"`),
      '**slice_mode**: "rgb" or "single", default "rgb"\n\n' +
        "Channels as a network sees them: the slice three times, or once.",
    );
    assertStringIncludes(await at(HEAD.replace("split.hold", "split.ho|ld")), "- `validation` (");
    assertStringIncludes(
      await at(HEAD.replace('= "split.train', '= "spl|it.train')),
      "**split.holdout**",
    );
    assertStringIncludes(await at(HEAD.replace("vers", "ve|rs")), "Version of the file syntax.");
    assertEquals(await at(`${HEAD}# comm|ent`), "");
  },
);

edit("references, parameters and files lead to their definition", async (editor, folder) => {
  await Deno.writeTextFile(`${folder}/base.toml`, HEAD);
  const path = `${folder}/main.toml`;
  const at = async (marked: string) => {
    editor.change(path, marked);
    return (await editor.definition(path))?.slice(folder.length + 1);
  };
  editor.open(path, "");
  assertEquals(await at(HEAD.replace('"split.train', '"sp|lit.train')), "main.toml:10");
  const including = 'version = 1\ninclude = ["base.toml"]\n[steps.more]\nuses = "./my.ts"\n';
  assertEquals(await at(`${including}in.caps = "ca|ps"\n`), "base.toml:4");
  assertEquals(await at(`${including}with.n = "\${params.se|ed}"\n`), "base.toml:3");
  assertEquals(await at(including.replace("base", "ba|se")), "base.toml:1");
  assertEquals(await at(including.replace("./my", "./m|y")), "my.ts:1");
  assertEquals(await at(`${including}[publish]\n"x.tsv" = "mo|re"\n`), "main.toml:3");
});

Deno.test("gyrus lsp answers on standard input and output, and ends with its editor", async () => {
  const child = new Deno.Command(launcher, {
    args: ["lsp"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { connection, end } = connectChild(child);
  const editor = await connectEditor(connection);
  const path = new URL("../../workflows/tutorial.toml", import.meta.url).pathname;
  editor.open(path, await Deno.readTextFile(path));
  assertEquals(await editor.problems(path), []);
  await editor.close();
  assertEquals((await child.status).code, 0);
  assertEquals(await end(), "");
});
