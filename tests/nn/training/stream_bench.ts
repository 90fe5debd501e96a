/**
 * Training of volumes that are streamed from files, next to the same training with resident data: the share
 * of its time that the device waits for data.
 *
 *   deno run -A tests/nn/training/stream_bench.ts [DxHxW] [BATCH] [BATCHES]
 */
import { openDevice } from "../../../src/gpu/device.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import type { InputShape } from "../../../src/nn/network.ts";
import { Trainer } from "../../../src/nn/training/trainer.ts";

const [size = "80x96x80", batch = "2", count = "8"] = Deno.args;
const shape = [1, ...size.split("x").map(Number)] as unknown as InputShape;
const batchSize = Number(batch);
const items = Uint32Array.from({ length: batchSize * Number(count) }, (_, i) => i);

const folder = await Deno.makeTempDir();
const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i % 251);
for (const item of items) await Deno.writeFile(`${folder}/${item}`, new Uint8Array(values.buffer));
const read = async (item: number) =>
  new Float32Array((await Deno.readFile(`${folder}/${item}`)).buffer);

const device = await openDevice();
const network = createNetwork("Conv5_FC3", shape, 2);

async function openTrainer(residentBytes: number): Promise<Trainer> {
  const trainer = await Trainer.create(device, {
    data: { shape, count: items.length, normalisation: "element", read },
    residentBytes,
    targets: items.map((item) => item % 2),
    runs: [{ label: "bench", network, items, seed: 0 }],
    loss: "cross_entropy",
    batchSize,
    optimizer: { name: "Adam", learningRate: 1e-4 },
  });
  await trainer.trainEpoch();
  return trainer;
}

/** Milliseconds of a batch. */
async function time(trainer: Trainer): Promise<number> {
  const began = performance.now();
  await trainer.trainEpoch();
  return (performance.now() - began) / trainer.batches;
}

/** Milliseconds to bring a batch to an idle device. */
async function timeReading(trainer: Trainer): Promise<number> {
  const began = performance.now();
  for (let first = 0; first < items.length; first += batchSize) {
    await trainer.buffers.data.prepare(0, items.subarray(first, first + batchSize));
    await device.gpu.queue.onSubmittedWorkDone();
  }
  return (performance.now() - began) / trainer.batches;
}

console.log(`Conv5_FC3 on ${size}, batches of ${batchSize}, ${device.summary}`);
const [resident, streamed] = [await openTrainer(Infinity), await openTrainer(0)];
const percent = (share: number) => `${(100 * Math.max(0, share)).toFixed(1)} %`;
for (let round = 0; round < 3; round++) {
  const step = await time(resident);
  const withPrefetch = await time(streamed);
  const reading = await timeReading(streamed);
  console.log(
    `a batch: ${step.toFixed(0)} ms with resident data, ${
      withPrefetch.toFixed(0)
    } ms streamed; the ` +
      `device waits ${
        percent(1 - step / withPrefetch)
      } of the time, and without prefetch would wait ` +
      `${percent(reading / (step + reading))} (reading takes ${reading.toFixed(0)} ms)`,
  );
}
for (const trainer of [resident, streamed]) trainer.destroy();
device.destroy();
await Deno.remove(folder, { recursive: true });
