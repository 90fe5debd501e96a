/** Records a training step: input, forward pass, loss, gradients, update. */
import { itemsBytes } from "../../../kernels/augment/grid.ts";
import { takeItems } from "../../../kernels/augment/items.ts";
import { addNoise } from "../../../kernels/random.ts";
import { erase, gatherBatch, smooth } from "../../../kernels/gather.ts";
import { lossForward } from "../../../kernels/loss.ts";
import { recordUpdate } from "../../../kernels/optimizer.ts";
import { activationBytes } from "../../../kernels/tensors.ts";
import type { Operand, ProgramBuilder } from "../../gpu/program.ts";
import { streamNumber } from "../../random.ts";
import type { TrainingBuffers } from "./buffers.ts";
import type { TrainerOptions } from "./options.ts";
import { type Activation, storageFor, Trace } from "../layer.ts";
import { updateRule } from "../optimizer.ts";
import { recordReconstructionLoss } from "../reconstruction.ts";
import { gradientScale } from "./storage.ts";

/**
 * Records one step of every network, side by side; without the update where gradients are
 * accumulated over several batches.
 *
 * @param size samples of the batch
 * @returns layers with a non-finite check, in order of their index in `nonFiniteSteps`
 */
export function recordStep(
  builder: ProgramBuilder,
  options: TrainerOptions,
  buffers: TrainingBuffers,
  size: number,
): string[] {
  const checkedLayers: string[][] = [];
  builder.parallel(options.runs.map((_, run) => () => {
    checkedLayers[run] = recordGradients(builder, options, buffers, run, size);
    if ((options.accumulationSteps ?? 1) === 1) recordOptimizer(builder, options, buffers, run);
  }));
  return checkedLayers[0];
}

/** Records the update by accumulated gradients, and sets these to zero. */
export function recordAccumulatedUpdate(
  builder: ProgramBuilder,
  options: TrainerOptions,
  buffers: TrainingBuffers,
): void {
  builder.parallel(options.runs.map((_, run) => () => {
    recordOptimizer(builder, options, buffers, run);
    builder.clear(buffers.runs[run].gradients);
  }));
}

/** Records one network's forward pass, loss and gradients. @returns layers with a non-finite check */
function recordGradients(
  builder: ProgramBuilder,
  options: TrainerOptions,
  training: TrainingBuffers,
  run: number,
  size: number,
): string[] {
  const { network, frozen } = options.runs[run];
  const buffers = training.runs[run];
  const params = buffers.step.buffer;
  const trace = new Trace({
    program: builder,
    mode: "train",
    parameters: network.parameters,
    statistics: network.statistics,
    buffers,
    params,
    accumulate: (options.accumulationSteps ?? 1) > 1,
    frozen,
    storage: options.storage,
  });
  const shape = network.inputShape(size);
  const hasNoise = options.augmentation?.includes("Noise") ?? false;
  const x: Activation = {
    shape,
    tensor: recordInput(builder, options, training, run, size),
    requiresGradient: false,
    repeated: !hasNoise && training.data.repeatsChannel(shape),
  };
  const output = network.record(trace, x);
  if (typeof options.loss === "string") {
    const gradient = builder.tensor("logits gradient", activationBytes(output.shape));
    lossForward(builder, options.loss, {
      batch: size,
      outputs: network.outputs,
      logits: output.tensor,
      order: buffers.order,
      params,
      targets: training.targets!,
      weights: buffers.weights,
      labelSmoothing: options.labelSmoothing,
      focalGamma: options.focalGamma,
      losses: buffers.losses,
      gradient,
      nonFiniteSteps: buffers.nonFiniteSteps,
      nonFiniteAt: trace.addNonFiniteCheck("loss"),
    });
    output.gradient = gradient;
  } else {
    const { losses } = buffers;
    recordReconstructionLoss(trace, options.loss, network, { x, y: output, losses });
  }
  trace.backward();
  return trace.checkedLayers;
}

/** Records the transforms of a batch, `[batch][D][H][W]`. */
function recordTransforms(
  builder: ProgramBuilder,
  { runs }: TrainerOptions,
  { data, identity, transforms, runs: runBuffers }: TrainingBuffers,
  run: number,
  size: number,
): Operand | undefined {
  const { order, transformRecords, step } = runBuffers[run];
  if (!transforms || !transformRecords) return undefined;
  const { batch, depth, height, width } = runs[run].network.inputShape(size);
  const shape = { batch, depth, height, width };
  const { data: items, ranges } = data.source(run);
  const x = builder.tensor("items", itemsBytes(shape));
  takeItems(builder, {
    shape,
    data: items,
    order: data.gathered ? order : identity,
    fromStart: !data.gathered,
    ranges,
    y: x,
    params: step.buffer,
  });
  // The device has scaled each item by its minimum and maximum.
  const leastIsZero = ranges !== undefined;
  return transforms.record(builder, { shape, x, leastIsZero }, transformRecords);
}

/** Records the network's input: the batch gathered, normalised and augmented. */
function recordInput(
  builder: ProgramBuilder,
  options: TrainerOptions,
  buffers: TrainingBuffers,
  run: number,
  size: number,
): Operand {
  const { runs, augmentation = [], storage } = options;
  const { data, identity, runs: runBuffers } = buffers;
  const transformed = recordTransforms(builder, options, buffers, run, size);
  const { order, step, augmentations, deviations } = runBuffers[run];
  const params = step.buffer;
  const output = runs[run].network.inputShape(size);
  const bytes = activationBytes(output);
  const tensor = (label: string) => builder.tensor(label, bytes, storageFor(output, storage));
  let x = tensor("input");
  gatherBatch(builder, {
    output,
    ...(transformed ? { inChannels: 1, data: transformed } : data.source(run)),
    order: data.gathered && !transformed ? order : identity,
    fromStart: !data.gathered || transformed !== undefined,
    augmentations: augmentation.includes("CropPad") ? augmentations : undefined,
    y: x,
    params,
    label: "gather",
  });
  if (augmentations && augmentation.includes("Smoothing")) {
    const between = tensor("smoothed along x");
    const y = tensor("smoothed");
    smooth(builder, { shape: output, augmentations, x, between, y });
    x = y;
  }
  if (deviations && augmentation.includes("Noise")) {
    const y = tensor("with noise");
    const stream = streamNumber("augment noise");
    addNoise(builder, { x, y, deviations, batch: size, bytes, stream, params, label: "noise" });
    x = y;
  }
  if (augmentations && augmentation.includes("Erasing")) {
    erase(builder, { shape: output, augmentations, y: x });
  }
  return x;
}

function recordOptimizer(
  builder: ProgramBuilder,
  { optimizer, runs, storage }: TrainerOptions,
  buffers: TrainingBuffers,
  run: number,
): void {
  const { parameters, gradients, moment1, moment2, trainable, update } = buffers.runs[run];
  recordUpdate(builder, {
    ...updateRule(optimizer),
    gradientScale: gradientScale(storage),
    count: runs[run].network.parameters.deviceLength,
    parameters,
    gradients,
    moment1,
    moment2,
    trainable,
    params: update.buffer,
    label: optimizer.name,
  });
}
