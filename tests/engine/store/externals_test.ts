import { assert, assertEquals, assertRejects } from "@std/assert";
import { digestOf } from "../../../src/engine/store/digest.ts";
import { Externals } from "../../../src/engine/store/externals.ts";
import { takeFingerprint } from "../../../src/engine/store/fingerprint.ts";
import { diskFiles } from "../../../src/disk/operations.ts";
import { DataError } from "../../../src/errors.ts";
import { inFolder } from "../scratch.ts";

/** A file that was last changed an hour ago, by its times. */
async function restingFile(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, text);
  const past = new Date(Date.now() - 3_600_000);
  await Deno.utime(path, past, past);
}

/** The time at which a status change, which nobody can set, is old enough to be believed. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 3100));

Deno.test("a file that does not change is hashed once, and again after every sign of change", () =>
  inFolder(async (folder) => {
    const path = `${folder}/data`;
    await restingFile(path, "one");
    await settle();
    const memo = () => new Externals(`${folder}/memo`, diskFiles, true);
    const first = memo();
    assertEquals((await first.digest(path)).digest, digestOf("one"));
    await first.flush();
    // Only the memo can know the digest of a file that may not be opened.
    const opened: string[] = [];
    const open = Deno.open;
    try {
      Deno.open = (path, options) => {
        opened.push(String(path));
        return open(path, options);
      };
      assertEquals((await memo().digest(path)).digest, digestOf("one"));
      assertEquals(opened, []);
      await restingFile(path, "two");
      assertEquals((await memo().digest(path)).digest, digestOf("two"));
      assertEquals(opened, [path]);
    } finally {
      Deno.open = open;
    }
  }));

Deno.test("what was written here is believed once a later edit would show in the times", () =>
  inFolder(async (folder) => {
    const memo = new Externals(`${folder}/memo`, diskFiles, true);
    const path = `${folder}/written`;
    await Deno.writeTextFile(path, "ours");
    const second = Math.floor(Date.now() / 1000) - 10;
    await Deno.utime(path, second + 0.5, second + 0.5);
    const seen = takeFingerprint(path);
    const claimed = digestOf("claimed, so that it differs from what is hashed");
    memo.learn(path, claimed, seen, seen.changed + 999);
    assertEquals((await memo.digest(path)).digest, digestOf("ours"));
    memo.learn(path, claimed, seen, seen.changed + 1100);
    assertEquals((await memo.digest(path)).digest, claimed);
    // Of a clock that shows no fractions of a second nobody knows how rarely it ticks.
    await Deno.utime(path, second, second);
    const coarse = takeFingerprint(path);
    memo.learn(path, claimed, coarse, coarse.changed + 1100);
    assertEquals((await memo.digest(path)).digest, digestOf("ours"));
    memo.learn(path, claimed, coarse, coarse.changed + 3100);
    assertEquals((await memo.digest(path)).digest, claimed);
  }));

Deno.test("two processes' memos add up", () =>
  inFolder(async (folder) => {
    const [a, b] = [0, 1].map(() => new Externals(`${folder}/memo`, diskFiles, true));
    const blobs = [];
    for (const [index, memo] of [a, b, a, b].entries()) {
      await restingFile(`${folder}/${index}`, `${index}`);
      blobs.push(await memo.digest(`${folder}/${index}`));
    }
    await a.flush();
    await b.flush();
    const third = new Externals(`${folder}/memo`, diskFiles, true);
    assertEquals(
      blobs.map((blob) => third.locate(blob)),
      [0, 1, 2, 3].map((i) => `${folder}/${i}`),
    );
    // An open memo sees what another has added since.
    await restingFile(`${folder}/late`, "late");
    const late = await a.digest(`${folder}/late`);
    assertEquals(third.locate(late), undefined);
    await a.flush();
    assertEquals(third.locate(late), `${folder}/late`);
  }));

Deno.test("a file that is gone or replaced is not located", () =>
  inFolder(async (folder) => {
    const memo = new Externals(`${folder}/memo`, diskFiles, true);
    await restingFile(`${folder}/a`, "a");
    const blob = await memo.digest(`${folder}/a`);
    assertEquals(memo.locate(blob), `${folder}/a`);
    await restingFile(`${folder}/a`, "b");
    assertEquals(memo.locate(blob), undefined);
    assertEquals(memo.pathsOf(blob.digest), [`${folder}/a`]);
  }));

Deno.test("a torn memo is forgotten, line by line", () =>
  inFolder(async (folder) => {
    const memo = new Externals(`${folder}/memo`, diskFiles, true);
    await restingFile(`${folder}/a`, "a");
    const blob = await memo.digest(`${folder}/a`);
    await memo.flush();
    const [shard] = [...Deno.readDirSync(`${folder}/memo`)];
    const path = `${folder}/memo/${shard.name}`;
    const text = await Deno.readTextFile(path);
    await Deno.remove(path);
    await Deno.writeTextFile(path, `["${folder}/b","sha2\n${text}{"x":`);
    assertEquals(new Externals(`${folder}/memo`, diskFiles, true).locate(blob), `${folder}/a`);
  }));

Deno.test("missing files, folders and files that may not be read are named", () =>
  inFolder(async (folder) => {
    const memo = new Externals(`${folder}/memo`, diskFiles, true);
    for (const [path, problem] of [[`${folder}/no`, "no such file"], [folder, "is not a file"]]) {
      const error = await assertRejects(() => memo.digest(path), DataError);
      assert(error.message.includes(path) && error.message.includes(problem), error.message);
    }
  }));
