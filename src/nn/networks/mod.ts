/** The list of networks: a new one is a file here, a line in the list and its name in `names.ts`. */
import type { NetworkName } from "../names.ts";
import type { InputShape, Network } from "../network.ts";
import { conv4Fc3, conv5Fc3, strideConv5Fc3 } from "./conv_fc.ts";
import { type RandomArchitecture, randomArchitecture } from "./random_architecture.ts";
import { resnet18, resnet34 } from "./resnet.ts";
import { resnet3d, squeezeExcitationCnn } from "./residual_3d.ts";

interface NetworkOptions {
  /** Probability. */
  dropout?: number;
  /** ResNets of images only: ClinicaDL's head with the 1000-way layer of ImageNet, or a linear layer. */
  head?: "clinicadl" | "linear";
  /** ResNets of volumes only: stride of the first convolution, MONAI's `conv1_t_stride`. */
  conv1Stride?: number;
  /** ResNets of volumes only: MONAI's `shortcut_type`. */
  shortcutType?: "A" | "B";
  /** Of `RandomArchitecture` only. */
  random?: RandomArchitecture;
}

interface Listed {
  description: string;
  /** Axes of the inputs that it takes: 2 of images, 3 of volumes. */
  dimensions: readonly (2 | 3)[];
  create(input: InputShape, outputs: number, options?: NetworkOptions): Network;
}

export const networks = {
  Conv5_FC3: {
    description: "five convolutions of side 3 with pooling, then 1300, 50 and output units",
    dimensions: [2, 3],
    create: conv5Fc3,
  },
  Conv4_FC3: {
    description: "the same convolutions, then 50, 40 and output units",
    dimensions: [2, 3],
    create: conv4Fc3,
  },
  Stride_Conv5_FC3: {
    description: "Conv5_FC3 with strides in place of pooling",
    dimensions: [2, 3],
    create: strideConv5Fc3,
  },
  resnet18: {
    description: "ResNet-18 with torchvision's names, of volumes with MONAI's",
    dimensions: [2, 3],
    create: resnet18,
  },
  resnet34: {
    description: "ResNet-34 with torchvision's names, of volumes with MONAI's",
    dimensions: [2, 3],
    create: resnet34,
  },
  ResNet3D: {
    description:
      "ClinicaDL's residual network of volumes: five blocks with ELU, 256 and output units",
    dimensions: [3],
    create: resnet3d,
  },
  SqueezeExcitationCNN: {
    description: "the same blocks with ReLU and weighed channels, 256 and output units",
    dimensions: [3],
    create: squeezeExcitationCnn,
  },
  RandomArchitecture: {
    description: "blocks of convolutions and linear layers whose numbers a search draws",
    dimensions: [2, 3],
    create: randomArchitecture,
  },
} as const satisfies Record<NetworkName, Listed>;

export type { NetworkName };

/** Whether a network takes images; some take volumes only. */
export function takesImages(name: string): boolean {
  const listed: Readonly<Record<string, Listed>> = networks;
  return listed[name].dimensions.includes(2);
}

/**
 * Creates a network by its name.
 *
 * @throws {RangeError} an unknown name, or an input that is too small
 */
export function createNetwork(
  name: string,
  input: InputShape,
  outputs: number,
  options: NetworkOptions = {},
): Network {
  if (!Object.hasOwn(networks, name)) {
    throw new RangeError(
      `There is no network "${name}"; there are ${Object.keys(networks).join(", ")}`,
    );
  }
  return networks[name as NetworkName].create(input, outputs, options);
}
