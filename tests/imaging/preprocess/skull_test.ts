import { assertEquals } from "@std/assert";
import { isSkullStripped } from "../../../src/imaging/preprocess/skull.ts";
import { Random } from "../../../src/random.ts";
import { isBrain, maskHead, toyHead } from "./toy_heads.ts";

const HEAD = toyHead(1);

Deno.test("a head is not skull-stripped, and its brain alone is", () => {
  assertEquals(isSkullStripped(HEAD), false);
  assertEquals(isSkullStripped(maskHead(HEAD, isBrain)), true);
  assertEquals(isSkullStripped(maskHead(HEAD, isBrain, () => -1000)), true);
});

Deno.test("a head without face, or cut with zeros at the bottom or at a side, is not skull-stripped", () => {
  const defaced = maskHead(HEAD, (_, y, z) => !(z < -5 && y > 10));
  const cut = maskHead(HEAD, (x, _, z) => z > -15 && x > -30);
  assertEquals([defaced, cut].map(isSkullStripped), [false, false]);
});

Deno.test("air with noise is no mask: a brain in it may be a head whose scalp is dark", () => {
  const noise = new Random(1, "air");
  const brain = maskHead(HEAD, isBrain, () => Math.abs(noise.normal(0, 10)));
  assertEquals(isSkullStripped(brain), false);
});

Deno.test("an image of one value shows no brain", () => {
  assertEquals(isSkullStripped({ ...HEAD, data: new Float32Array(HEAD.data.length) }), false);
});
