import { assert, assertEquals, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import {
  chooseInflate,
  inflateByCopy,
  inflateByHandle,
  type InflateInto,
} from "../../../src/imaging/nifti/inflate_into.ts";

const content = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7919) % 251);
const file = new Uint8Array(gzipSync(content));
const join = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));

Deno.test("this Deno inflates by the streams' handle", () => {
  assert(chooseInflate() === inflateByHandle);
});

const ways: [string, InflateInto][] = [["the handle", inflateByHandle], ["a copy", inflateByCopy]];
for (const [name, inflate] of ways) {
  const inflated = (bytes: Uint8Array, size: number) => {
    const memory = new Uint8Array(size).fill(255);
    return memory.slice(0, inflate(bytes, memory));
  };

  Deno.test(`by ${name}, the start of the memory becomes the content`, () => {
    assertEquals(inflated(file, 1001), content);
    assertEquals(inflated(file, 5000), content);
    assertEquals(inflated(gzipSync(new Uint8Array(0)), 10), new Uint8Array(0));
  });

  Deno.test(`by ${name}, several members are joined, and zeros behind them ignored`, () => {
    assertEquals(inflated(join(file, file, new Uint8Array(3)), 3000), join(content, content));
  });

  Deno.test(`by ${name}, memory that is too small is filled and no more`, () => {
    assertEquals(inflated(file, 999).length, 999);
    assertEquals(inflated(join(file, file), 1500).length, 1500);
  });

  Deno.test(`by ${name}, a wrong checksum, a cut end and rubbish are refused`, () => {
    const wrong = file.slice();
    wrong[wrong.length - 6] ^= 1;
    assertThrows(() => inflated(wrong, 2000), Error, "incorrect data check");
    for (const end of [0, 2, 100, file.length - 3]) {
      assertThrows(() => inflated(file.subarray(0, end), 2000), Error, "unexpected end of file");
    }
    assertThrows(() => inflated(join(file, content.subarray(1)), 9000), Error, "incorrect header");
  });
}

Deno.test("what follows a member is ignored once there is enough content", () => {
  const memory = new Uint8Array(3000);
  const rubbish = join(file, new TextEncoder().encode("trailing rubbish"));
  for (const enough of [1, 1000]) {
    assertEquals(memory.subarray(0, inflateByHandle(rubbish, memory, enough)), content);
  }
  assertThrows(() => inflateByHandle(rubbish, memory, 1001), Error, "incorrect header");
});
