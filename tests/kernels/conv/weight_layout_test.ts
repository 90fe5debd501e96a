import { assertEquals } from "@std/assert";
import { intoTiles, outOfTiles, tiledCount } from "../../../kernels/conv/weight_layout.ts";

Deno.test("weights of a linear layer over maps are in tiles of 4 x 4 channels, zero in padding", () => {
  // Five outputs of six channels at two positions: 2 tiles down, 2 x 2 across.
  const shape = { outChannels: 5, channels: 6, positions: 2, taps: 1 };
  const plain = Float32Array.from({ length: 60 }, (_, i) => i + 1);
  const tiled = new Float32Array(tiledCount(shape));
  intoTiles(shape, plain, tiled);
  assertEquals(tiled.length, 128);
  const at = (k: number, c: number, position: number) => plain[(k * 6 + c) * 2 + position];
  // Output 1, channels 4 and 5 at position 1: the fourth tile of the first row.
  assertEquals([...tiled.subarray(3 * 16 + 4, 3 * 16 + 8)], [at(1, 4, 1), at(1, 5, 1), 0, 0]);
  // Outputs 4 to 7, of which one exists, channels 0 to 3 at position 0.
  assertEquals(
    [...tiled.subarray(4 * 16, 4 * 16 + 5)],
    [0, 1, 2, 3].map((c) => at(4, c, 0)).concat(0),
  );
  const back = new Float32Array(60);
  outOfTiles(shape, tiled, back);
  assertEquals(back, plain);
});

Deno.test("the taps of a convolution are tile after tile", () => {
  const shape = { outChannels: 4, channels: 4, taps: 9 };
  const plain = Float32Array.from({ length: 144 }, (_, i) => i);
  const tiled = new Float32Array(tiledCount(shape));
  intoTiles(shape, plain, tiled);
  for (let tap = 0; tap < 9; tap++) {
    assertEquals(tiled[tap * 16 + 2 * 4 + 3], (2 * 4 + 3) * 9 + tap);
  }
});
