import { assertEquals, assertStringIncludes } from "@std/assert";
import { inFolder } from "../scratch.ts";
import { z } from "zod";
import { pathParameter } from "../../../src/workflow/path_parameter.ts";
import { defineStep, type StepKind } from "../../../src/workflow/step.ts";
import { publishTree, readFiles, writeFiles } from "./tree.ts";

/** Its key has the content of all files of the folder. */
const lookAtFolder = defineStep({
  kind: "look",
  version: 1,
  summary: "Looks at a folder.",
  params: z.object({ path: pathParameter().describe("the folder") }),
  inputs: {},
  outputs: { value: { type: "value", description: "nothing" } },
  runs: "inline",
  run: () => Promise.resolve({ value: { files: {} } }),
}) as unknown as StepKind;

const names = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();

Deno.test("publishing into a folder with other files adds, updates and removes its own alone", () =>
  inFolder(async (folder) => {
    const others = { "sub/image.nii": "image", "notes": "mine", ".hidden/x": "x", "empty/": "" };
    await writeFiles(`${folder}/out`, {
      "sub/image.nii": "image",
      notes: "mine",
      ".hidden/x": "x",
    });
    await Deno.mkdir(`${folder}/out/empty`);
    await publishTree(folder, { "a": "1", "sub/b": "2", "new/c": "3" });
    assertEquals(readFiles(`${folder}/out`), { ...others, a: "1", "sub/b": "2", "new/c": "3" });
    assertEquals((await publishTree(folder, { "a": "1", "sub/d": "4" })).state, "written");
    assertEquals(readFiles(`${folder}/out`), { ...others, a: "1", "sub/d": "4" });
    assertEquals((await publishTree(folder, { "a": "1", "sub/d": "4" })).state, "same");
  }));

Deno.test("files that others add to a published folder are no edits, and stay", () =>
  inFolder(async (folder) => {
    await publishTree(folder, { "maps.json": "{}", "split-0/model": "w" });
    await writeFiles(`${folder}/out`, { "split-0/predictions.tsv": "p", ".git/config": "g" });
    assertEquals(
      (await publishTree(folder, { "maps.json": "{}", "split-0/model": "w" })).state,
      "same",
    );
    for (const forcePublish of [false, true]) {
      const model = `w${forcePublish}`;
      const again = await publishTree(folder, { "split-0/model": model }, { forcePublish });
      assertEquals([again.state, again.error], ["written", ""]);
      assertEquals(readFiles(`${folder}/out`), {
        ".git/config": "g",
        "split-0/model": model,
        "split-0/predictions.tsv": "p",
      });
    }
  }));

Deno.test("--force-publish replaces the files that the output names and no others", () =>
  inFolder(async (folder) => {
    await writeFiles(`${folder}/out`, { "a": "other", "b": "other", "sub/c": "other" });
    const refused = await publishTree(folder, { "a": "1", "new/d": "2" });
    assertEquals(refused.status, "unpublished");
    assertEquals(
      refused.error,
      "out/a: exists and was not written by Gyrus; move it away, or add --force-publish",
    );
    assertEquals(readFiles(`${folder}/out`), { "a": "other", "b": "other", "sub/c": "other" });
    const forced = await publishTree(folder, { "a": "1", "new/d": "2" }, { forcePublish: true });
    assertEquals(forced.status, "done");
    assertEquals(readFiles(`${folder}/out`), {
      "a": "1",
      "b": "other",
      "new/d": "2",
      "sub/c": "other",
    });
  }));

Deno.test("a file that was there with the right bytes is no reason to refuse, and not Gyrus's", () =>
  inFolder(async (folder) => {
    await writeFiles(`${folder}/out`, { "a": "1" });
    assertEquals((await publishTree(folder, { "a": "1" })).state, "same");
    assertEquals((await publishTree(folder, { "a": "1", "b": "2" })).state, "written");
    const changed = await publishTree(folder, { "a": "3", "b": "2" });
    assertStringIncludes(changed.error, "out/a: exists and was not written by Gyrus");
    assertEquals((await publishTree(folder, { "b": "2" })).state, "same");
    assertEquals(readFiles(`${folder}/out`), { "a": "1", "b": "2" });
  }));

Deno.test("an edited file that the output no longer has stays", () =>
  inFolder(async (folder) => {
    await publishTree(folder, { "a": "1", "b": "2" });
    await writeFiles(`${folder}/out`, { "b": "edited" });
    assertEquals((await publishTree(folder, { "a": "3" })).error, "");
    assertEquals(readFiles(`${folder}/out`), { "a": "3", "b": "edited" });
  }));

Deno.test("a file that a step reads is never replaced, whoever wrote it", () =>
  inFolder(async (folder) => {
    await writeFiles(folder, { "data/labels.tsv": "labels", "data/image": "image" });
    const read = (path: string) => ({
      reader: { uses: "file", with: { path: `${folder}/${path}` } },
    });
    const options = { path: "data", forcePublish: true, steps: read("data/labels.tsv") };
    const named = await publishTree(folder, { "labels.tsv": "new", "other": "o" }, options);
    assertEquals(
      named.error,
      "data/labels.tsv: is read by step reader and so is not replaced; publish to another path",
    );
    const opened = { opened: { uses: "folder", with: { path: `${folder}/data` } } };
    const below = await publishTree(folder, { "image": "new" }, { ...options, steps: opened });
    assertStringIncludes(below.error, "data/image: is read by step opened");
    assertEquals(readFiles(`${folder}/data`), { "image": "image", "labels.tsv": "labels" });
  }));

