import { assertEquals } from "@std/assert";
import { fromRows, toRows } from "../../../kernels/autoencoder/rows.ts";
import { activationBytes, pixels } from "../../../kernels/tensors.ts";
import { toBlocks } from "../conv/reference.ts";
import { numbers, onDevice } from "../on_device.ts";

const shape = { batch: 3, channels: 6, depth: 3, height: 7, width: 11 };
const { batch, channels } = shape;
const count = pixels(shape);

Deno.test("rows hold a channel after the other, behind what else they hold, and give the activation back", async () => {
  const [first, rowLength] = [5, 7 + channels * count];
  const values = numbers(batch * channels * count);
  const blocked = toBlocks(values, batch, channels, count);
  const expected = new Float32Array(batch * rowLength).fill(9);
  for (let n = 0; n < batch; n++) {
    const image = values.subarray(n * channels * count, (n + 1) * channels * count);
    expected.set(image, n * rowLength + first);
  }
  await onDevice(async (bench) => {
    const rows = bench.buffer(new Float32Array(expected.length).fill(9));
    const back = bench.buffer(activationBytes(shape));
    const options = { shape, rows, rowLength, first };
    const results = await bench.run((program) => {
      toRows(program, { ...options, activation: bench.buffer(blocked) });
      fromRows(program, { ...options, activation: back });
      return [rows, back];
    });
    assertEquals(results[0], expected);
    assertEquals(results[1], Float32Array.from(blocked));
  });
});
