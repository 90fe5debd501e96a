/** ClinicaDL's autoencoder of images and volumes, `AE_Conv5_FC3`; its names. */
import type { Triple } from "../../../kernels/tensors.ts";
import { Autoencoder } from "../autoencoder.ts";
import type { Layer } from "../layer.ts";
import { ActivationLayer } from "../layers/activation.ts";
import { BatchNorm } from "../layers/batch_norm.ts";
import { Code } from "../layers/latent.ts";
import { PadMaxPool } from "../layers/pool.ts";
import { TransposedConvolution } from "../layers/transposed_convolution.ts";
import { CropMaxUnpool } from "../layers/unpool.ts";
import { batchShape, dimensionsOf, type InputShape } from "../network.ts";
import { createConvolutionBlocks, WIDTHS } from "./conv_fc.ts";

/**
 * The convolutions of `Conv5_FC3`, then their mirror: unpooling to where the maxima were, transposed
 * convolution, batch normalisation and ReLU. ClinicaDL orders the mirrored layers of images otherwise
 * (unpooling, ReLU, normalisation, convolution), so their output is linear, and that of volumes is at
 * least 0.
 *
 * @param architecture `AE_Conv5_FC3` or `AE_Conv4_FC3`, which are the same
 * @throws {RangeError} an input that is too small
 */
export function convAutoencoder(architecture: string, input: InputShape): Autoencoder {
  const encoder = createConvolutionBlocks("encoder", input, { keepsPositions: true });
  const pools: { pool: PadMaxPool; size: Triple }[] = [];
  let latent = batchShape(input, 1);
  for (const layer of encoder) {
    const { depth, height, width } = latent;
    if (layer instanceof PadMaxPool) pools.push({ pool: layer, size: [depth, height, width] });
    latent = layer.outputShape(latent);
  }
  const decoder = pools.toReversed().flatMap(({ pool, size }, block) => {
    const [inChannels, outChannels = input[0]] = WIDTHS.toReversed().slice(block);
    const name = (offset: number) => `decoder.${4 * block + offset}`;
    return [
      new CropMaxUnpool(name(0), pool, size),
      ...mirroredLayers(name, { inChannels, outChannels, dimensions: dimensionsOf(input) }),
    ];
  });
  const layers = [...encoder, new Code("latent"), ...decoder];
  return new Autoencoder(architecture, input, { layers, latent, variational: false });
}

/** The layers of a decoder's block behind the unpooling. */
function mirroredLayers(
  name: (offset: number) => string,
  channels: { inChannels: number; outChannels: number; dimensions: 2 | 3 },
): Layer[] {
  const { inChannels, outChannels, dimensions } = channels;
  const convolution = { ...channels, kernel: 3, padding: 1 };
  return dimensions === 3
    ? [
      new TransposedConvolution(name(1), convolution),
      new BatchNorm(name(2), outChannels, "relu", 3),
    ]
    : [
      new ActivationLayer(name(1), "relu"),
      new BatchNorm(name(2), inChannels),
      new TransposedConvolution(name(3), convolution),
    ];
}
