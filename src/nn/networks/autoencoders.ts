/** The list of networks that reconstruct their input: a new one is a line here and in `names.ts`. */
import type { Autoencoder } from "../autoencoder.ts";
import type { AutoencoderName } from "../names.ts";
import { dimensionsOf, type InputShape } from "../network.ts";
import { convAutoencoder } from "./conv_autoencoder.ts";
import { cvaeFinalConv, cvaeHalf } from "./conv_vae.ts";
import { denseVae } from "./dense_vae.ts";
import { generatorUnet } from "./unet.ts";

/** ClinicaDL's options of `[Architecture]`; a network ignores those that it has no layer for. */
export interface AutoencoderOptions {
  /** Dimensions of the latent distribution, 128 by default. */
  latentSpaceSize?: number;
  /** Vanilla3DdenseVAE only: units before the latent layers, 1024 by default; 0 leaves that layer out. */
  featureSize?: number;
  /** Vanilla3DdenseVAE only: number of convolutions, 4 by default. */
  convolutions?: number;
  /** Vanilla3DdenseVAE only: channels of the first convolution, 8 by default. */
  ioLayerChannels?: number;
}

interface Listed {
  description: string;
  /** Axes of the inputs that it takes: 2 of images, 3 of volumes. */
  dimensions: readonly (2 | 3)[];
  create(input: InputShape, options: Required<AutoencoderOptions>): Autoencoder;
}

export const autoencoders = {
  AE_Conv5_FC3: {
    description: "the convolutions of Conv5_FC3 and their mirror, with unpooling",
    dimensions: [2, 3],
    create: (input) => convAutoencoder("AE_Conv5_FC3", input),
  },
  AE_Conv4_FC3: {
    description: "the same as AE_Conv5_FC3",
    dimensions: [2, 3],
    create: (input) => convAutoencoder("AE_Conv4_FC3", input),
  },
  Vanilla3DdenseVAE: {
    description: "a variational autoencoder of strided convolutions and linear layers",
    dimensions: [3],
    create: denseVae,
  },
  CVAE_3D_half: {
    description: "a variational autoencoder of three convolutions with batch normalisation",
    dimensions: [3],
    create: (input, { latentSpaceSize }) => cvaeHalf(input, latentSpaceSize),
  },
  CVAE_3D_final_conv: {
    description: "the same with instance normalisation and a last convolution",
    dimensions: [3],
    create: (input, { latentSpaceSize }) => cvaeFinalConv(input, latentSpaceSize),
  },
  GeneratorUNet: {
    description: "five strided convolutions and their mirror, with skip connections",
    dimensions: [3],
    create: (input) => generatorUnet(input),
  },
} as const satisfies Record<AutoencoderName, Listed>;

/** Axes of the inputs that a network takes. */
export function dimensionsOfAutoencoder(name: AutoencoderName): readonly (2 | 3)[] {
  return autoencoders[name].dimensions;
}

/**
 * Creates a network that reconstructs its input, by its name.
 *
 * @throws {RangeError} an unknown name, `CVAE_3D`, an option that is no size, or an input that the network
 *   doesn't take
 */
export function createAutoencoder(
  name: string,
  input: InputShape,
  options: AutoencoderOptions = {},
): Autoencoder {
  if (name === "CVAE_3D") {
    throw new RangeError(
      "CVAE_3D has 866,946,369 parameters at a latent_space_size of 128, 13 GiB with Adam's moments " +
        "and gradients; take CVAE_3D_half, which is the same for reduced images",
    );
  }
  if (!Object.hasOwn(autoencoders, name)) {
    throw new RangeError(
      `There is no network "${name}" that reconstructs; there are ` +
        Object.keys(autoencoders).join(", "),
    );
  }
  const { latentSpaceSize = 128, featureSize = 1024, convolutions = 4, ioLayerChannels = 8 } =
    options;
  requireSize("latent_space_size", latentSpaceSize, 1);
  requireSize("feature_size", featureSize, 0);
  requireSize("n_conv", convolutions, 1);
  requireSize("io_layer_channels", ioLayerChannels, 1);
  const listed: Listed = autoencoders[name as AutoencoderName];
  if (!listed.dimensions.includes(dimensionsOf(input))) {
    throw new RangeError(
      `${name} takes volumes, channels x depth x height x width, not ${input.join("x")}`,
    );
  }
  return listed.create(input, { latentSpaceSize, featureSize, convolutions, ioLayerChannels });
}

function requireSize(option: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new RangeError(`${option} ${value} is not possible; it is an integer from ${least} on`);
}
