/** ClinicaDL's `CVAE_3D_half` and `CVAE_3D_final_conv` of volumes of any size; its names. */
import { pixels } from "../../../kernels/tensors.ts";
import { Autoencoder } from "../autoencoder.ts";
import type { Layer } from "../layer.ts";
import { ActivationLayer } from "../layers/activation.ts";
import { BatchNorm, UnusedBatchNorm } from "../layers/batch_norm.ts";
import { Convolution } from "../layers/convolution.ts";
import { InstanceNorm } from "../layers/instance_norm.ts";
import { GaussianLatent } from "../layers/latent.ts";
import { Linear } from "../layers/linear.ts";
import { TransposedConvolution } from "../layers/transposed_convolution.ts";
import { Unflatten } from "../layers/unflatten.ts";
import { batchShape, dimensionsOf, type InputShape } from "../network.ts";

/** Of every convolution: side 3, stride 2. */
const SHAPE = { dimensions: 3, kernel: 3, stride: 2, padding: 1 } as const;

/** Output channels of the encoder's convolutions. */
const WIDTHS = [32, 64, 128] as const;

/** Factor by which the encoder divides the sides. */
const REDUCTION = 2 ** WIDTHS.length;

/**
 * `CVAE_3D_half`: three convolutions with batch normalisation and LeakyReLU of slope 0.2; tanh of a linear
 * layer is the mean; transposed convolutions with ReLU, and a sigmoid.
 *
 * @throws {RangeError} sides that are no multiples of 8
 */
export function cvaeHalf(input: InputShape, latentSpaceSize: number): Autoencoder {
  const norm = (number: number, channels: number, activation: "leaky_relu" | "relu") =>
    new BatchNorm(`bn${number}`, channels, activation, 3, activation === "relu" ? undefined : 0.2);
  return convVae("CVAE_3D_half", input, latentSpaceSize, {
    encoderNorm: (number, channels) => norm(number, channels, "leaky_relu"),
    decoderNorm: (number, channels) => norm(number, channels, "relu"),
    dense: new ActivationLayer("fc2 relu", "relu"),
    last: [
      new UnusedBatchNorm("bn4", 128, "none", 3),
      new UnusedBatchNorm("bn7", 32, "none", 3),
    ],
  });
}

/**
 * `CVAE_3D_final_conv`: the same with instance normalisation, LeakyReLU of slope 0.01 in the decoder, and a
 * convolution of the reconstruction before its sigmoid.
 *
 * @throws {RangeError} sides that are no multiples of 8
 */
export function cvaeFinalConv(input: InputShape, latentSpaceSize: number): Autoencoder {
  const norm = (number: number, slope?: number) =>
    new InstanceNorm(`in${number}`, { dimensions: 3, activation: "leaky_relu", slope });
  const channels = { inChannels: input[0], outChannels: input[0] };
  return convVae("CVAE_3D_final_conv", input, latentSpaceSize, {
    encoderNorm: (number) => norm(number, 0.2),
    decoderNorm: (number) => norm(number),
    dense: new ActivationLayer("fc2 leaky_relu", "leaky_relu"),
    last: [norm(7), new Convolution("final", { ...SHAPE, ...channels, stride: 1 })],
  });
}

interface Parts {
  /** Normalisation and activation behind a convolution. */
  encoderNorm(number: number, channels: number): Layer;
  decoderNorm(number: number, channels: number): Layer;
  /** Activation of the linear layer of the decoder. */
  dense: Layer;
  /** Between the last transposed convolution and the sigmoid. */
  last: readonly Layer[];
}

function convVae(
  architecture: string,
  input: InputShape,
  latentSpaceSize: number,
  { encoderNorm, decoderNorm, dense, last }: Parts,
): Autoencoder {
  if (dimensionsOf(input) !== 3 || input.slice(1).some((side) => side % REDUCTION > 0)) {
    throw new RangeError(
      `${architecture} takes volumes whose sides are multiples of ${REDUCTION}, not ` +
        input.join("x"),
    );
  }
  const encoder = WIDTHS.flatMap((outChannels, i) => {
    const inChannels = i === 0 ? input[0] : WIDTHS[i - 1];
    return [
      new Convolution(`conv${i + 1}`, { ...SHAPE, inChannels, outChannels }),
      encoderNorm(i + 1, outChannels),
    ];
  });
  const { depth, height, width } = batchShape(input, 1);
  const code = {
    depth: depth / REDUCTION,
    height: height / REDUCTION,
    width: width / REDUCTION,
  };
  const positions = pixels(code);
  const features = WIDTHS[2] * positions;
  const latent = new GaussianLatent("latent", {
    mean: "fc10",
    logVariance: "fc11",
    inFeatures: features,
    positions,
    dimensions: latentSpaceSize,
    bounded: true,
  });
  const upconvolution = (number: number, inChannels: number, outChannels: number) =>
    new TransposedConvolution(`upconv${number}`, {
      ...SHAPE,
      inChannels,
      outChannels,
      outputPadding: 1,
    });
  return new Autoencoder(architecture, input, {
    layers: [
      ...encoder,
      latent,
      new Linear("fc2", latentSpaceSize, 2 * features),
      dense,
      new Unflatten("code", { channels: 256, ...code }),
      upconvolution(1, 256, 128),
      decoderNorm(5, 128),
      upconvolution(2, 128, 64),
      decoderNorm(6, 64),
      upconvolution(4, 64, input[0]),
      ...last,
      new ActivationLayer("output", "sigmoid"),
    ],
    latent: latent.outputShape({ batch: 1, channels: WIDTHS[2], ...code }),
    variational: true,
  });
}
