/** The device memory of one network in training: weights, gradients, moments, order, losses. */
import { augmentationWords } from "../../kernels/gather.ts";
import { isClassLoss } from "../../kernels/loss.ts";
import { momentsOf, optimizerParams } from "../../kernels/optimizer.ts";
import { activationBytes } from "../../kernels/tensors.ts";
import type { Device, DeviceBuffer } from "../gpu/device.ts";
import { Uniforms } from "../gpu/uniforms.ts";
import type { Run, TrainerOptions } from "./fit_options.ts";
import type { Network } from "./network.ts";
import { updateRule } from "./optimizer.ts";
import type { FlatLayout } from "./parameters.ts";
import { initialState } from "./state_dict.ts";

export interface RunBuffers {
  parameters: DeviceBuffer;
  statistics: DeviceBuffer;
  gradients: DeviceBuffer;
  faults: DeviceBuffer;
  moment1?: DeviceBuffer;
  moment2?: DeviceBuffer;
  order: DeviceBuffer;
  losses: DeviceBuffer;
  weights?: DeviceBuffer;
  trainable?: DeviceBuffer;
  augmentations?: DeviceBuffer;
  deviations?: DeviceBuffer;
  step: Uniforms<typeof stepFields>;
  update: Uniforms<typeof optimizerParams>;
}

/** The uniforms that every kernel of a step starts with. */
export const stepFields = {
  step: "u32",
  seed: "u32",
  first: "u32",
  slot: "u32",
  share: "f32",
} as const;

/** The buffers of a run that a checkpoint holds. */
export function stored(buffers: RunBuffers, options: TrainerOptions): [string, DeviceBuffer][] {
  const { parameters, statistics, moment1, moment2, gradients } = buffers;
  return [
    ["parameters", parameters],
    ["statistics", statistics],
    ...(moment1 ? [["moment1", moment1] as [string, DeviceBuffer]] : []),
    ...(moment2 ? [["moment2", moment2] as [string, DeviceBuffer]] : []),
    ...((options.accumulationSteps ?? 1) > 1
      ? [["gradients", gradients] as [string, DeviceBuffer]]
      : []),
  ];
}

/** How a stored buffer is laid out: moments and gradients as the parameters are. */
export function layoutOf(name: string, network: Network): FlatLayout {
  return name === "statistics" ? network.statistics : network.parameters;
}

/**
 * Allocates and fills what a run needs, from its initial weights or from a checkpoint.
 *
 * @throws {RangeError} a checkpoint of another network or optimizer
 */
export function openRun(
  device: Device,
  options: TrainerOptions,
  run: Run,
  index: number,
): RunBuffers {
  const { network, items, seed, frozen, classWeights } = run;
  const { batchSize, optimizer, resume, augmentation = [], loss } = options;
  const state = run.initial ?? initialState(network, seed);
  const { rule } = updateRule(optimizer);
  const moments = momentsOf(rule);
  const length = network.parameters.deviceLength;
  const buffer = (name: string, content: number | ArrayBufferView<ArrayBuffer>) =>
    device.buffer(`${run.label} ${name}`, content);
  const blocks = new Uint32Array(length / 64);
  for (const { name, device: { offset, count } } of network.parameters.tensors) {
    blocks.fill(frozen?.has(name) ? 0 : 1, offset / 64, Math.ceil((offset + count) / 64));
  }
  const classification = isClassLoss(loss);
  const weights = classWeights ?? new Array<number>(network.outputs).fill(1);
  const batches = Math.ceil(items.length / batchSize);
  const opened: RunBuffers = {
    parameters: buffer("parameters", network.parameters.toDevice(state.parameters)),
    statistics: buffer("statistics", state.statistics),
    gradients: buffer("gradients", length * 4),
    faults: buffer("faults", (network.normalisations.length + 1) * 4),
    ...(moments.first && { moment1: buffer("moment1", length * 4) }),
    ...(moments.second && { moment2: buffer("moment2", length * 4) }),
    order: buffer("order", items.length * 4),
    losses: buffer("losses", batches * 4),
    ...(classification && { weights: buffer("class weights", Float32Array.from(weights)) }),
    ...(frozen && frozen.size > 0 && { trainable: buffer("trainable", blocks) }),
    ...(augmentation.length > 0 && {
      augmentations: buffer("augmentations", batchSize * augmentationWords * 4),
      deviations: buffer("deviations", batchSize * 4),
    }),
    step: new Uniforms(device, `${run.label} step`, stepFields),
    update: new Uniforms(device, `${run.label} update`, optimizerParams),
  };
  if (resume) {
    for (const [name, target] of stored(opened, options)) {
      const layout = layoutOf(name, network);
      const saved = resume.tensors.get(`${index}.${name}`);
      if (saved?.length !== layout.length) {
        throw new RangeError(`The checkpoint does not fit ${run.label}: ${name}`);
      }
      device.write(target, layout.toDevice(saved));
    }
  }
  return opened;
}

/** Largest batch size of which no tensor exceeds what the device can bind, or 0. */
export function largestBatch(device: Device, options: TrainerOptions): number {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  const perImage = Math.max(
    ...options.runs.flatMap(({ network }) =>
      network.summarise().map(({ output }) => activationBytes(output))
    ),
  );
  return Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / perImage);
}
