/** The device buffers of a training: data; for each network weights, gradients, moments, losses. */
import { augmentationWords } from "../../../kernels/gather.ts";
import { isClassLoss } from "../../../kernels/loss.ts";
import { momentsOf, optimizerParams } from "../../../kernels/optimizer.ts";
import { activationBytes } from "../../../kernels/tensors.ts";
import type { Device, DeviceBuffer } from "../../gpu/device.ts";
import { largestTensor } from "../../gpu/texels.ts";
import { Uniforms } from "../../gpu/uniforms.ts";
import { Autoencoder } from "../autoencoder.ts";
import { DeviceDataset } from "../dataset.ts";
import type { TrainerOptions } from "./options.ts";
import { updateRule } from "../optimizer.ts";
import { chooseEvaluationBatch } from "../predictor.ts";
import { itemGeometry, Transforms } from "../transforms/mod.ts";

/** Buffers of one network. Flat buffers have the layout of its parameters. */
export interface RunBuffers {
  /** Flat. */
  parameters: DeviceBuffer;
  statistics: DeviceBuffer;
  /** Flat. */
  gradients: DeviceBuffer;
  /** `[checks]` u32: step + 1 at the first non-finite value of a layer or the loss, else 0. */
  nonFiniteSteps: DeviceBuffer;
  /** Flat, as is `moment2`: the optimizer's. */
  moment1?: DeviceBuffer;
  moment2?: DeviceBuffer;
  /** `[items]` u32: the epoch's order. */
  order: DeviceBuffer;
  /** `[batches]`: mean loss of each batch of the epoch. */
  losses: DeviceBuffer;
  /** `[outputs]`: class weights. */
  weights?: DeviceBuffer;
  /** `[floats / 64]` u32: 0 where a block of parameters is frozen, else 1. */
  trainable?: DeviceBuffer;
  /** `[batch][augmentationWords]` u32. */
  augmentations?: DeviceBuffer;
  /** `[batch]`: deviation of the noise. */
  deviations?: DeviceBuffer;
  /** `[batch][dimensions]` of N(0, 1), of a variational autoencoder. */
  latentNoise?: DeviceBuffer;
  /** What the transforms of a batch read, see `Transforms`. */
  transformRecords?: DeviceBuffer;
  step: Uniforms<typeof stepFields>;
  update: Uniforms<typeof optimizerParams>;
}

/** The uniforms with which the parameters of every kernel of a step start. */
export const stepFields = {
  step: "u32",
  seed: "u32",
  first: "u32",
  slot: "u32",
  share: "f32",
} as const;

/** Buffers of a training that are not part of its programs. */
export interface TrainingBuffers {
  data: DeviceDataset;
  /** Absent where networks reconstruct their input. */
  targets?: DeviceBuffer;
  /** 0, 1, 2, ...: the order of a batch in buffers of its own. */
  identity: DeviceBuffer;
  transforms?: Transforms;
  runs: readonly RunBuffers[];
}

/**
 * Allocates the buffers of a training; `fillBuffers` uploads the data set and the weights.
 *
 * @throws {DeviceError} too little memory
 */
export function openBuffers(device: Device, options: TrainerOptions): TrainingBuffers {
  const { runs, batchSize, targets, residentBytes } = options;
  const networks = runs.map(({ network }) => network);
  const data = new DeviceDataset(device, options.data, {
    streams: runs.length,
    batchSize: chooseEvaluationBatch(networks, batchSize),
    residentBytes,
  });
  const transforms = createTransforms(options);
  return {
    data,
    transforms,
    identity: device.buffer("identity", Uint32Array.from({ length: batchSize }, (_, i) => i)),
    ...(targets && { targets: device.buffer("targets", targets as Uint32Array<ArrayBuffer>) }),
    runs: runs.map((_, i) => openRun(device, options, i, transforms)),
  };
}

/** Frees all buffers of a training. */
export function freeBuffers(device: Device, buffers: TrainingBuffers): void {
  const { data, targets, identity, runs } = buffers;
  data.destroy();
  device.free(identity);
  if (targets) device.free(targets);
  for (const run of runs) {
    for (const value of Object.values(run)) {
      device.free(value instanceof Uniforms ? value.buffer : value);
    }
  }
}

function createTransforms({ transforms, data, batchSize }: TrainerOptions): Transforms | undefined {
  if (!transforms || transforms.entries.length === 0) return undefined;
  const geometry = itemGeometry(data.shape.slice(1), transforms.spacing);
  return new Transforms(transforms.entries, geometry, batchSize);
}

function openRun(
  device: Device,
  options: TrainerOptions,
  index: number,
  transforms: Transforms | undefined,
): RunBuffers {
  const run = options.runs[index];
  const { network, items, frozen, classWeights } = run;
  const { batchSize, optimizer, augmentation = [], loss } = options;
  const { rule } = updateRule(optimizer);
  const moments = momentsOf(rule);
  const length = network.parameters.deviceLength;
  const { unused } = network;
  const noise = network instanceof Autoencoder && network.variational ? network.latentLength : 0;
  const buffer = (name: string, content: number | ArrayBufferView<ArrayBuffer>) =>
    device.buffer(`${run.label} ${name}`, content);
  const blocks = new Uint32Array(length / 64);
  for (const { name, device: { offset, count } } of network.parameters.tensors) {
    const isFixed = frozen?.has(name) || unused.has(name);
    blocks.fill(isFixed ? 0 : 1, offset / 64, Math.ceil((offset + count) / 64));
  }
  const classification = typeof loss === "string" && isClassLoss(loss);
  const weights = classWeights ?? new Array<number>(network.outputs).fill(1);
  const batches = Math.ceil(items.length / batchSize);
  return {
    parameters: buffer("parameters", length * 4),
    statistics: buffer("statistics", network.statistics.deviceLength * 4),
    gradients: buffer("gradients", length * 4),
    nonFiniteSteps: buffer("non-finite steps", (network.batchNorms.length + 1) * 4),
    ...(moments.first && { moment1: buffer("moment1", length * 4) }),
    ...(moments.second && { moment2: buffer("moment2", length * 4) }),
    order: buffer("order", items.length * 4),
    losses: buffer("losses", batches * 4),
    ...(classification && { weights: buffer("class weights", Float32Array.from(weights)) }),
    ...((frozen?.size ?? 0) + unused.size > 0 && { trainable: buffer("trainable", blocks) }),
    ...(augmentation.length > 0 && {
      augmentations: buffer("augmentations", batchSize * augmentationWords * 4),
      deviations: buffer("deviations", batchSize * 4),
    }),
    ...(noise > 0 && { latentNoise: buffer("latent noise", batchSize * noise * 4) }),
    ...(transforms && { transformRecords: buffer("transforms", transforms.bytes) }),
    step: new Uniforms(device, `${run.label} step`, stepFields),
    update: new Uniforms(device, `${run.label} update`, optimizerParams),
  };
}

/** Largest batch size at which every tensor fits the device, or 0. */
export function largestBatch(device: Device, options: TrainerOptions): number {
  const perImage = Math.max(
    ...options.runs.flatMap(({ network }) =>
      network.summarise().map(({ output }) => activationBytes(output))
    ),
  );
  return Math.floor(largestTensor(device) / perImage);
}
