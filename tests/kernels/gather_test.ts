import {
  type Augmentation,
  augmentationWords,
  erase,
  gatherBatch,
  packAugmentation,
  smooth,
} from "../../kernels/gather.ts";
import { activationBytes } from "../../kernels/tensors.ts";
import { fromBlocks } from "./conv/reference.ts";
import { assertClose, numbers, onDevice } from "./on_device.ts";

const [items, h, w] = [6, 7, 9];
const order = Uint32Array.of(5, 2, 0, 3);

function ranges(data: Float32Array, floats: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(items * 2);
  for (let i = 0; i < items; i++) {
    const item = data.subarray(i * floats, (i + 1) * floats);
    result[2 * i] = Math.min(...item);
    result[2 * i + 1] = Math.max(...item) - result[2 * i];
  }
  return result;
}

function packed(records: Augmentation[]): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(records.length * augmentationWords * 4));
  records.forEach((record, i) => packAugmentation(record, view, i));
  return view;
}

const none: Augmentation = { shift: [0, 0], erase: [0, 0, 0, 0], smoothing: 0 };

for (const [inChannels, outChannels] of [[1, 3], [1, 1], [6, 6]]) {
  Deno.test(`gather takes ${inChannels} stored channels as ${outChannels}, scaled and shifted`, async () => {
    await onDevice(async (bench) => {
      const floats = inChannels * h * w;
      const data = numbers(items * floats, 1);
      data.fill(4, 2 * floats, 3 * floats); // a constant item becomes zero
      const shifts: [number, number][] = [[2, -3], [0, 0]];
      const scales = ranges(data, floats);
      const output = { batch: 2, channels: outChannels, depth: 1, height: h, width: w };
      const y = bench.buffer(activationBytes(output));
      const [result] = await bench.run((program) => {
        gatherBatch(program, {
          output,
          inChannels,
          data: bench.buffer(data),
          order: bench.buffer(order),
          ranges: bench.buffer(scales),
          augmentations: bench.buffer(packed(shifts.map((shift) => ({ ...none, shift })))),
          y,
          params: bench.uniform(Uint32Array.of(0, 0, 1, 0)),
        });
        return [y];
      });
      const expected: number[] = [];
      for (let n = 0; n < 2; n++) {
        const item = order[1 + n];
        for (let c = 0; c < outChannels; c++) {
          for (let p = 0; p < h * w; p++) {
            const [row, column] = [Math.floor(p / w) - shifts[n][0], p % w - shifts[n][1]];
            const inside = row >= 0 && row < h && column >= 0 && column < w;
            const from = (item * inChannels + Math.min(c, inChannels - 1)) * h * w;
            const [low, range] = scales.subarray(2 * item);
            const value = inside ? data[from + row * w + column] : low;
            expected.push(range === 0 ? 0 : (value - low) / range);
          }
        }
      }
      assertClose(fromBlocks(result, 2, outChannels, h * w), expected, 3e-7);
    });
  });
}

Deno.test("smoothing is a Gaussian cut at four deviations with reflected edges; erasing zeroes", async () => {
  await onDevice(async (bench) => {
    const shape = { batch: 2, channels: 4, depth: 1, height: h, width: w };
    const x = numbers(2 * h * w * 4, 3);
    const deviations = [0.8, 0];
    const [top, left, height, width] = [1, 2, 3, 4];
    const records = bench.buffer(packed(deviations.map((smoothing, n) => ({
      ...none,
      smoothing: Math.fround(smoothing),
      erase: n === 0 ? [top, left, height, width] : [0, 0, 0, 0],
    }))));
    const y = bench.buffer(x.byteLength);
    const [result] = await bench.run((program) => {
      const between = program.tensor("between", x.byteLength);
      smooth(program, { shape, augmentations: records, x: bench.buffer(x), between, y });
      erase(program, { shape, augmentations: records, y });
      return [y];
    });
    const reflect = (i: number, size: number) => i < 0 ? -1 - i : i >= size ? 2 * size - 1 - i : i;
    const reach = 3; // floor(4 * 0.8 + 0.5)
    const kernel = Array.from(
      { length: 2 * reach + 1 },
      (_, i) => Math.exp(-0.5 * ((i - reach) / 0.8) ** 2),
    );
    const total = kernel.reduce((a, b) => a + b);
    const expected = Float64Array.from(x, (value, i) => {
      const [n, p, c] = [Math.floor(i / (h * w * 4)), Math.floor(i / 4) % (h * w), i % 4];
      if (n === 1) return value;
      const [row, column] = [Math.floor(p / w), p % w];
      if (row >= top && row < top + height && column >= left && column < left + width) return 0;
      let sum = 0;
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) {
          const at = reflect(row + dy, h) * w + reflect(column + dx, w);
          sum += kernel[dy + reach] * kernel[dx + reach] * x[at * 4 + c];
        }
      }
      return sum / total ** 2;
    });
    assertClose(result, expected, 1e-6);
  });
});
