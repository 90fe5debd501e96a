/** The list of networks: a new one is a file here, a line in the list and its name in `names.ts`. */
import type { NetworkName } from "../names.ts";
import type { InputShape, Network } from "../network.ts";
import { conv4Fc3, conv5Fc3, strideConv5Fc3 } from "./conv_fc.ts";
import { resnet18, resnet34 } from "./resnet.ts";

interface NetworkOptions {
  /** Probability. */
  dropout?: number;
  /** ResNets only: ClinicaDL's head with the 1000-way layer of ImageNet, or a linear layer. */
  head?: "clinicadl" | "linear";
}

interface Listed {
  description: string;
  create(input: InputShape, outputs: number, options?: NetworkOptions): Network;
}

export const networks = {
  Conv5_FC3: {
    description: "five 3x3 convolutions with pooling, then 1300, 50 and output units",
    create: conv5Fc3,
  },
  Conv4_FC3: {
    description: "the same convolutions, then 50, 40 and output units",
    create: conv4Fc3,
  },
  Stride_Conv5_FC3: {
    description: "Conv5_FC3 with strides in place of pooling",
    create: strideConv5Fc3,
  },
  resnet18: {
    description: "ResNet-18 with torchvision's names; ClinicaDL's head or a linear one",
    create: resnet18,
  },
  resnet34: {
    description: "ResNet-34 with torchvision's names; ClinicaDL's head or a linear one",
    create: resnet34,
  },
} as const satisfies Record<NetworkName, Listed>;

export type { NetworkName };

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
