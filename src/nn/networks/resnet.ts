/** ResNet-18 and ResNet-34 (He et al., CVPR 2016) with torchvision's parameter names. */
import { Dropout } from "../layers/activation.ts";
import { BatchNorm } from "../layers/batch_norm.ts";
import { Convolution } from "../layers/convolution.ts";
import { Linear } from "../layers/linear.ts";
import { AdaptiveAveragePool, MaxPool } from "../layers/pool.ts";
import { BasicBlock } from "../layers/residual.ts";
import type { Layer } from "../layer.ts";
import { type InputShape, Network } from "../network.ts";

interface ResNetOptions {
  /**
   * `linear`: dropout and a linear layer. `clinicadl`: the 1000-way layer of ImageNet, then dropout and
   * a linear layer.
   */
  head?: "clinicadl" | "linear";
  /** Probability, before the last linear layer. */
  dropout?: number;
}

/**
 * A 7 x 7 convolution and a pool, four stages of basic blocks with 64, 128, 256 and 512 channels, the
 * mean over pixels, and a head.
 *
 * @param depths blocks of each stage
 */
function resnet(
  architecture: string,
  depths: readonly number[],
  input: InputShape,
  outputs: number,
  { head = "clinicadl", dropout = 0 }: ResNetOptions,
): Network {
  const stages: Layer[] = depths.flatMap((depth, stage) =>
    Array.from({ length: depth }, (_, i) => {
      const channels = 64 << stage;
      const first = i === 0 && stage > 0;
      return new BasicBlock(
        `layer${stage + 1}.${i}`,
        first ? channels / 2 : channels,
        channels,
        first ? 2 : 1,
      );
    })
  );
  const backbone = [
    new Convolution("conv1", {
      inChannels: input[0],
      outChannels: 64,
      kernel: 7,
      stride: 2,
      padding: 3,
      bias: false,
      initialisation: "he",
    }),
    new BatchNorm("bn1", 64, "relu"),
    new MaxPool("maxpool", 3, 2, 1),
    ...stages,
    new AdaptiveAveragePool("avgpool"),
  ];
  if (head === "linear") {
    const layers = [...backbone, new Dropout("dropout", dropout), new Linear("fc", 512, outputs)];
    return new Network(architecture, input, outputs, layers);
  }
  const layers = [
    ...backbone,
    new Linear("fc", 512, 1000),
    new Dropout("dropout", dropout),
    new Linear("fc_out", 1000, outputs),
  ];
  return new Network(
    architecture,
    input,
    outputs,
    layers,
    new Map([
      ["conv1.", "convolutions.0."],
      ["bn1.", "convolutions.1."],
      ["layer1.", "convolutions.4."],
      ["layer2.", "convolutions.5."],
      ["layer3.", "convolutions.6."],
      ["layer4.", "convolutions.7."],
      ["fc.", "fc.1."],
      ["fc_out.", "fc.fc_out."],
    ]),
  );
}

/** ResNet-18: 2 blocks a stage. */
export function resnet18(input: InputShape, outputs: number, options: ResNetOptions = {}): Network {
  return resnet("resnet18", [2, 2, 2, 2], input, outputs, options);
}

/** ResNet-34: 3, 4, 6 and 3 blocks. */
export function resnet34(input: InputShape, outputs: number, options: ResNetOptions = {}): Network {
  return resnet("resnet34", [3, 4, 6, 3], input, outputs, options);
}
