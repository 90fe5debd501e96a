import { assertEquals, assertStringIncludes } from "@std/assert";
import { Ledger } from "../../../src/engine/publish/ledger.ts";
import { unpublish } from "../../../src/engine/publish/unpublish.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { inFolder } from "../scratch.ts";
import { publishTree, readFiles, writeFiles } from "./tree.ts";

Deno.test("a path that another workflow of the folder has published is refused by its name", () =>
  inFolder(async (folder) => {
    const path = "out/w.txt";
    await publishTree(folder, { w: "a's" }, { path, name: "a" });
    const refused = await publishTree(folder, { w: "b's" }, { path, name: "b" });
    assertEquals([refused.status, refused.done], ["unpublished", 1]);
    assertEquals(
      refused.error,
      'out/w.txt: was published by a.toml as "out/w.txt"; publish to another path, or first run ' +
        "gyrus unpublish a.toml",
    );
    assertEquals(await Deno.readTextFile(`${folder}/out/w.txt`), "a's");
    const same = await publishTree(folder, { w: "a's" }, { path, name: "b" });
    assertEquals([same.state, same.error], ["same", ""]);
    assertEquals((await publishTree(folder, { w: "a2" }, { path, name: "a" })).state, "written");
  }));

Deno.test("a file that another workflow has published to a folder is refused by its name", () =>
  inFolder(async (folder) => {
    await publishTree(folder, { "a/x": "1", "y": "2" }, { path: "caps", name: "slices" });
    const added = await publishTree(folder, { "z": "3" }, { path: "caps/a", name: "patches" });
    assertEquals(added.error, "");
    const refused = await publishTree(folder, { "z": "3", "x": "4" }, {
      path: "caps/a",
      name: "patches",
    });
    assertStringIncludes(refused.error, 'caps/a/x: was published by slices.toml as "caps"');
    assertEquals(readFiles(`${folder}/caps`), { "a/x": "1", "a/z": "3", "y": "2" });
  }));

Deno.test("a workflow of another folder is named, by its own cache or a common one", () =>
  inFolder(async (folder) => {
    for (const cache of [undefined, `${folder}/cache`]) {
      const project = `${folder}/${cache === undefined ? "own" : "common"}`;
      await publishTree(project, { x: "1" }, { path: "sub/out", name: "outer", cache });
      const { error } = await publishTree(`${project}/sub`, { x: "2" }, { name: "inner", cache });
      assertStringIncludes(error, `was published by ${project}/outer.toml as "sub/out"`);
    }
  }));

Deno.test("two workflows publish different files to one folder", () =>
  inFolder(async (folder) => {
    await publishTree(folder, { "sub-1/image": "1" }, { name: "a" });
    await publishTree(folder, { "sub-1/tensor": "2" }, { name: "b" });
    assertEquals((await publishTree(folder, { "sub-1/image": "3" }, { name: "a" })).error, "");
    assertEquals((await publishTree(folder, { "tensor": "4" }, { name: "b" })).error, "");
    assertEquals(readFiles(`${folder}/out`), { "sub-1/image": "3", "tensor": "4" });
  }));

Deno.test("another output at a path replaces what it names, and the rest stays until unpublished", () =>
  inFolder(async (folder) => {
    await publishTree(folder, { a: "1", b: "1" }, { step: "one" });
    for (let run = 0; run < 2; run++) {
      assertEquals((await publishTree(folder, { a: "2" }, { step: "two" })).error, "");
      assertEquals(readFiles(`${folder}/out`), { a: "2", b: "1" });
    }
    const ledger = new Ledger(openStore(`${folder}/.gyrus`), folder);
    const { removed } = await unpublish(ledger.store, ledger, ledger.entries(), false);
    assertEquals(removed, ["out/a", "out/b"]);
  }));

Deno.test("a workflow file that was renamed still knows what it published", () =>
  inFolder(async (folder) => {
    await publishTree(folder, { x: "1", y: "1" }, { name: "old" });
    await Deno.remove(`${folder}/old.toml`);
    assertEquals((await publishTree(folder, { x: "2" }, { name: "new" })).state, "written");
    assertEquals(readFiles(`${folder}/out`), { x: "2" });
  }));

Deno.test("--force-publish takes a file over from another workflow", () =>
  inFolder(async (folder) => {
    await publishTree(folder, { x: "a", y: "a" }, { name: "a" });
    await writeFiles(folder, { "out/mine": "mine" });
    const taken = await publishTree(folder, { x: "b" }, { name: "b", forcePublish: true });
    assertEquals(taken.state, "written");
    assertEquals(readFiles(`${folder}/out`), { mine: "mine", x: "b", y: "a" });
    assertStringIncludes((await publishTree(folder, { x: "a" }, { name: "a" })).error, "b.toml");
  }));
