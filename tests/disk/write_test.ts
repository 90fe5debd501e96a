import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { diskError, errorCode, isAbsent } from "../../src/disk/errors.ts";
import { makeFolder, removeTree } from "../../src/disk/folders.ts";
import { FileLock } from "../../src/disk/lock.ts";
import { replaceFile, writeNewFile } from "../../src/disk/write.ts";
import { DataError } from "../../src/errors.ts";

async function inFolder(test: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "gyrus-disk-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("a file is replaced at once, its name being as long as a disk takes", () =>
  inFolder(async (folder) => {
    const path = `${folder}/${"n".repeat(255)}`;
    await replaceFile(path, "old", true);
    await replaceFile(path, "new", false);
    assertEquals([await Deno.readTextFile(path), names(folder).length], ["new", 1]);
    const longer = `${path}n`;
    await assertRejects(
      () => replaceFile(longer, "x", true),
      DataError,
      `${longer}: this disk takes no name of this length`,
    );
    assertEquals(names(folder).length, 1);
  }));

Deno.test("a new file never replaces one that exists, nor a link", () =>
  inFolder(async (folder) => {
    assertEquals(await writeNewFile(`${folder}/a`, "first"), true);
    assertEquals(await writeNewFile(`${folder}/a`, "second"), false);
    await Deno.symlink(`${folder}/nowhere`, `${folder}/link`);
    assertEquals(await writeNewFile(`${folder}/link`, "third"), false);
    assertEquals([await Deno.readTextFile(`${folder}/a`), names(folder)], ["first", ["a", "link"]]);
  }));

Deno.test("a tree is removed without what its links lead to", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/kept`);
    await Deno.writeTextFile(`${folder}/kept/a`, "");
    await Deno.mkdir(`${folder}/tree/below`, { recursive: true });
    await Deno.symlink(`${folder}/kept`, `${folder}/tree/below/link`);
    await Deno.symlink(`${folder}/kept`, `${folder}/link`);
    removeTree(`${folder}/tree`);
    removeTree(`${folder}/link`);
    removeTree(`${folder}/absent`);
    assertEquals([names(folder), names(`${folder}/kept`)], [["kept"], ["a"]]);
  }));

Deno.test("a lock is held by one, and its state is seen by others", () =>
  inFolder((folder) => {
    const path = `${folder}/lock`;
    assertEquals(FileLock.state(path), "free");
    const lock = FileLock.tryTake(path)!;
    assertEquals([FileLock.state(path), FileLock.tryTake(path)], ["held", undefined]);
    lock.release();
    assertEquals([FileLock.state(path), names(folder)], ["free", []]);
  }));

Deno.test("a folder below a file is refused with the way out", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    assertThrows(
      () => makeFolder(`${folder}/file/below`),
      DataError,
      "a part of this path is a file, not a folder; choose another path",
    );
  }));

Deno.test("errors that the runtime gives no code are known by their text, others stay as they are", () => {
  const known = new Error("Disk quota exceeded (os error 122): write");
  assertEquals(errorCode(known), "EDQUOT");
  assert((diskError("x", known) as Error).message.startsWith("x: your quota on this disk"));
  const odd = new Error("Odd thing happened (os error 999): open");
  assertEquals((diskError("x", odd) as Error).message, "x: Odd thing happened");
  const bug = new TypeError("x is not a function");
  assertEquals(diskError("x", bug), bug);
  const absent = new DataError("x", "no such file", { cause: new Deno.errors.NotFound() });
  assertEquals([isAbsent(absent), isAbsent(bug)], [true, false]);
});