Deno.test("what a workflow publishes into a folder that it reads is no new input", () =>
  inFolder(async (folder) => {
    await writeFiles(folder, { "data/image": "image" });
    const steps = { looked: { uses: lookAtFolder, with: { path: `${folder}/data` } } };
    const first = await publishTree(folder, { "results/a": "1" }, { path: "data", steps });
    assertEquals([first.state, first.done], ["written", 2]);
    const second = await publishTree(folder, { "results/a": "1" }, { path: "data", steps });
    assertEquals([second.state, second.done], ["same", 0]);
    await writeFiles(folder, { "data/results/a": "edited" });
    const edited = await publishTree(folder, { "results/a": "1" }, { path: "data", steps });
    assertEquals(edited.done, 1);
  }));

Deno.test("a path can turn from a file to a folder and back where all files are Gyrus's", () =>
  inFolder(async (folder) => {
    await publishTree(folder, { "x": "file" });
    await publishTree(folder, { "x/y/z": "deep" });
    assertEquals(readFiles(`${folder}/out`), { "x/y/z": "deep" });
    await publishTree(folder, { "x": "file" });
    assertEquals(readFiles(`${folder}/out`), { "x": "file" });
    await publishTree(folder, { "x/y": "folder" });
    await writeFiles(folder, { "out/x/mine": "mine" });
    const refused = await publishTree(folder, { "x": "file" }, { forcePublish: true });
    assertStringIncludes(refused.error, "out/x: is a folder, but a file is to be published there");
    assertEquals(readFiles(`${folder}/out`), { "x/mine": "mine", "x/y": "folder" });
  }));

Deno.test("a file where a folder must be is reported and stays", () =>
  inFolder(async (folder) => {
    await writeFiles(folder, { "out": "mine" });
    const { error } = await publishTree(folder, { "a": "1" }, { forcePublish: true });
    assertStringIncludes(error, "out: is a file, but files are to be published below it");
    assertEquals(await Deno.readTextFile(`${folder}/out`), "mine");
  }));

Deno.test("no symbolic link leads out, and nothing is made where one would", () =>
  inFolder(async (folder) => {
    const project = `${folder}/project`;
    await writeFiles(folder, { "elsewhere/keep": "keep", "project/out/real": "r" });
    await Deno.symlink(`${folder}/elsewhere`, `${project}/link`);
    await Deno.symlink(`${folder}/elsewhere`, `${project}/out/link`);
    await Deno.symlink(`${folder}/elsewhere/keep`, `${project}/out/file`);
    for (
      const [path, files, problem] of [
        ["link/a/b", { x: "1" }, "link: leads out of the project folder"],
        ["out", { "link/deep/x": "1" }, "out/link: leads out of the folder out"],
        ["out", { file: "1" }, "out/file: exists and was not written by Gyrus"],
      ] as const
    ) {
      const { error } = await publishTree(project, files, { path });
      assertStringIncludes(error, problem);
    }
    assertEquals(readFiles(`${folder}/elsewhere`), { keep: "keep" });
    assertEquals((await publishTree(project, { file: "1" }, { forcePublish: true })).error, "");
    assertEquals(readFiles(`${folder}/elsewhere`), { keep: "keep" });
    assertEquals(names(project), [".gyrus", "link", "out", "toy.toml"]);
  }));

Deno.test("hidden files of an output, and pairs that can't exist together, are refused", () =>
  inFolder(async (folder) => {
    for (const path of [".git/hooks/pre-commit", "a/.ssh/rc", ".bashrc"]) {
      const { error } = await publishTree(folder, { "x": "1", [path]: "bad" });
      assertStringIncludes(error, `"${path}" is hidden; Gyrus publishes no such files`);
    }
    const { status, error } = await publishTree(folder, { "a": "1", "a/b": "2" });
    assertEquals(status, "failed");
    assertStringIncludes(error, `"a" is a file, so that there can be no "a/b"`);
    assertEquals(names(folder), [".gyrus", "toy.toml"]);
  }));

Deno.test("a path inside the cache is refused", () =>
  inFolder(async (folder) => {
    const cache = `${folder}/cache`;
    const { error } = await publishTree(folder, { "a": "1" }, { path: "cache/objects", cache });
    assertStringIncludes(error, "cache/objects: is inside the cache");
    const around = await publishTree(`${folder}/p`, { "cache/tmp/x": "1" }, {
      cache: `${folder}/p/out/cache`,
    });
    assertStringIncludes(around.error, "out/cache/tmp/x: is inside the cache");
  }));

Deno.test("a type that is published as one file has one", () =>
  inFolder(async (folder) => {
    const { error } = await publishTree(folder, { "a": "1", "b": "2" }, { path: "out/a.txt" });
    assertStringIncludes(error, "is one file by the output's type, but the output has several");
    assertEquals(names(folder), [".gyrus", "toy.toml"]);
  }));
