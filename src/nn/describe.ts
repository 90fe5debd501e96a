/** The layers of a network and what they cost, without a device. */
import { activationBytes, type Shape, sizeText } from "../../kernels/tensors.ts";
import { momentsOf } from "../../kernels/optimizer.ts";
import type { LayerSummary } from "./layer.ts";
import type { InputShape, Network } from "./network.ts";
import { type OptimizerOptions, updateRule } from "./optimizer.ts";

interface NetworkDescription {
  architecture: string;
  input: InputShape;
  outputs: number;
  layers: LayerSummary[];
  /** Trainable numbers. */
  parameters: number;
  /** Multiply-adds of one image's forward pass. */
  macs: number;
  batchSize: number;
  memory: TrainingMemory;
}

/** Estimates in bytes, without kernels' scratch buffers and the data set. */
interface TrainingMemory {
  /** Parameters, gradients and the optimizer's moments. */
  parameters: number;
  /** Input and outputs of all layers, and three times the largest for gradients. */
  activations: number;
  total: number;
  /** Largest single tensor: it must fit one buffer of the device. */
  largestTensor: number;
}

/**
 * Describes layers, shapes, parameters, multiply-adds and the memory to train.
 *
 * @param batchSize images of a training step
 */
export function describeNetwork(
  network: Network,
  batchSize: number,
  optimizer: OptimizerOptions = { name: "Adam", learningRate: 1e-4 },
): NetworkDescription {
  const layers = network.summarise();
  const sum = (of: (layer: LayerSummary) => number) => layers.reduce((s, l) => s + of(l), 0);
  return {
    architecture: network.architecture,
    input: network.input,
    outputs: network.outputs,
    layers,
    parameters: sum((layer) => layer.parameters),
    macs: sum((layer) => layer.macs),
    batchSize,
    memory: estimateMemory(network, layers, batchSize, optimizer),
  };
}

/** `channels x height x width`, or `channels x depth x height x width` of volumes, such as `8x64x64x60`. */
export function shapeText(shape: Shape, dimensions: 2 | 3): string {
  return `${shape.channels}x${sizeText(shape, dimensions)}`;
}

/** Numbers that an optimizer keeps of each parameter: 0 to 2. */
export function countMoments(optimizer: OptimizerOptions): number {
  const { first, second } = momentsOf(updateRule(optimizer).rule);
  return Number(first) + Number(second);
}

function estimateMemory(
  network: Network,
  layers: readonly LayerSummary[],
  batchSize: number,
  optimizer: OptimizerOptions,
): TrainingMemory {
  const sizes = [
    activationBytes(network.inputShape(batchSize)),
    ...layers.map(({ output }) => activationBytes({ ...output, batch: batchSize })),
  ];
  const largest = sizes.reduce((a, b) => Math.max(a, b));
  const copies = 2 + countMoments(optimizer);
  const parameters = network.parameters.length * 4 * copies + network.statistics.length * 4;
  const activations = sizes.reduce((a, b) => a + b, 0) + 3 * largest;
  return {
    parameters,
    activations,
    total: parameters + activations,
    largestTensor: Math.max(largest, network.parameters.length * 4),
  };
}
