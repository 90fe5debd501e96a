/** The layers of a network and what they cost, without a device. */
import { type Shape, sizeText } from "../../kernels/tensors.ts";
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
}

/** Describes layers, shapes, parameters and multiply-adds; `memory.ts` plans the memory. */
export function describeNetwork(network: Network): NetworkDescription {
  const layers = network.summarise();
  const sum = (of: (layer: LayerSummary) => number) => layers.reduce((s, l) => s + of(l), 0);
  return {
    architecture: network.architecture,
    input: network.input,
    outputs: network.outputs,
    layers,
    parameters: sum((layer) => layer.parameters),
    macs: sum((layer) => layer.macs),
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
