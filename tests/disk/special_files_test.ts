import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { diskFiles } from "../../src/disk/operations.ts";
import { openInput, readFile, readIfPresent, readStart } from "../../src/disk/read.ts";
import { DataError } from "../../src/errors.ts";

Deno.test("devices and named pipes, which may have no end, are refused as files", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const pipe = `${folder}/pipe`;
    assert((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
    await Deno.symlink("/dev/zero", `${folder}/link`);
    for (const path of ["/dev/zero", pipe, `${folder}/link`]) {
      const message = `${path}: it is no regular file`;
      await assertRejects(() => readFile(path), DataError, message);
      await assertRejects(() => openInput(path), DataError, message);
      await assertRejects(() => diskFiles.read(path), DataError, message);
      assertThrows(() => readIfPresent(path), DataError, message);
      assertThrows(() => readStart(path, 8), DataError, message);
      assertThrows(() => diskFiles.readSync(path), DataError, message);
      assertThrows(() => diskFiles.readSync(path, diskFiles.stat(path)), DataError, message);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a false size allocates no more than the file has", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "abc");
    assertEquals((await diskFiles.read(path, 2 ** 44))?.length, 3);
  } finally {
    await Deno.remove(path);
  }
});
