import {
  adaptiveAverageBackward,
  adaptiveAverageForward,
  maxPoolBackward,
  maxPoolForward,
  pooledShape,
  type Window,
} from "../../kernels/pool.ts";
import { activationBytes, pixels, type Shape } from "../../kernels/tensors.ts";
import { assert, assertEquals } from "@std/assert";
import { fromBlocks, toBlocks } from "./conv/reference.ts";
import { assertClose, numbers, onDevice } from "./on_device.ts";

const [batch, channels] = [2, 6];
const image = { batch, channels, depth: 1, height: 9, width: 11 };
const volume = { batch, channels, depth: 5, height: 9, width: 7 };

const range = (count: number) => [...Array(count).keys()];

/** Pairs of the numbers of two or more lists, the last one fastest. */
function product(...lists: number[][]): number[][] {
  return lists.reduce<number[][]>(
    (rows, list) => rows.flatMap((row) => list.map((value) => [...row, value])),
    [[]],
  );
}

/** Windows as lists of input places, -1 for padding, per output pixel. */
function places(input: Shape, { kernel, stride, padFront }: Window, output: Shape): number[][] {
  const { depth, height, width } = input;
  return product(range(output.depth), range(output.height), range(output.width)).map((at) =>
    product(...kernel.map(range)).map((tap) => {
      const [z, y, x] = tap.map((t, axis) => at[axis] * stride[axis] + t - padFront[axis]);
      const inside = z >= 0 && z < depth && y >= 0 && y < height && x >= 0 && x < width;
      return inside ? (z * height + y) * width + x : -1;
    })
  );
}

const none = [0, 0, 0] as const;
const cases: Record<string, { input: Shape; window: Window; size: number[] }> = {
  "3x3, stride 2, padding 1": {
    input: image,
    window: { kernel: [1, 3, 3], stride: [1, 2, 2], padFront: [0, 1, 1], padBack: [0, 1, 1] },
    size: [1, 5, 6],
  },
  "2x2 with zeros in front": {
    input: image,
    window: {
      kernel: [1, 2, 2],
      stride: [1, 2, 2],
      padFront: [0, 1, 1],
      padBack: none,
      zeroPadded: true,
    },
    size: [1, 5, 6],
  },
  "3x2, stride 1x3": {
    input: image,
    window: { kernel: [1, 3, 2], stride: [1, 1, 3], padFront: none, padBack: none },
    size: [1, 7, 4],
  },
  "3x3x3, stride 2": {
    input: volume,
    window: { kernel: [3, 3, 3], stride: [2, 2, 2], padFront: none, padBack: none },
    size: [2, 4, 3],
  },
  "3x3x3, stride 2, padding 1": {
    input: volume,
    window: { kernel: [3, 3, 3], stride: [2, 2, 2], padFront: [1, 1, 1], padBack: [1, 1, 1] },
    size: [3, 5, 4],
  },
  "2x2x2 with zeros in front of odd axes": {
    input: { ...volume, height: 8 },
    window: {
      kernel: [2, 2, 2],
      stride: [2, 2, 2],
      padFront: [1, 0, 1],
      padBack: none,
      zeroPadded: true,
    },
    size: [3, 4, 4],
  },
  "2x3x1, stride 3x1x2": {
    input: volume,
    window: { kernel: [2, 3, 1], stride: [3, 1, 2], padFront: none, padBack: none },
    size: [2, 7, 4],
  },
};

