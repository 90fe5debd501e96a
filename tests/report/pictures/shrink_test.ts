import { assertEquals } from "@std/assert";
import { decode, encode } from "fast-png";
import { shrunkPng } from "../../../src/report/pictures/shrink.ts";

Deno.test("a large picture shrinks by means over blocks of pixels, in each channel", () => {
  const data = Uint8Array.from({ length: 4 * 2 * 3 }, (_, i) => 10 * (i % 3) + Math.floor(i / 3));
  const large = encode({ width: 4, height: 2, channels: 3, depth: 8, data });
  const { width, height, channels, data: small } = decode(shrunkPng(large, 2));
  assertEquals([width, height, channels], [2, 1, 3]);
  // Pixels 0, 1, 4, 5 and 2, 3, 6, 7.
  assertEquals([...small], [3, 13, 23, 5, 15, 25]);
});

Deno.test("a small picture stays as it is", () => {
  const png = encode({ width: 2, height: 2, channels: 1, depth: 8, data: new Uint8Array(4) });
  assertEquals(shrunkPng(png, 2), png);
});
