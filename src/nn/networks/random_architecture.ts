/** ClinicaDL's `RandomArchitecture`: the network that its random search builds from drawn numbers; its names. */
import { ActivationLayer, Dropout } from "../layers/activation.ts";
import { BatchNorm } from "../layers/batch_norm.ts";
import { Convolution } from "../layers/convolution.ts";
import { InstanceNorm } from "../layers/instance_norm.ts";
import { Linear } from "../layers/linear.ts";
import { PadMaxPool } from "../layers/pool.ts";
import type { Layer } from "../layer.ts";
import { dimensionsOf, type InputShape, Network } from "../network.ts";

/** A block of convolutions; the last one has `outChannels`, those before it as many as come in. */
export interface ConvolutionBlock {
  outChannels: number;
  convolutions: number;
  /** How the sides are halved: by a pool behind the last convolution, or by its stride. */
  reduction: "MaxPooling" | "stride";
}

export interface RandomArchitecture {
  blocks: readonly ConvolutionBlock[];
  normalization: "BatchNorm" | "InstanceNorm" | "None";
  /** Linear layers. */
  fcBlocks: number;
}

/** The numbers that a random search draws. */
export interface BlockNumbers {
  n_convblocks: number;
  first_conv_width: number;
  n_conv: number;
  channels_limit: number;
  d_reduction: ConvolutionBlock["reduction"];
}

/** Channels double from block to block until they have reached the limit. */
export function convolutionBlocks(
  { n_convblocks, first_conv_width, n_conv, channels_limit, d_reduction }: BlockNumbers,
): ConvolutionBlock[] {
  const blocks: ConvolutionBlock[] = [];
  for (let outChannels = first_conv_width; blocks.length < n_convblocks;) {
    blocks.push({ outChannels, convolutions: n_conv, reduction: d_reduction });
    if (outChannels < channels_limit) outChannels *= 2;
  }
  return blocks;
}

const DEFAULT: RandomArchitecture = {
  blocks: convolutionBlocks({
    n_convblocks: 5,
    first_conv_width: 8,
    n_conv: 1,
    channels_limit: 512,
    d_reduction: "MaxPooling",
  }),
  normalization: "BatchNorm",
  fcBlocks: 3,
};

/**
 * Blocks of convolutions of side 3 with LeakyReLU, each halving the sides; dropout; linear layers whose widths
 * shrink by a constant ratio from the features to the outputs.
 */
export function randomArchitecture(
  input: InputShape,
  outputs: number,
  { dropout = 0, random = DEFAULT }: { dropout?: number; random?: RandomArchitecture } = {},
): Network {
  const { blocks, fcBlocks } = random;
  const dimensions = dimensionsOf(input);
  let inChannels = input[0];
  const convolutions = blocks.flatMap((block, number) => {
    const layers = blockLayers(`convolutions.conv${number}`, inChannels, dimensions, block, random);
    inChannels = block.outChannels;
    return layers;
  });
  const positions = input.slice(1)
    .map((side) => Math.ceil(side / 2 ** blocks.length))
    .reduce((product, side) => product * side);
  const widths = linearWidths(inChannels * positions, outputs, fcBlocks);
  const head = widths.slice(1).flatMap((width, i): Layer[] => {
    const linear = new Linear(`fc.FC${i}.0`, widths[i], width, i === 0 ? positions : 1);
    return i + 1 < fcBlocks ? [linear, new ActivationLayer(`fc.FC${i}.1`, "leaky_relu")] : [linear];
  });
  return new Network("RandomArchitecture", input, outputs, [
    ...convolutions,
    new Dropout("fc.1", dropout),
    ...head,
  ]);
}

function blockLayers(
  block: string,
  inChannels: number,
  dimensions: 2 | 3,
  { outChannels, convolutions, reduction }: ConvolutionBlock,
  { normalization }: RandomArchitecture,
): Layer[] {
  const layers: Layer[] = [];
  // In PyTorch's sequence an activation has a number of its own.
  let place = 0;
  for (let number = 0; number < convolutions; number++) {
    const isLast = number === convolutions - 1;
    const channels = isLast ? outChannels : inChannels;
    layers.push(
      new Convolution(`${block}.${place++}`, {
        inChannels,
        outChannels: channels,
        dimensions,
        kernel: 3,
        padding: 1,
        stride: isLast && reduction === "stride" ? 2 : 1,
      }),
    );
    if (normalization === "None") {
      layers.push(new ActivationLayer(`${block}.${place++}`, "leaky_relu"));
      continue;
    }
    const name = `${block}.${place}`;
    place += 2;
    layers.push(
      normalization === "BatchNorm"
        ? new BatchNorm(name, channels, "leaky_relu", dimensions)
        : new InstanceNorm(name, { dimensions, activation: "leaky_relu" }),
    );
  }
  if (reduction === "MaxPooling") layers.push(new PadMaxPool(`${block}.${place}`, dimensions));
  return layers;
}

/** Of the features and of what each linear layer puts out; rounded as NumPy does. */
function linearWidths(features: number, outputs: number, count: number): number[] {
  const ratio = (features / outputs) ** (1 / count);
  const widths = [features];
  for (let i = 0; i < count; i++) widths.push(widths[i] / ratio);
  return widths.map(roundHalfEven);
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + below % 2 : Math.round(value);
}
