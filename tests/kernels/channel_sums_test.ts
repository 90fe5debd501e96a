import { scaleChannels, sumChannels } from "../../kernels/channel_sums.ts";
import { activationBytes, pixels } from "../../kernels/tensors.ts";
import { fromBlocks, toBlocks } from "./conv/reference.ts";
import { assertClose, numbers, onDevice } from "./on_device.ts";

const shape = { batch: 2, channels: 6, depth: 3, height: 37, width: 29 };
const { batch, channels } = shape;
const count = pixels(shape);
const x = numbers(batch * channels * count, 1).map((v) => v + 0.5);
const factor = numbers(batch * channels * count, 2).map((v) => v - 0.5);
const channelFactor = numbers(batch * channels, 3);

for (const products of [false, true]) {
  for (const mean of [false, true]) {
    const name = `${mean ? "means" : "sums"} of ${products ? "products" : "values"}`;
    Deno.test(`${name} over the voxels of each channel are those of float64`, async () => {
      const expected = new Float64Array(batch * channels);
      x.forEach((v, i) => {
        const part = (products ? v * factor[i] : v) / (mean ? count : 1);
        expected[Math.floor(i / count)] += part;
      });
      await onDevice(async (bench) => {
        const sums = bench.buffer(activationBytes({ ...shape, depth: 1, height: 1, width: 1 }));
        const blocks = (values: Float32Array) =>
          bench.buffer(toBlocks(values, batch, channels, count));
        const [result] = await bench.run((program) => {
          const operands = { x: blocks(x), factor: products ? blocks(factor) : undefined };
          sumChannels(program, { shape, ...operands, mean, sums });
          return [sums];
        });
        assertClose(fromBlocks(result, batch, channels, 1), expected, 1e-6);
      });
    });
  }
}

Deno.test("every voxel of a channel is multiplied by the channel's number", async () => {
  const expected = x.map((v, i) => v * channelFactor[Math.floor(i / count)]);
  await onDevice(async (bench) => {
    const y = bench.buffer(activationBytes(shape));
    const [result] = await bench.run((program) => {
      scaleChannels(program, {
        shape,
        x: bench.buffer(toBlocks(x, batch, channels, count)),
        factor: bench.buffer(toBlocks(channelFactor, batch, channels, 1)),
        y,
      });
      return [y];
    });
    assertClose(fromBlocks(result, batch, channels, count), expected, 0);
  });
});
