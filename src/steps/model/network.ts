/** Networks by the parameters of a step. */
import { DataError } from "../../errors.ts";
import { inputShape, type Network } from "../../nn/network.ts";
import { createAutoencoder } from "../../nn/networks/autoencoders.ts";
import { createNetwork, takesImages } from "../../nn/networks/mod.ts";
import {
  convolutionBlocks,
  type RandomArchitecture,
} from "../../nn/networks/random_architecture.ts";
import type { RandomArchitectureParams } from "./random_architecture.ts";
import { isAutoencoder } from "./autoencoder_parameters.ts";

export interface NetworkParameters extends RandomArchitectureParams {
  architecture: string;
  dropout?: number;
  head?: "clinicadl" | "linear";
  shortcut_type?: "A" | "B";
  conv1_t_stride?: number;
  latent_space_size?: number;
  feature_size?: number;
  io_layer_channels?: number;
  /** Of a stored RandomArchitecture, in place of its numbers. */
  random?: RandomArchitecture;
}

/** The architecture that a training's parameters stand for. */
export function randomArchitectureOf(params: RandomArchitectureParams): RandomArchitecture {
  return {
    blocks: convolutionBlocks({
      n_convblocks: params.n_convblocks ?? 5,
      first_conv_width: params.first_conv_width ?? 8,
      n_conv: params.n_conv ?? 1,
      channels_limit: params.channels_limit ?? 512,
      d_reduction: params.d_reduction ?? "MaxPooling",
    }),
    normalization: params.network_normalization ?? "BatchNorm",
    fcBlocks: params.n_fcblocks ?? 3,
  };
}

/**
 * @param shape of an element, [C, H, W] or [C, D, H, W]
 * @param outputs output nodes
 * @throws {DataError} when elements of this shape are too small, or slices where the network takes
 *   volumes, and on an option that such a network does not have
 */
export function newNetwork(
  parameters: NetworkParameters,
  shape: readonly number[],
  outputs: number,
): Network {
  const extents = shape.slice(1).join(" x ");
  const problem = `${parameters.architecture} can't take elements of ${extents}: `;
  return create(parameters, shape, outputs, problem);
}

/** @param problem before the reason in the message of an error */
function create(
  parameters: NetworkParameters,
  shape: readonly number[],
  outputs: number,
  problem = "",
): Network {
  const { architecture, dropout, head, shortcut_type, conv1_t_stride } = parameters;
  try {
    if (isAutoencoder(architecture)) {
      return createAutoencoder(architecture, inputShape(shape), {
        latentSpaceSize: parameters.latent_space_size,
        featureSize: parameters.feature_size,
        convolutions: parameters.n_conv,
        ioLayerChannels: parameters.io_layer_channels,
      });
    }
    return createNetwork(architecture, inputShape(shape), outputs, {
      dropout,
      head,
      shortcutType: shortcut_type,
      conv1Stride: conv1_t_stride,
      random: parameters.random ?? randomArchitectureOf(parameters),
    });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new DataError("architecture", problem + cause.message, { cause });
  }
}

/** Whether a network takes slices; some take volumes only. */
export function takesSlices(architecture: string): boolean {
  return isAutoencoder(architecture) ? /^AE_/.test(architecture) : takesImages(architecture);
}

/** Extents at which every network that takes slices, or volumes, can be made with any options. */
export const PROBES: Readonly<Record<2 | 3, readonly number[]>> = {
  2: [224, 224],
  3: [256, 256, 256],
};

/**
 * Checks what does not depend on the extents of the elements.
 *
 * @throws {DataError} when the network takes volumes, and these are slices; on an option that such a
 *   network does not have
 */
export function assertTakes(parameters: NetworkParameters, dimensions: 2 | 3): void {
  const { architecture } = parameters;
  if (dimensions === 2 && !takesSlices(architecture)) {
    throw new DataError(
      "architecture",
      `${architecture} takes volumes, and these are slices; take patches, regions or whole images ` +
        "by extract.patches, extract.rois or extract.images",
    );
  }
  // Which extents an autoencoder takes depends on its options.
  if (!isAutoencoder(architecture)) create(parameters, [1, ...PROBES[dimensions]], 2);
}
