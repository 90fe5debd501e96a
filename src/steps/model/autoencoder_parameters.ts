/** Which autoencoders there are, and which parameters each has. */
import { AUTOENCODERS, VARIATIONAL } from "../../nn/names.ts";

/** Whether a network gives back its input. */
export function isAutoencoder(architecture: string): boolean {
  return (AUTOENCODERS as readonly string[]).includes(architecture);
}

export function isVariational(architecture: string): boolean {
  return (VARIATIONAL as readonly string[]).includes(architecture);
}

/** Parameters of the network that ClinicaDL calls so. */
export const OF_VANILLA = ["feature_size", "n_conv", "io_layer_channels"] as const;
export const OF_VARIATIONAL = ["latent_space_size", "recons_weight", "kl_weight"] as const;

/** Those that not all autoencoders have. */
export function parametersOfAutoencoder(
  architecture: string,
): (typeof OF_VANILLA | typeof OF_VARIATIONAL)[number][] {
  return [
    ...isVariational(architecture) ? OF_VARIATIONAL : [],
    ...architecture === "Vanilla3DdenseVAE" ? OF_VANILLA : [],
  ];
}
