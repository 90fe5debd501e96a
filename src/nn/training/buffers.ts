/** The device buffers of a training: data; for each network weights, gradients, moments, losses. */
import { augmentationWords } from "../../../kernels/gather.ts";
import { isClassLoss } from "../../../kernels/loss.ts";
import { momentsOf, optimizerParams } from "../../../kernels/optimizer.ts";
import { activationBytes } from "../../../kernels/tensors.ts";
import type { BufferRange, Device, DeviceBuffer } from "../../gpu/device.ts";
import { largestTensor } from "../../gpu/texels.ts";
import { openParts } from "../../gpu/parts.ts";
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
  parameters: BufferRange;
  statistics: BufferRange;
  /** Flat. */
  gradients: BufferRange;
  /** `[checks]` u32: step + 1 at the first non-finite value of a layer or the loss, else 0. */
  nonFiniteSteps: BufferRange;
  /** Flat, as is `moment2`: the optimizer's. */
  moment1?: BufferRange;
  moment2?: BufferRange;
  /** `[items]` u32: the epoch's order. */
  order: BufferRange;
  /** `[batches]`: mean loss of each batch of the epoch. */
  losses: BufferRange;
  /** `[outputs]`: class weights. */
  weights?: BufferRange;
  /** `[floats / 64]` u32: 0 where a block of parameters is frozen, else 1. */
  trainable?: BufferRange;
  /** `[batch][augmentationWords]` u32. */
  augmentations?: BufferRange;
  /** `[batch]`: deviation of the noise. */
  deviations?: BufferRange;
  /** `[batch][dimensions]` of N(0, 1), of a variational autoencoder. */
  latentNoise?: BufferRange;
  /** What the transforms of a batch read, see `Transforms`. */
  transformRecords?: BufferRange;
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
    runs: openRuns(device, options, transforms),
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

/** The buffers of runs that are trained side by side, in equal parts of one where they are of one size. */
function openRuns(device: Device, options: TrainerOptions, transforms?: Transforms): RunBuffers[] {
  const count = options.runs.length;
  const contents = options.runs.map((run) => contentsOf(run, options, transforms));
  const opened = contents.map((): Partial<Record<BufferName, BufferRange>> => ({}));
  for (const name of new Set(contents.flatMap((run) => Object.keys(run) as BufferName[]))) {
    const having = opened.filter((_, i) => contents[i][name] !== undefined);
    const given = contents.flatMap((run) => run[name] ?? []);
    openParts(device, name, given).forEach((buffer, i) => having[i][name] = buffer);
  }
  const steps = Uniforms.sideBySide(device, "step", stepFields, count);
  const updates = Uniforms.sideBySide(device, "update", optimizerParams, count);
  return opened.map((buffers, i) => ({
    ...buffers as Record<BufferName, BufferRange>,
    step: steps[i],
    update: updates[i],
  }));
}

type BufferName = Exclude<keyof RunBuffers, "step" | "update">;

/** Bytes or content of each buffer of a run. */
function contentsOf(
  { network, items, frozen, classWeights }: TrainerOptions["runs"][number],
  { batchSize, optimizer, augmentation = [], loss }: TrainerOptions,
  transforms?: Transforms,
): Partial<Record<BufferName, number | ArrayBufferView<ArrayBuffer>>> {
  const { rule } = updateRule(optimizer);
  const moments = momentsOf(rule);
  const length = network.parameters.deviceLength;
  const { unused } = network;
  const noise = network instanceof Autoencoder && network.variational ? network.latentLength : 0;
  const blocks = new Uint32Array(length / 64);
  for (const { name, device: { offset, count } } of network.parameters.tensors) {
    const isFixed = frozen?.has(name) || unused.has(name);
    blocks.fill(isFixed ? 0 : 1, offset / 64, Math.ceil((offset + count) / 64));
  }
  const weights = classWeights ?? new Array<number>(network.outputs).fill(1);
  const batches = Math.ceil(items.length / batchSize);
  return {
    parameters: length * 4,
    statistics: network.statistics.deviceLength * 4,
    gradients: length * 4,
    nonFiniteSteps: (network.batchNorms.length + 1) * 4,
    ...(moments.first && { moment1: length * 4 }),
    ...(moments.second && { moment2: length * 4 }),
    order: items.length * 4,
    losses: batches * 4,
    ...(typeof loss === "string" && isClassLoss(loss) && { weights: Float32Array.from(weights) }),
    ...((frozen?.size ?? 0) + unused.size > 0 && { trainable: blocks }),
    ...(augmentation.length > 0 && {
      augmentations: batchSize * augmentationWords * 4,
      deviations: batchSize * 4,
    }),
    ...(noise > 0 && { latentNoise: batchSize * noise * 4 }),
    ...(transforms && { transformRecords: transforms.bytes }),
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
