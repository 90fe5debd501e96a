import { assertEquals, assertThrows } from "@std/assert";
import { zipSync } from "fflate";
import { DataError } from "../../src/errors.ts";
import { readZip, writeZip } from "../../src/formats/zip.ts";

const text = (value: string) => new TextEncoder().encode(value);
const entries = [
  { name: "archive/data.pkl", bytes: text("pickle") },
  { name: "archive/data/0", bytes: new Uint8Array(1000).fill(7) },
  { name: "archive/empty", bytes: new Uint8Array(0) },
];

Deno.test("writeZip writes what readZip reads, every payload aligned to 64 bytes", () => {
  const bytes = writeZip(entries);
  const archive = readZip(bytes, "an archive");
  assertEquals(archive.names, entries.map(({ name }) => name));
  for (const { name, bytes: content } of entries) {
    const read = archive.read(name);
    assertEquals(read, content);
    assertEquals(read.byteOffset % 64, 0, name);
    assertEquals(read.buffer, bytes.buffer, "a stored entry is a view");
  }
});

Deno.test("readZip reads deflated entries of other writers", () => {
  const bytes = zipSync({ "a/b": new Uint8Array(5000).fill(3) }, { level: 9 });
  assertEquals(readZip(new Uint8Array(bytes), "an archive").read("a/b").length, 5000);
});

Deno.test("readZip reads sizes and offsets from zip64 records", () => {
  const plain = writeZip(entries.slice(0, 1));
  const end = plain.length - 22;
  const directory = new DataView(plain.buffer).getUint32(end + 16, true);
  const header = plain.slice(directory, end);
  // The entry's fields are 2^32 - 1, and an extra field of id 1 has the numbers.
  const entry = new Uint8Array(header.length + 28);
  entry.set(header);
  const view = new DataView(entry.buffer);
  view.setUint32(20, 0xffffffff, true);
  view.setUint32(24, 0xffffffff, true);
  view.setUint32(42, 0xffffffff, true);
  view.setUint16(30, 28, true);
  view.setUint16(header.length, 1, true);
  view.setUint16(header.length + 2, 24, true);
  [6n, 6n, 0n].forEach((value, i) => view.setBigUint64(header.length + 4 + 8 * i, value, true));
  // The zip64 end record, its locator, and an end record with 2^32 - 1.
  const tail = new Uint8Array(56 + 20 + 22);
  const ends = new DataView(tail.buffer);
  ends.setUint32(0, 0x06064b50, true);
  ends.setBigUint64(32, 1n, true);
  ends.setBigUint64(48, BigInt(directory), true);
  ends.setUint32(56, 0x07064b50, true);
  ends.setBigUint64(64, BigInt(directory + entry.length), true);
  ends.setUint32(76, 0x06054b50, true);
  ends.setUint16(86, 0xffff, true);
  ends.setUint32(92, 0xffffffff, true);
  const bytes = new Uint8Array([...plain.subarray(0, directory), ...entry, ...tail]);
  assertEquals(readZip(bytes, "an archive").read("archive/data.pkl"), text("pickle"));
});

Deno.test("readZip finds corrupt content, missing entries and wrong sizes", () => {
  const corrupt = writeZip(entries);
  corrupt[64]++;
  assertThrows(
    () => readZip(corrupt, "an archive").read("archive/data.pkl"),
    DataError,
    "an archive: is not a sound archive: archive/data.pkl is corrupt (CRC-32)",
  );
  const archive = readZip(writeZip(entries), "an archive");
  assertThrows(() => archive.read("archive/data/1"), DataError, "has no entry archive/data/1");

  const lying = new Uint8Array(zipSync({ a: new Uint8Array(100).fill(1) }, { level: 9 }));
  const directory = new DataView(lying.buffer).getUint32(lying.length - 6, true);
  new DataView(lying.buffer).setUint32(directory + 24, 0xfffffff0, true);
  assertThrows(() => readZip(lying, "an archive").read("a"), DataError, "an impossible size");
});
