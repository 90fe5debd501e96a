import { assertEquals } from "@std/assert";
import { Ledger } from "../../../src/engine/publish/ledger.ts";
import { unpublish } from "../../../src/engine/publish/unpublish.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { inFolder } from "../scratch.ts";
import { publishTree, readFiles, writeFiles } from "./tree.ts";

async function unpublishAll(folder: string, dryRun = false) {
  const store = openStore(`${folder}/.gyrus`);
  const ledger = new Ledger(store, folder);
  return await unpublish(store, ledger, ledger.entries(), dryRun);
}

Deno.test("unpublish removes what is as Gyrus wrote it, and the folders that Gyrus made", () =>
  inFolder(async (folder) => {
    await writeFiles(folder, { "data/there": "1" });
    await Deno.mkdir(`${folder}/data/empty`);
    const files = { "a/b/c": "1", "d": "2", "there": "1", "empty/x": "3", "f/g": "4" };
    await publishTree(folder, files, { path: "data" });
    await publishTree(folder, { x: "1" }, { path: "results/x.txt" });
    await writeFiles(folder, { "data/d": "edited", "data/f/other": "other" });
    const dry = await unpublishAll(folder, true);
    assertEquals(dry, {
      removed: ["data/a/b/c", "data/empty/x", "data/f/g", "results/x.txt"],
      kept: ["data/d"],
    });
    assertEquals(readFiles(`${folder}/data`)["a/b/c"], "1");
    assertEquals(await unpublishAll(folder), dry);
    assertEquals(readFiles(`${folder}/data`), {
      "d": "edited",
      "empty/": "",
      "f/other": "other",
      "there": "1",
    });
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      ".gyrus",
      "data",
      "toy.toml",
    ]);
    assertEquals(await unpublishAll(folder), { removed: [], kept: [] });
    assertEquals(
      (await publishTree(folder, { x: "1" }, { path: "results/x.txt" })).state,
      "written",
    );
  }));

Deno.test("unpublish follows no link out of the published folder", () =>
  inFolder(async (folder) => {
    await publishTree(`${folder}/p`, { "a/x": "1" });
    await Deno.rename(`${folder}/p/out/a`, `${folder}/moved`);
    await Deno.symlink(`${folder}/moved`, `${folder}/p/out/a`);
    assertEquals(await unpublishAll(`${folder}/p`), { removed: [], kept: ["out/a/x"] });
    assertEquals(readFiles(`${folder}/moved`), { x: "1" });
  }));
