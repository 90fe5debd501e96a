/** Archives: what is written is read again, and what could do harm is refused before anything is made. */
import { assertEquals, assertRejects } from "@std/assert";
import { deflateRawSync } from "node:zlib";
import { Archive, type ArchiveFile, writeArchive } from "../../../src/engine/share/archive.ts";
import { DataError } from "../../../src/errors.ts";
import { inFolder } from "../scratch.ts";
import { storedZip, type ZipEntry } from "./stored_zip.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const made = new Date("2026-01-02T03:04:06Z");

async function* filesOf(...files: ArchiveFile[]): AsyncGenerator<ArchiveFile> {
  yield* files;
}

/** What is refused, and how. */
async function problemOf(folder: string, bytes: Uint8Array, read?: string): Promise<string> {
  const path = `${folder}/${crypto.randomUUID()}.zip`;
  await Deno.writeFile(path, bytes);
  const { problem } = await assertRejects(async () => {
    using archive = await Archive.open(path);
    if (read !== undefined) await archive.read(read);
  }, DataError);
  return problem;
}

Deno.test("an archive has what was put into it, the same bytes each time, and replaces no file", () =>
  inFolder(async (folder) => {
    const files = () =>
      filesOf(
        { path: "a.json", bytes: encode("{}".repeat(1000)) },
        { path: "objects/ab/x", bytes: Uint8Array.from({ length: 3000 }, (_, i) => i % 251) },
        { path: "leer", bytes: new Uint8Array() },
      );
    const written = await writeArchive(`${folder}/a.zip`, files(), made);
    await writeArchive(`${folder}/b.zip`, files(), made);
    assertEquals(written.files, 3);
    assertEquals(await Deno.readFile(`${folder}/a.zip`), await Deno.readFile(`${folder}/b.zip`));
    assertEquals((await Deno.stat(`${folder}/a.zip`)).size, written.bytes);
    {
      using archive = await Archive.open(`${folder}/a.zip`);
      assertEquals([...archive.entries.keys()], ["a.json", "objects/ab/x", "leer"]);
      for await (const { path, bytes } of files()) assertEquals(await archive.read(path), bytes);
    }
    await assertRejects(
      () => writeArchive(`${folder}/a.zip`, files(), made),
      DataError,
      "exists already",
    );
  }));

Deno.test("an archive whose writing fails leaves no file", () =>
  inFolder(async (folder) => {
    async function* failing(): AsyncGenerator<ArchiveFile> {
      yield { path: "a", bytes: encode("a") };
      throw new DataError("b", "is gone");
    }
    await assertRejects(
      () => writeArchive(`${folder}/a.zip`, failing(), made),
      DataError,
      "is gone",
    );
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

/** Archives by what is wrong with them, with a part of the message. */
const HOSTILE: readonly (readonly [entries: ZipEntry[], problem: RegExp])[] = [
  [[{ name: "../../etc/passwd" }], /Unsafe filename/],
  [[{ name: "/etc/passwd" }], /Unsafe filename/],
  [[{ name: "a/../../b" }], /Unsafe filename/],
  [[{ name: "a\\..\\b" }], /Unsafe filename/],
  [[{ name: "C:/b" }], /Unsafe filename/],
  [[{ name: "a\\b" }], /backslash/],
  [[{ name: "b/./a" }], /Unsafe filename/],
  [[{ name: "a//b" }], /Unsafe filename/],
  [[{ name: "a\nb" }], /character/],
  [[{ name: "a" }, { name: "a" }], /twice|duplicate|ambiguous/i],
  [[{ name: "Flow.toml" }, { name: "flow.TOML" }], /twice/],
  [[{ name: "é" }, { name: "e\u0301" }], /twice/],
  [[{ name: "a" }, { name: "a/b" }], /a\/b/],
  [[{ name: "link", content: "/etc", mode: 0o120777 }], /link or a device/],
  [[{ name: "pipe", mode: 0o010644 }], /link or a device/],
  [[{ name: "a", content: "secret", flags: 0x801 }], /encrypted/],
  [[{ name: "a", method: 12 }], /unknown way/],
  [[{ name: "a", statedSize: 2 ** 32 - 2, method: 8 }], /100 times/],
];

Deno.test("an archive with names, kinds or sizes that could do harm is refused", () =>
  inFolder(async (folder) => {
    for (const [entries, expected] of HOSTILE) {
      const problem = await problemOf(folder, storedZip(entries));
      assertEquals(expected.test(problem), true, `${JSON.stringify(entries)}: ${problem}`);
    }
  }));

Deno.test("a file that unpacks to more or less than it states, or to other bytes, is refused", () =>
  inFolder(async (folder) => {
    const packed = deflateRawSync(new Uint8Array(50_000_000));
    for (const statedSize of [1000, 60_000_000]) {
      await problemOf(
        folder,
        storedZip([{ name: "a", content: packed, method: 8, statedSize }]),
        "a",
      );
    }
    const flipped = storedZip([{ name: "a", content: "some text" }]);
    flipped[33] ^= 1;
    await problemOf(folder, flipped, "a");
    await problemOf(folder, storedZip([{ name: "a", localName: "b", content: "x" }]), "a");
  }));

Deno.test("what is no archive, or was cut, is refused with its name", () =>
  inFolder(async (folder) => {
    const whole = storedZip([{ name: "a", content: "some text" }]);
    for (
      const bytes of [
        new Uint8Array(),
        encode("no archive"),
        whole.subarray(0, -9),
        whole.subarray(20),
      ]
    ) {
      const problem = await problemOf(folder, bytes, "a");
      assertEquals(problem.startsWith("is no ZIP archive, or a damaged one"), true, problem);
    }
  }));
