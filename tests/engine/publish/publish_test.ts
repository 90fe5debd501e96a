import { assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "../../../src/engine/run/run.ts";
import { openStore } from "../../../src/engine/store/store.ts";
import { inFolder } from "../scratch.ts";
import { toyWorkflow } from "../toy_workflow.ts";
import { publishTree, readFiles, writeFiles } from "./tree.ts";

Deno.test("published files are copies, and left alone when equal", () =>
  inFolder(async (folder) => {
    assertEquals((await publishTree(folder, { a: "1", "b/c": "2" })).state, "written");
    assertEquals(readFiles(`${folder}/out`), { a: "1", "b/c": "2" });
    const stat = () => Deno.statSync(`${folder}/out/a`);
    const { nlink, ino } = stat();
    assertEquals(nlink, 1);
    assertEquals((await publishTree(folder, { a: "1", "b/c": "2" })).state, "same");
    assertEquals((await publishTree(folder, { a: "1", "b/c": "3" })).state, "written");
    assertEquals(stat().ino, ino, "an unchanged file of a changed output was written again");
    assertEquals(readFiles(`${folder}/out`), { a: "1", "b/c": "3" });
  }));

Deno.test("an edited or foreign file is not overwritten without force", () =>
  inFolder(async (folder) => {
    const path = "out/text.txt";
    await publishTree(folder, { a: "1" }, { path });
    await writeFiles(folder, { [path]: "mine" });
    const refused = await publishTree(folder, { a: "2" }, { path });
    assertEquals(refused.status, "unpublished");
    assertStringIncludes(refused.error, "was edited since Gyrus wrote it");
    assertEquals(await Deno.readTextFile(`${folder}/${path}`), "mine");
    assertEquals(
      (await publishTree(folder, { a: "2" }, { path, forcePublish: true })).status,
      "done",
    );
    assertEquals(await Deno.readTextFile(`${folder}/${path}`), "2");
  }));

Deno.test("a deleted publication is written again, and a moved project still knows its files", () =>
  inFolder(async (folder) => {
    await publishTree(`${folder}/old`, { a: "1" });
    await Deno.remove(`${folder}/old/out/a`);
    assertEquals((await publishTree(`${folder}/old`, { a: "1" })).state, "written");
    await Deno.rename(`${folder}/old`, `${folder}/new`);
    assertEquals((await publishTree(`${folder}/new`, { a: "2" })).state, "written");
  }));

Deno.test("published files are recognized by their size and times, without reading them", () =>
  inFolder(async (folder) => {
    await publishTree(folder, { a: "1" });
    // So that the times of the file are older than what is known of it.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await publishTree(folder, { a: "1" });
    const { open } = Deno;
    const opened: string[] = [];
    Deno.open = (path, options) => {
      opened.push(String(path));
      return open(path, options);
    };
    try {
      assertEquals((await publishTree(folder, { a: "1" })).state, "same");
    } finally {
      Deno.open = open;
    }
    assertEquals(opened.filter((path) => path.includes("/out/")), []);
  }));

Deno.test("what can't be published leaves the run done, and the next run publishes it", () =>
  inFolder(async (folder) => {
    await writeFiles(folder, { "out": "a file in the way" });
    const refused = await publishTree(folder, { a: "1" });
    assertEquals([refused.status, refused.done], ["unpublished", 1]);
    await Deno.remove(`${folder}/out`);
    const { state, status, done } = await publishTree(folder, { a: "1" });
    assertEquals([state, status, done], ["written", "done", 0]);
  }));

Deno.test("targets limit what is planned, counted and published", () =>
  inFolder(async (folder) => {
    const workflow = toyWorkflow({
      one: { uses: "constant", with: { text: "1" } },
      two: { uses: "constant", with: { text: "2" } },
      data: { uses: "folder", with: { path: `${folder}/data` } },
      both: { uses: "join", in: { values: ["one", "two"] } },
    }, { folder, publish: { "1.txt": "one", "2.txt": "two", "both.txt": "both" } });
    await writeFiles(folder, { "data/x": "x" });
    const store = openStore(`${folder}/.gyrus`);
    await run(store, workflow);
    for (const name of ["1.txt", "2.txt", "both.txt"]) await Deno.remove(`${folder}/${name}`);
    await Deno.remove(`${folder}/data`, { recursive: true });
    const published = async (targets: string[]) => {
      const paths: string[] = [];
      const { counts } = await run(store, workflow, {
        targets,
        onEvent: (event) => event.type === "published" && void paths.push(event.path),
      });
      return [counts.cached, counts.skipped, ...paths];
    };
    assertEquals(await published(["one"]), [1, 0, "1.txt"]);
    assertEquals(await published(["both"]), [3, 0, "1.txt", "2.txt", "both.txt"]);
  }));
