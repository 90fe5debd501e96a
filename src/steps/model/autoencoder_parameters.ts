/** Which autoencoders there are, and which parameters each has. */
import { z } from "zod";
import { AUTOENCODERS, VARIATIONAL } from "../../nn/names.ts";

/** Whether a network gives back its input. */
export function isAutoencoder(architecture: string): boolean {
  return (AUTOENCODERS as readonly string[]).includes(architecture);
}

export function isVariational(architecture: string): boolean {
  return (VARIATIONAL as readonly string[]).includes(architecture);
}

/** Sizes of a network's layers. */
export const autoencoderParameters = {
  latent_space_size: z.int().min(1).optional().describe(
    "Numbers that a variational autoencoder describes an element by; 128 when absent.",
  ),
  feature_size: z.int().min(0).optional().describe(
    "Vanilla3DdenseVAE: units between the convolutions and the latent space, 0 for none; 1024 when absent.",
  ),
  n_conv: z.int().min(1).max(8).optional().describe(
    "Vanilla3DdenseVAE: convolutions, each of which halves the extents; 4 when absent.",
  ),
  io_layer_channels: z.int().min(1).optional().describe(
    "Vanilla3DdenseVAE: channels of the first convolution; 8 when absent.",
  ),
};

type AutoencoderParams = z.output<z.ZodObject<typeof autoencoderParameters>>;

/** Parameters of the network that ClinicaDL calls so. */
const OF_VANILLA = ["feature_size", "n_conv", "io_layer_channels"] as const;
const OF_VARIATIONAL = ["latent_space_size", "recons_weight", "kl_weight"] as const;

type Name = (typeof OF_VANILLA | typeof OF_VARIATIONAL)[number];

/** Those that not all autoencoders have. */
export function parametersOfAutoencoder(architecture: string): Name[] {
  return [
    ...isVariational(architecture) ? OF_VARIATIONAL : [],
    ...architecture === "Vanilla3DdenseVAE" ? OF_VANILLA : [],
  ];
}

/** What a network has where a parameter is absent; ClinicaDL's defaults. */
const DEFAULTS: Readonly<Record<keyof AutoencoderParams, number>> = {
  latent_space_size: 128,
  feature_size: 1024,
  n_conv: 4,
  io_layer_channels: 8,
};

/** Sizes of a network's layers, for a model's description. */
export function describeAutoencoderSizes(
  params: AutoencoderParams & { architecture: string },
): Record<string, number> {
  const names = Object.keys(DEFAULTS) as (keyof AutoencoderParams)[];
  const own: readonly Name[] = parametersOfAutoencoder(params.architecture);
  return Object.fromEntries(
    names.filter((name) => own.includes(name)).map((
      name,
    ) => [name, params[name] ?? DEFAULTS[name]]),
  );
}

/** The loss by default; ClinicaDL's, MSELoss, can't train variational autoencoders. */
export function defaultReconstructionLoss(architecture: string): "VAEGaussianLoss" | "MSELoss" {
  return isVariational(architecture) ? "VAEGaussianLoss" : "MSELoss";
}

/** Problems of these parameters with an architecture that lacks them. */
export function checkAutoencoderParameters(
  params: Partial<Record<Name, number>> & { architecture: string },
): { parameter: string; message: string }[] {
  const { architecture } = params;
  const own = parametersOfAutoencoder(architecture);
  const lacking = (names: readonly Name[], owners: readonly string[]) =>
    names.filter((name) => params[name] !== undefined && !own.includes(name)).map((parameter) => ({
      parameter,
      message: `${architecture} has no ${parameter}; ${owners.join(", ")} ${
        owners.length > 1 ? "have" : "has"
      } one`,
    }));
  return [...lacking(OF_VARIATIONAL, VARIATIONAL), ...lacking(OF_VANILLA, ["Vanilla3DdenseVAE"])];
}
