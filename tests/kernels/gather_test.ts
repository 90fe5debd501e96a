import {
  type Augmentation,
  augmentationWords,
  erase,
  gatherBatch,
  packAugmentation,
  smooth,
} from "../../kernels/gather.ts";
import { activationBytes, type Triple } from "../../kernels/tensors.ts";
import { fromBlocks } from "./conv/reference.ts";
import { assertClose, numbers, onDevice } from "./on_device.ts";

const items = 6;
const sizes: [string, Triple][] = [["images", [1, 7, 9]], ["volumes", [5, 7, 3]]];
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

const none: Augmentation = { shift: [0, 0, 0], erase: [0, 0, 0, 0], smoothing: 0 };

/** Calls `visit` with the place of each voxel, in the order of memory. */
function forEachVoxel([depth, height, width]: Triple, visit: (place: Triple) => void): void {
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) visit([z, y, x]);
    }
  }
}

const indexOf = ([, height, width]: Triple, [z, y, x]: Triple) => (z * height + y) * width + x;

for (const [what, size] of sizes) {
  const [depth, height, width] = size;
  const pixels = depth * height * width;

  for (const [inChannels, outChannels] of [[1, 3], [1, 1], [6, 6]]) {
    Deno.test(`gather takes ${inChannels} stored channels of ${what} as ${outChannels}, scaled and shifted`, async () => {
      await onDevice(async (bench) => {
        const floats = inChannels * pixels;
        const data = numbers(items * floats, 1);
        data.fill(4, 2 * floats, 3 * floats); // a constant item becomes zero
        const shifts: Triple[] = [[depth > 1 ? -2 : 0, 2, -1], [0, 0, 0]];
        const scales = ranges(data, floats);
        const output = { batch: 2, channels: outChannels, depth, height, width };
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
          const [low, range] = scales.subarray(2 * item);
          for (let c = 0; c < outChannels; c++) {
            const from = (item * inChannels + Math.min(c, inChannels - 1)) * pixels;
            forEachVoxel(size, (place) => {
              const moved = place.map((at, axis) => at - shifts[n][axis]) as unknown as Triple;
              const inside = moved.every((at, axis) => at >= 0 && at < size[axis]);
              const value = inside ? data[from + indexOf(size, moved)] : low;
              expected.push(range === 0 ? 0 : (value - low) / range);
            });
          }
        }
        assertClose(fromBlocks(result, 2, outChannels, pixels), expected, 3e-7);
      });
    });
  }

  Deno.test(`smoothing of ${what} is a Gaussian cut at four deviations with reflected edges; erasing zeroes every plane`, async () => {
    await onDevice(async (bench) => {
      const shape = { batch: 2, channels: 4, depth, height, width };
      const x = numbers(2 * pixels * 4, 3);
      const deviations = [0.8, 0];
      const [top, left, tall, wide] = [1, 1, 3, 2];
      const records = bench.buffer(packed(deviations.map((smoothing, n) => ({
        ...none,
        smoothing: Math.fround(smoothing),
        erase: n === 0 ? [top, left, tall, wide] : [0, 0, 0, 0],
      }))));
      const y = bench.buffer(x.byteLength);
      const [result] = await bench.run((program) => {
        const between = program.tensor("between", x.byteLength);
        smooth(program, { shape, augmentations: records, x: bench.buffer(x), between, y });
        erase(program, { shape, augmentations: records, y });
        return [y];
      });
      const expected = Float64Array.from(x);
      for (let axis = 0; axis < 3; axis++) smoothAxis(expected.subarray(0, pixels * 4), size, axis);
      forEachVoxel(size, ([z, row, column]) => {
        if (row < top || row >= top + tall || column < left || column >= left + wide) return;
        const at = indexOf(size, [z, row, column]) * 4;
        expected.fill(0, at, at + 4);
      });
      assertClose(result, expected, 1e-6);
    });
  });
}

/** A Gaussian of deviation 0.8 along one axis of `[depth][height][width][4]`, in place. */
function smoothAxis(values: Float64Array, size: Triple, axis: number): void {
  const reach = 3; // floor(4 * 0.8 + 0.5)
  const weights = Array.from(
    { length: 2 * reach + 1 },
    (_, i) => Math.exp(-0.5 * ((i - reach) / 0.8) ** 2),
  );
  const total = weights.reduce((a, b) => a + b);
  const old = values.slice();
  forEachVoxel(size, (place) => {
    for (let c = 0; c < 4; c++) {
      let sum = 0;
      weights.forEach((weight, i) => {
        const from = [...place] as unknown as [number, number, number];
        from[axis] = reflect(place[axis] + i - reach, size[axis]);
        sum += weight * old[indexOf(size, from) * 4 + c];
      });
      values[indexOf(size, place) * 4 + c] = sum / total;
    }
  });
}

/** Place within an axis, mirrored at the outer edges of its ends. */
function reflect(at: number, extent: number): number {
  if (at < 0) return reflect(-1 - at, extent);
  return at >= extent ? reflect(2 * extent - 1 - at, extent) : at;
}
