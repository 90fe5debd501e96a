/**
 * ClinicaDL's small networks of images and volumes: five convolution blocks, then three linear layers;
 * its names.
 */
import { ActivationLayer, Dropout } from "../layers/activation.ts";
import { BatchNorm } from "../layers/batch_norm.ts";
import { Convolution } from "../layers/convolution.ts";
import { Linear } from "../layers/linear.ts";
import { PadMaxPool } from "../layers/pool.ts";
import type { Layer } from "../layer.ts";
import { dimensionsOf, type InputShape, Network } from "../network.ts";

/** Output channels of the convolutions. */
export const WIDTHS = [8, 16, 32, 64, 128] as const;

interface ConvolutionBlockOptions {
  strided?: boolean;
  /** Whether a decoder needs the places of maxima. */
  keepsPositions?: boolean;
}

/** Five blocks of a convolution of side 3, batch normalisation with ReLU and, unless strided, pooling. */
export function createConvolutionBlocks(
  prefix: string,
  input: InputShape,
  { strided = false, keepsPositions = false }: ConvolutionBlockOptions = {},
): Layer[] {
  const dimensions = dimensionsOf(input);
  const perBlock = strided ? 3 : 4;
  return WIDTHS.flatMap((outChannels, block) => {
    const at = block * perBlock;
    const inChannels = block === 0 ? input[0] : WIDTHS[block - 1];
    const stride = strided ? 2 : 1;
    const name = (offset: number) => `${prefix}.${at + offset}`;
    return [
      new Convolution(name(0), {
        inChannels,
        outChannels,
        dimensions,
        kernel: 3,
        padding: 1,
        stride,
      }),
      new BatchNorm(name(1), outChannels, "relu", dimensions),
      ...(strided ? [] : [new PadMaxPool(name(3), dimensions, keepsPositions)]),
    ];
  });
}

function convFc(
  architecture: string,
  input: InputShape,
  outputs: number,
  { dropout, hidden, strided }: { dropout: number; hidden: readonly number[]; strided: boolean },
): Network {
  const side = (n: number) => WIDTHS.reduce((size) => Math.ceil(size / 2), n);
  const positions = input.slice(1).map(side).reduce((product, size) => product * size);
  const sizes = [WIDTHS[4] * positions, ...hidden, outputs];
  const head = sizes.slice(1).flatMap((size, i): Layer[] => {
    const linear = new Linear(`fc.${2 + 2 * i}`, sizes[i], size, i === 0 ? positions : 1);
    return i + 2 < sizes.length
      ? [linear, new ActivationLayer(`fc.${3 + 2 * i}`, "relu")]
      : [linear];
  });
  return new Network(architecture, input, outputs, [
    ...createConvolutionBlocks("convolutions", input, { strided }),
    new Dropout("fc.1", dropout),
    ...head,
  ]);
}

interface ConvFcOptions {
  /** Probability, before the first linear layer. */
  dropout?: number;
}

/** `Conv5_FC3`: 8, 16, 32, 64 and 128 channels, each pooled; 1300, 50 and `outputs` units. */
export function conv5Fc3(
  input: InputShape,
  outputs: number,
  { dropout = 0 }: ConvFcOptions = {},
): Network {
  return convFc("Conv5_FC3", input, outputs, { dropout, hidden: [1300, 50], strided: false });
}

/** `Conv4_FC3`: the same five convolutions, despite ClinicaDL's name; 50, 40 and `outputs` units. */
export function conv4Fc3(
  input: InputShape,
  outputs: number,
  { dropout = 0 }: ConvFcOptions = {},
): Network {
  return convFc("Conv4_FC3", input, outputs, { dropout, hidden: [50, 40], strided: false });
}

/** `Stride_Conv5_FC3`: `Conv5_FC3` with convolutions of stride 2 instead of pooling. */
export function strideConv5Fc3(
  input: InputShape,
  outputs: number,
  { dropout = 0 }: ConvFcOptions = {},
): Network {
  return convFc("Stride_Conv5_FC3", input, outputs, { dropout, hidden: [1300, 50], strided: true });
}
