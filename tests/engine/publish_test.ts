import { assert, assertEquals } from "@std/assert";
import { run, type RunOptions } from "../../src/engine/run/run.ts";
import { openStore } from "../../src/engine/store/store.ts";
import { inFolder } from "./scratch.ts";
import { toyWorkflow } from "./toy_workflow.ts";

async function publish(folder: string, text: string, options: RunOptions = {}) {
  const workflow = toyWorkflow({
    text: { uses: "constant", with: { text } },
    words: { uses: "memoized", with: { words: [text, "x"] } },
  }, { folder, publish: { "out/text.txt": "text", "out/words": "words" } });
  const states: string[] = [];
  const result = await run(openStore(`${folder}/.gyrus`), workflow, {
    ...options,
    onEvent(event) {
      if (event.type === "published") states.push(`${event.path} ${event.state}`);
    },
  });
  return { states, errors: result.errors.map((error) => error.message), status: result.status };
}

const names = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();

Deno.test("published files and trees are copies, replaced as one, and left alone when equal", () =>
  inFolder(async (folder) => {
    const first = await publish(folder, "a");
    assertEquals(first.states, ["out/text.txt written", "out/words written"]);
    assertEquals(await Deno.readTextFile(`${folder}/out/text.txt`), "a");
    assertEquals(names(`${folder}/out/words`), ["a.txt", "x.txt"]);
    assertEquals(Deno.statSync(`${folder}/out/words/a.txt`).nlink, 1);
    assertEquals((await publish(folder, "a")).states, ["out/text.txt same", "out/words same"]);
    await publish(folder, "b");
    assertEquals(names(`${folder}/out/words`), ["b.txt", "x.txt"]);
    assertEquals(names(`${folder}/out`), ["text.txt", "words"]);
  }));

Deno.test("an edited or foreign file is not overwritten without force", () =>
  inFolder(async (folder) => {
    await publish(folder, "a");
    await Deno.writeTextFile(`${folder}/out/text.txt`, "mine");
    await Deno.writeTextFile(`${folder}/out/words/notes.txt`, "mine");
    const refused = await publish(folder, "b");
    assertEquals(refused.status, "failed");
    assertEquals(refused.errors.length, 2);
    assert(refused.errors.every((message) => message.includes("was edited since")));
    assertEquals(await Deno.readTextFile(`${folder}/out/text.txt`), "mine");
    assertEquals(names(`${folder}/out`), ["text.txt", "words"]);
    assertEquals((await publish(folder, "b", { forcePublish: true })).status, "done");
    assertEquals(await Deno.readTextFile(`${folder}/out/text.txt`), "b");

    await Deno.mkdir(`${folder}/new/out`, { recursive: true });
    await Deno.writeTextFile(`${folder}/new/out/text.txt`, "foreign");
    const foreign = await publish(`${folder}/new`, "a");
    assert(foreign.errors[0].includes("was not written by Gyrus"), foreign.errors[0]);
  }));

Deno.test("a deleted publication is written again, and a moved project still knows its files", () =>
  inFolder(async (folder) => {
    await publish(`${folder}/old`, "a");
    await Deno.remove(`${folder}/old/out/text.txt`);
    assertEquals((await publish(`${folder}/old`, "a")).states[0], "out/text.txt written");
    await Deno.rename(`${folder}/old`, `${folder}/new`);
    assertEquals((await publish(`${folder}/new`, "b")).status, "done");
  }));

Deno.test("a tree that a kill left between two renames goes back to its place", () =>
  inFolder(async (folder) => {
    await publish(folder, "a");
    await Deno.rename(`${folder}/out/words`, `${folder}/out/.gyrus-old-words`);
    await Deno.mkdir(`${folder}/out/.gyrus-new-words`);
    assertEquals((await publish(folder, "b")).status, "done");
    assertEquals(names(`${folder}/out`), ["text.txt", "words"]);
    assertEquals(names(`${folder}/out/words`), ["b.txt", "x.txt"]);
  }));

Deno.test("a symbolic link may not lead a publication out of the project", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/project`);
    await Deno.mkdir(`${folder}/elsewhere`);
    await Deno.symlink(`${folder}/elsewhere`, `${folder}/project/out`);
    const { errors } = await publish(`${folder}/project`, "a");
    assert(errors[0].includes("leads out of the project folder"), errors[0]);
    assertEquals(names(`${folder}/elsewhere`), []);
  }));
