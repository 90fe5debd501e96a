/**
 * Names of networks, optimizers and augmentations, for those who list them without loading them:
 * the declarations of steps.
 */

export const NETWORKS = [
  "Conv5_FC3",
  "Conv4_FC3",
  "Stride_Conv5_FC3",
  "resnet18",
  "resnet34",
  "ResNet3D",
  "SqueezeExcitationCNN",
  "RandomArchitecture",
] as const;

export type NetworkName = typeof NETWORKS[number];

/** Networks that reconstruct their input. */
export const AUTOENCODERS = [
  "AE_Conv5_FC3",
  "AE_Conv4_FC3",
  "Vanilla3DdenseVAE",
  "CVAE_3D_half",
  "CVAE_3D_final_conv",
  "GeneratorUNet",
] as const;

export type AutoencoderName = typeof AUTOENCODERS[number];

/** Those whose code has a distribution. */
export const VARIATIONAL: readonly AutoencoderName[] = [
  "Vanilla3DdenseVAE",
  "CVAE_3D_half",
  "CVAE_3D_final_conv",
];

export const OPTIMIZERS = [
  "Adam",
  "AdamW",
  "Adadelta",
  "Adagrad",
  "Adamax",
  "NAdam",
  "RAdam",
  "ASGD",
  "RMSprop",
  "SGD",
] as const;

export type OptimizerName = typeof OPTIMIZERS[number];

export const AUGMENTATIONS = ["Noise", "Erasing", "CropPad", "Smoothing"] as const;

export type AugmentationName = typeof AUGMENTATIONS[number];

/** Highest order of the polynomial of the transform `bias_field`. */
export const MOST_BIAS_ORDER = 20;