for (const [name, { input, window, size }] of Object.entries(cases)) {
  Deno.test(`max pool ${name} gives PyTorch's maxima and sends gradients to them`, async () => {
    const output = pooledShape(input, window);
    assertEquals([output.depth, output.height, output.width], size);
    const [inPixels, outPixels] = [pixels(input), pixels(output)];
    // Of few values, so that maxima are met more than once, and zeros meet those of the padding.
    const x = numbers(batch * channels * inPixels, 1).map((value) => Math.round(2 * value) / 2);
    const dy = numbers(batch * channels * outPixels, 2);
    const expected = { y: new Float64Array(dy.length), dx: new Float64Array(x.length) };
    places(input, window, output).forEach((list, at) => {
      for (let plane = 0; plane < batch * channels; plane++) {
        const padding = window.zeroPadded ? 0 : -Infinity;
        const values = list.map((i) => i < 0 ? padding : x[plane * inPixels + i]);
        const best = values.indexOf(Math.max(...values));
        expected.y[plane * outPixels + at] = values[best];
        if (list[best] < 0) continue;
        expected.dx[plane * inPixels + list[best]] += dy[plane * outPixels + at];
      }
    });
    await onDevice(async (bench) => {
      const y = bench.buffer(activationBytes(output));
      const dx = bench.buffer(activationBytes(input));
      const results = await bench.run((program) => {
        const blocks = bench.buffer(toBlocks(x, batch, channels, inPixels));
        const positions = program.tensor("positions", activationBytes(output));
        maxPoolForward(program, { input, window, x: blocks, y, positions });
        const gradient = bench.buffer(toBlocks(dy, batch, channels, outPixels));
        maxPoolBackward(program, { input, window, positions, dy: gradient, dx });
        return [y, dx];
      });
      assertClose(fromBlocks(results[0], batch, channels, outPixels), expected.y, 0, "y");
      assertClose(fromBlocks(results[1], batch, channels, inPixels), expected.dx, 1e-6, "dx");
    });
  });
}

const grids: [Shape, [depth: number, height: number, width: number]][] = [
  [image, [1, 1, 1]],
  [image, [1, 4, 5]],
  [image, [1, 9, 11]],
  [volume, [1, 1, 1]],
  [volume, [2, 4, 3]],
  [volume, [7, 5, 9]],
];

for (const [input, [depth, height, width]] of grids) {
  const from = `${input.depth}x${input.height}x${input.width}`;
  const name = `adaptive average pool of ${from} to ${depth}x${height}x${width}`;
  Deno.test(`${name} splits as PyTorch does`, async () => {
    const output = { ...input, depth, height, width };
    const [inPixels, outPixels] = [pixels(input), pixels(output)];
    const x = numbers(batch * channels * inPixels, 1);
    const dy = numbers(batch * channels * outPixels, 3);
    const expected = { y: new Float64Array(dy.length), dx: new Float64Array(x.length) };
    const cells = (inputs: number, outputs: number) =>
      range(outputs).map((i) =>
        range(inputs).slice(
          Math.floor(i * inputs / outputs),
          Math.ceil((i + 1) * inputs / outputs),
        )
      );
    const [planes, rows, columns] = [
      cells(input.depth, depth),
      cells(input.height, height),
      cells(input.width, width),
    ];
    product(range(depth), range(height), range(width)).forEach(([a, b, c], at) => {
      const cell = product(planes[a], rows[b], columns[c]);
      for (let plane = 0; plane < batch * channels; plane++) {
        for (const [t, r, s] of cell) {
          const i = plane * inPixels + (t * input.height + r) * input.width + s;
          expected.y[plane * outPixels + at] += x[i] / cell.length;
          expected.dx[i] += dy[plane * outPixels + at] / cell.length;
        }
      }
    });
    assert(expected.y.every(Number.isFinite));
    await onDevice(async (bench) => {
      const y = bench.buffer(activationBytes(output));
      const dx = bench.buffer(activationBytes(input));
      const results = await bench.run((program) => {
        const blocks = bench.buffer(toBlocks(x, batch, channels, inPixels));
        adaptiveAverageForward(program, { input, output, x: blocks, y });
        const gradient = bench.buffer(toBlocks(dy, batch, channels, outPixels));
        adaptiveAverageBackward(program, { input, output, dy: gradient, dx });
        return [y, dx];
      });
      assertClose(fromBlocks(results[0], batch, channels, outPixels), expected.y, 2e-6, "y");
      assertClose(fromBlocks(results[1], batch, channels, inPixels), expected.dx, 2e-6, "dx");
    });
  });
}
