/**
 * What transforms add to a training step of Conv5_FC3: flip, affine, gamma, bias field and noise together, by
 * steps with and without them in turn; then each transform alone, with TorchIO's defaults, by its program; then
 * the normalisations of an item when it is loaded. On a software adapter times are of the processor, over two cores;
 * those of loading are of one.
 *
 *   deno run -A tests/nn/transforms/transforms_bench.ts [DxHxW] [BATCH] [ROUNDS]
 */
import { itemsBytes } from "../../../kernels/augment/grid.ts";
import { processorSeconds } from "../../../src/device/timing.ts";
import { openDevice } from "../../../src/gpu/device.ts";
import { ProgramBuilder } from "../../../src/gpu/program.ts";
import type { InputShape } from "../../../src/nn/network.ts";
import { createNetwork } from "../../../src/nn/networks/mod.ts";
import { Trainer } from "../../../src/nn/training/trainer.ts";
import { itemGeometry, type TransformEntry, Transforms } from "../../../src/nn/transforms/mod.ts";
import { loadingOf, loadOnHost } from "../../../src/steps/model/loading.ts";
import { timeProgram } from "../../kernels/time_program.ts";

const [size = "80x96x80", batch = "4", rounds = "5"] = Deno.args;
const extents = size.split("x").map(Number);
const shape = [1, ...extents] as unknown as InputShape;
const batchSize = Number(batch);
const items = Uint32Array.from({ length: batchSize * 2 }, (_, i) => i);
const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i % 251);
const spacing = extents.map(() => 1);

const p = 1;
const five: TransformEntry[] = [
  { flip: { axes: [1, 2], flip_probability: 0.5, p } },
  {
    affine: {
      scales: 0.1,
      degrees: 10,
      translation: 0,
      isotropic: false,
      default_pad_value: "minimum",
      p,
    },
  },
  { gamma: { log_gamma: 0.3, p } },
  { bias_field: { coefficients: 0.5, order: 3, p } },
  { noise: { mean: 0, std: [0, 0.25], p } },
];
const others: TransformEntry[] = [
  { elastic: { num_control_points: 7, max_displacement: 7.5, locked_borders: 2, p } },
  { blur: { std: [0, 2], p } },
  { anisotropy: { axes: [0, 1, 2].slice(0, extents.length), downsampling: [1.5, 5], p } },
  { motion: { degrees: 10, translation: 10, num_transforms: 2, p } },
  {
    ghosting: {
      num_ghosts: [4, 10],
      axes: [0, 1, 2].slice(0, extents.length),
      intensity: [0.5, 1],
      p,
    },
  },
  { spike: { num_spikes: 1, intensity: [1, 3], p } },
  { swap: { patch_size: 15, num_iterations: 100, p } },
];

const device = await openDevice();
const network = createNetwork("Conv5_FC3", shape, 2);

function openTrainer(entries: TransformEntry[]): Promise<Trainer> {
  return Trainer.create(device, {
    data: { shape, count: items.length, normalisation: "element", read: () => values },
    targets: items.map((item) => item % 2),
    runs: [{ label: "bench", network, items, seed: 0 }],
    loss: "cross_entropy",
    batchSize,
    optimizer: { name: "Adam", learningRate: 1e-4 },
    transforms: { entries, spacing },
  });
}

const isSoftware = device.class === "software";
const now = () => isSoftware ? processorSeconds() * 1e3 / 2 : performance.now();

/** Milliseconds of a step. */
async function time(trainer: Trainer): Promise<number> {
  const began = now();
  await trainer.trainEpoch();
  await device.gpu.queue.onSubmittedWorkDone();
  return (now() - began) / trainer.batches;
}

const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

console.log(`Conv5_FC3 on ${size}, batches of ${batchSize}, ${device.summary}`);
const trainers = [await openTrainer([]), await openTrainer(five)];
for (const trainer of trainers) await time(trainer);
const steps: [number, number][] = [];
for (let round = 0; round < Number(rounds); round++) {
  steps.push([await time(trainers[0]), await time(trainers[1])]);
}
const without = median(steps.map(([plain]) => plain));
const added = median(steps.map(([plain, changed]) => changed / plain - 1));
console.log(
  `a step ${without.toFixed(0)} ms; flip, affine, gamma, bias field and noise add ` +
    `${(100 * added).toFixed(1)} % (${
      steps.map(([a, b]) => (100 * (b / a - 1)).toFixed(1)).join(", ")
    })`,
);
for (const trainer of trainers) trainer.destroy();

const geometry = itemGeometry(extents, spacing);
const [depth, height, width] = geometry.size;
const batchShape = { batch: batchSize, depth, height, width };
/** Items from 0 to 1, or with a share of negative values. */
function itemsFrom(least: number) {
  const length = itemsBytes(batchShape) / 4;
  return device.buffer("items", Float32Array.from({ length }, (_, i) => i % 251 / 251 + least));
}

async function timeTransform(label: string, entry: TransformEntry, least = 0): Promise<void> {
  // Some transforms replace their items.
  const x = itemsFrom(least);
  const transforms = new Transforms([entry], geometry, batchSize);
  const records = device.buffer("records", transforms.bytes);
  transforms.upload(device, records, { seed: 1, epoch: 0, first: 0, size: batchSize });
  const builder = new ProgramBuilder(device, "transform");
  const leastIsZero = least === 0;
  transforms.record(builder, { shape: batchShape, x, leastIsZero }, records);
  const program = await builder.build();
  const { processor: milliseconds } = await timeProgram(device, program);
  const began = performance.now();
  transforms.draw({ seed: 1, epoch: 1, first: 0, size: batchSize });
  const drawing = performance.now() - began;
  console.log(
    `${label}: ${(milliseconds / batchSize).toFixed(2)} ms an item, ` +
      `${(100 * milliseconds / without).toFixed(1)} % of a step; draws ${
        (drawing / batchSize).toFixed(2)
      } ms`,
  );
}
for (const entry of [...five, ...others]) await timeTransform(Object.keys(entry)[0], entry);
const affine = five[1].affine!;
for (const default_pad_value of ["mean", "otsu"] as const) {
  await timeTransform(`affine, ${default_pad_value}`, { affine: { ...affine, default_pad_value } });
}
const [coefficients, order] = [0.5, 5];
await timeTransform("bias field of order 5", { bias_field: { coefficients, order, p } });
const spike = { num_spikes: 1, intensity: [1, 3] as const, p };
await timeTransform("spike, negative values", { spike }, -0.1);
device.destroy();

for (
  const parameters of [
    { normalization_level: "image" },
    { intensity_normalization: "z_score" },
    { intensity_normalization: "z_score", normalization_mask: "positive" },
    { intensity_normalization: "percentile" },
    { normalize: false, clamp: [0, 100] },
  ]
) {
  const load = () => loadOnHost(loadingOf(parameters), [values], [extents]);
  for (let i = 0; i < 5; i++) load();
  const began = processorSeconds();
  for (let i = 0; i < 10; i++) load();
  const milliseconds = (processorSeconds() - began) * 100;
  console.log(`${JSON.stringify(parameters)}: ${milliseconds.toFixed(2)} ms an item`);
}
