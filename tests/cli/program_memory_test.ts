import { assert, assertEquals, assertRejects } from "@std/assert";
import { ProgramMemory } from "../../src/cli/program_memory.ts";
import { ALL_SOURCES, programStamp, READER_SOURCES } from "../../src/cli/program_stamp.ts";
import { relative } from "../../src/workflow/paths.ts";

const root = new URL("../../", import.meta.url).pathname;

Deno.test("a later process takes an answer from the text of an earlier one", async () => {
  const memory = new ProgramMemory();
  assertEquals(await memory.ask({ a: [1] }, () => Promise.resolve({ bytes: 3 })), { bytes: 3 });
  assert(memory.isChanged);
  const later = new ProgramMemory(memory.toText());
  const never = () => Promise.reject(new Error("asked again"));
  assertEquals(await later.ask({ a: [1] }, never), { bytes: 3 });
  assertEquals([later.isChanged, later.toText()], [false, memory.toText()]);
  await assertRejects(() => later.ask({ a: [2] }, never), Error, "asked again");
});

Deno.test("a text of another program, or with answers that JSON can't express, is not used", async () => {
  const memory = new ProgramMemory();
  await memory.ask("q", () => Promise.resolve("old"));
  const text = memory.toText();
  for (
    const other of [text.replace("sha256-", "sha256-0"), text.slice(0, -1), "null", "{}", "\0"]
  ) {
    const later = new ProgramMemory(other);
    assertEquals(await later.ask("q", () => Promise.resolve("new")), "new");
  }
  await memory.ask("endless", () => Promise.resolve(Infinity));
  assertEquals(memory.toText(), "");
});

Deno.test("a program that may have been edited since it was started has no stamp", async () => {
  const all = programStamp(ALL_SOURCES);
  assert(all !== undefined && all === programStamp(ALL_SOURCES));
  assert(all !== programStamp(READER_SOURCES));
  const file = await Deno.makeTempFile();
  assertEquals(programStamp([relative(root, file)]), undefined);
  assertEquals(programStamp([...READER_SOURCES, relative(root, file)]), undefined);
  await Deno.remove(file);
});
