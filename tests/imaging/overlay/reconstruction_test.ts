import { assert, assertEquals } from "@std/assert";
import { decode } from "fast-png";
import {
  comparePlanes,
  drawComparison,
  meanOfChannels,
  residualLimit,
} from "../../../src/imaging/overlay/reconstruction.ts";

Deno.test("channels are averaged, element by element", () => {
  const data = Float32Array.of(1, 2, 3, 4, 10, 20);
  assertEquals([...meanOfChannels(data, [[2, 1, 2], [1, 1, 2]])], [2, 3, 10, 20]);
  const single = Float32Array.of(1, 2);
  assertEquals(meanOfChannels(single, [[1, 1, 2]]), single);
});

Deno.test("a volume is compared in three views, slices three of many", () => {
  const volume = new Float32Array(4 * 5 * 6);
  volume[(2 * 5 + 2) * 6 + 3] = 1;
  const views = comparePlanes({
    shapes: [[1, 4, 5, 6]],
    input: volume,
    output: new Float32Array(120),
  });
  assertEquals(views.map(({ rows, columns }) => [rows, columns]), [[4, 5], [4, 6], [5, 6]]);
  for (const { residual } of views) assertEquals(Math.max(...residual), 1);
  const slices = comparePlanes({
    shapes: Array.from({ length: 9 }, () => [3, 2, 2]),
    input: Float32Array.from({ length: 108 }, (_, i) => Math.floor(i / 12)),
    output: new Float32Array(108),
  });
  assertEquals(slices.map(({ input }) => Math.round(input[0])), [0, 4, 8]);
});

Deno.test("pictures of a session have one size, and colour where input and output differ", () => {
  const input = new Float32Array(16 * 16).map((_, i) => i % 16 / 16);
  const output = input.slice();
  for (let i = 100; i < 140; i++) output[i] += 0.5;
  const planes = comparePlanes({ shapes: [[1, 16, 16]], input, output });
  const limit = residualLimit([planes]);
  assert(Math.abs(limit - 0.5) < 1e-6, String(limit));
  const pictures = drawComparison(planes, limit);
  const decoded = Object.values(pictures).map((png) => decode(png));
  assertEquals(new Set(decoded.map(({ width, height }) => `${width}x${height}`)).size, 1);
  const coloured = decoded.map(({ data, palette }) =>
    data.some((index) => new Set(palette![index].slice(0, 3)).size > 1)
  );
  assertEquals(coloured, [false, false, true]);
  assertEquals(residualLimit([]), 0);
});
