/** ClinicaDL's `Vanilla3DdenseVAE` of volumes of any size; its names. */
import { pixels, type Triple } from "../../../kernels/tensors.ts";
import { Autoencoder } from "../autoencoder.ts";
import type { Layer } from "../layer.ts";
import { ActivationLayer } from "../layers/activation.ts";
import { BatchNorm } from "../layers/batch_norm.ts";
import { Convolution } from "../layers/convolution.ts";
import { GaussianLatent } from "../layers/latent.ts";
import { Linear } from "../layers/linear.ts";
import { TransposedConvolution } from "../layers/transposed_convolution.ts";
import { Unflatten } from "../layers/unflatten.ts";
import { batchShape, type InputShape } from "../network.ts";

export interface DenseVaeOptions {
  latentSpaceSize: number;
  /** Units between the convolutions and the latent space; 0 leaves that layer out. */
  featureSize: number;
  /** Convolutions, each of which halves the sides. */
  convolutions: number;
  /** Channels of the first convolution, and of the last before the output. */
  ioLayerChannels: number;
}

/** Of every convolution: side 4, stride 2. */
const SHAPE = { dimensions: 3, kernel: 4, stride: 2, padding: 1, bias: false } as const;

/**
 * Convolutions with batch normalisation and LeakyReLU of slope 0.2, whose channels double; linear layers to
 * the latent distribution and back; transposed convolutions with ReLU, and a sigmoid.
 *
 * @throws {RangeError} a volume that is too small
 */
export function denseVae(input: InputShape, options: DenseVaeOptions): Autoencoder {
  const { latentSpaceSize, featureSize, convolutions, ioLayerChannels } = options;
  const encoder: Layer[] = [];
  const sizes: Triple[] = [];
  let shape = batchShape(input, 1);
  for (let i = 0; i < convolutions; i++) {
    sizes.push([shape.depth, shape.height, shape.width]);
    const [inChannels, outChannels] = [shape.channels, ioLayerChannels * 2 ** i];
    encoder.push(
      new Convolution(`encoder.${i}.layer.0`, { ...SHAPE, inChannels, outChannels }),
      new BatchNorm(`encoder.${i}.layer.1`, outChannels, "leaky_relu", 3, 0.2),
    );
    shape = encoder[2 * i].outputShape(shape);
  }
  const positions = pixels(shape);
  const features = shape.channels * positions;
  const units = featureSize || features;
  if (featureSize > 0) {
    encoder.push(
      new Linear(`encoder.${convolutions + 1}.0`, features, featureSize, positions),
      new ActivationLayer(`encoder.${convolutions + 1}.1`, "relu"),
    );
  }
  const latent = new GaussianLatent("latent", {
    mean: "mu_layer",
    logVariance: "var_layer",
    inFeatures: units,
    positions: featureSize > 0 ? 1 : positions,
    dimensions: latentSpaceSize,
  });
  const { channels, depth, height, width } = shape;
  const dense = [latentSpaceSize, ...(featureSize > 0 ? [featureSize] : []), features];
  const decoder: Layer[] = dense.slice(1).flatMap((size, i) => [
    new Linear(`decoder.0.${2 * i}`, dense[i], size),
    new ActivationLayer(`decoder.0.${2 * i + 1}`, "relu"),
  ]);
  decoder.push(new Unflatten("decoder.1", { channels, depth, height, width }));
  sizes.toReversed().forEach((size, block) => {
    const level = convolutions - 1 - block;
    const isLast = level === 0;
    const name = `decoder.${2 + block}`;
    const outChannels = isLast ? input[0] : ioLayerChannels * 2 ** (level - 1);
    decoder.push(
      new TransposedConvolution(isLast ? `${name}.0` : `${name}.layer.0`, {
        ...SHAPE,
        inChannels: ioLayerChannels * 2 ** level,
        outChannels,
        outputPadding: size.map((side) => side % 2),
      }),
      isLast
        ? new ActivationLayer(`${name}.1`, "sigmoid")
        : new BatchNorm(`${name}.layer.1`, outChannels, "relu", 3),
    );
  });
  return new Autoencoder("Vanilla3DdenseVAE", input, {
    layers: [...encoder, latent, ...decoder],
    latent: latent.outputShape(featureSize > 0 ? vectorOf(featureSize) : shape),
    variational: true,
  });
}

function vectorOf(channels: number) {
  return { batch: 1, channels, depth: 1, height: 1, width: 1 };
}
