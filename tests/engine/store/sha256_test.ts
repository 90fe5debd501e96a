import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { sha256 } from "../../../src/engine/store/sha256.ts";

Deno.test("SHA-256 gives the known answers of FIPS 180-2", () => {
  const answers = {
    "abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq":
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  };
  for (const [text, answer] of Object.entries(answers)) {
    assertEquals(sha256(new TextEncoder().encode(text)), answer);
  }
});

Deno.test("SHA-256 agrees with Node's at every length around its blocks, and inside a buffer", () => {
  const buffer = new Uint8Array(400).map((_, index) => index * 151);
  for (let length = 0; length < 300; length++) {
    const bytes = buffer.subarray(7, 7 + length);
    assertEquals(sha256(bytes), createHash("sha256").update(bytes).digest("hex"));
  }
});
