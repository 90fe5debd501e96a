/** The loss of a train.reconstruction step, and which parameters go with which autoencoder. */
import type { ReconstructionObjective } from "../../nn/reconstruction.ts";
import {
  checkAutoencoderParameters,
  defaultReconstructionLoss,
  describeAutoencoderSizes,
  isVariational,
  parametersOfAutoencoder,
} from "../model/autoencoder_parameters.ts";
import type { ReconstructionParams, TrainingParams } from "./parameters.ts";

const LOSSES = {
  MSELoss: "mse",
  L1Loss: "l1",
  HuberLoss: "huber",
  SmoothL1Loss: "smooth_l1",
  KLDivLoss: "kl_div",
  BCEWithLogitsLoss: "bce_with_logits",
  VAEGaussianLoss: "gaussian",
  VAEBernoulliLoss: "bernoulli",
  VAEContinuousBernoulliLoss: "continuous_bernoulli",
} as const satisfies Record<
  NonNullable<ReconstructionParams["loss"]>,
  ReconstructionObjective["name"]
>;

/** Losses whose target is a probability. */
const OF_PROBABILITIES: ReadonlySet<string> = new Set([
  "BCEWithLogitsLoss",
  "VAEBernoulliLoss",
  "VAEContinuousBernoulliLoss",
]);

/** ClinicaDL's name of the loss. */
export function reconstructionLoss(
  { architecture, loss }: Pick<TrainingParams, "architecture" | "loss">,
): keyof typeof LOSSES {
  return (loss as keyof typeof LOSSES | undefined) ?? defaultReconstructionLoss(architecture);
}

export function reconstructionObjective(params: TrainingParams): ReconstructionObjective {
  const { recons_weight, kl_weight } = params;
  return {
    name: LOSSES[reconstructionLoss(params)],
    ...(recons_weight !== undefined && { reconstructionWeight: recons_weight }),
    ...(kl_weight !== undefined && { klWeight: kl_weight }),
  };
}

/** Parameters of the network and the loss, for the model's description. */
export function describeAutoencoder(params: TrainingParams): Record<string, number | string> {
  const sizes: Readonly<Record<string, number>> = describeAutoencoderSizes(params);
  const names = parametersOfAutoencoder(params.architecture);
  return {
    loss: reconstructionLoss(params),
    ...Object.fromEntries(names.map((name) => [name, params[name] ?? sizes[name] ?? 1])),
  };
}

/** Problems of these parameters with the architecture and the range of its input. */
export function checkReconstructionParameters(
  params: ReconstructionParams,
): { parameter: string; message: string; suggestion?: string }[] {
  const { architecture, loss, normalize, data_augmentation, sampler } = params;
  const problems: ReturnType<typeof checkReconstructionParameters> = checkAutoencoderParameters(
    params,
  );
  const variational = isVariational(architecture);
  if (loss !== undefined && loss.startsWith("VAE") !== variational) {
    const suited = Object.keys(LOSSES).filter((name) => name.startsWith("VAE") === variational);
    problems.push({
      parameter: "loss",
      message: `${architecture} is not trained by ${loss}, but by ${suited.join(", ")}`,
    });
  }
  if (loss !== undefined && OF_PROBABILITIES.has(loss)) {
    if (!normalize) {
      problems.push({
        parameter: "normalize",
        message: `${loss} takes values from 0 to 1, which normalize = false does not make`,
      });
    }
    if (data_augmentation.includes("Noise")) {
      problems.push({
        parameter: "data_augmentation",
        message: `${loss} takes values from 0 to 1, which Noise exceeds`,
      });
    }
  }
  if (sampler === "weighted") {
    problems.push({
      parameter: "sampler",
      message: "the weighted sampler weighs classes; there are none",
    });
  }
  return problems;
}

/** Nats of a latent that hardly distinguishes images. */
const COLLAPSED_KL = 0.1;

/**
 * What a user should know of a variational autoencoder whose latent ignores its input, since every output is
 * then the same mean image (posterior collapse); undefined of others.
 *
 * @param valid metrics of the validation set
 */
export function describeCollapse(
  architecture: string,
  { kl_loss }: Readonly<Record<string, number>>,
): string | undefined {
  if (!isVariational(architecture) || !(kl_loss < COLLAPSED_KL)) return;
  return `the latent of ${architecture} holds ${
    kl_loss.toFixed(3)
  } nats of an image (kl_loss of the ` +
    "validation set), so that it gives back nearly the same mean image of everyone; lower kl_weight";
}
