/**
 * ResNet-18 and ResNet-34 (He et al., CVPR 2016): of images with torchvision's parameter names, of volumes
 * with MONAI's.
 */
import { Dropout } from "../layers/activation.ts";
import { BatchNorm } from "../layers/batch_norm.ts";
import { Convolution } from "../layers/convolution.ts";
import { Linear } from "../layers/linear.ts";
import { AdaptiveAveragePool, MaxPool } from "../layers/pool.ts";
import { basicBlock } from "../layers/residual.ts";
import type { Layer } from "../layer.ts";
import { dimensionsOf, type InputShape, Network } from "../network.ts";

interface ResNetOptions {
  /**
   * `linear`: dropout and a linear layer, which is all that networks of volumes have. `clinicadl`: the
   * 1000-way layer of ImageNet, then dropout and a linear layer.
   */
  head?: "clinicadl" | "linear";
  /** Probability, before the last linear layer. */
  dropout?: number;
  /** Of the first convolution over volumes, MONAI's `conv1_t_stride`. */
  conv1Stride?: number;
  /** MONAI's `shortcut_type` of volumes: B, the default, is a convolution; A has no parameters. */
  shortcutType?: "A" | "B";
}

/**
 * A 7 x 7 or 7 x 7 x 7 convolution and a pool, four stages of basic blocks with 64, 128, 256 and 512
 * channels, the mean over pixels, and a head.
 *
 * @param depths blocks of each stage
 * @throws {RangeError} an input that is too small, or an option that its ResNets do not have
 */
function resnet(
  architecture: string,
  depths: readonly number[],
  input: InputShape,
  outputs: number,
  { head, dropout = 0, conv1Stride, shortcutType }: ResNetOptions,
): Network {
  const dimensions = dimensionsOf(input);
  if (dimensions === 3 && head === "clinicadl") {
    throw new RangeError(`${architecture} of volumes has no head "clinicadl"; take "linear"`);
  }
  if (dimensions === 2 && (conv1Stride ?? shortcutType) !== undefined) {
    throw new RangeError(`${architecture} of images has no shortcut type or stride to choose`);
  }
  const ofVolumes = shortcutType === "A" ? "padded" : "biased convolution";
  const shortcut = dimensions === 3 ? ofVolumes : "convolution";
  const stages: Layer[] = depths.flatMap((depth, stage) =>
    Array.from({ length: depth }, (_, i) => {
      const channels = 64 << stage;
      const first = i === 0 && stage > 0;
      return basicBlock(
        `layer${stage + 1}.${i}`,
        first ? channels / 2 : channels,
        channels,
        first ? 2 : 1,
        { dimensions, shortcut },
      );
    })
  );
  const backbone = [
    new Convolution("conv1", {
      inChannels: input[0],
      outChannels: 64,
      dimensions,
      kernel: 7,
      stride: dimensions === 3 ? conv1Stride ?? 1 : 2,
      padding: 3,
      bias: false,
      initialisation: "he",
    }),
    new BatchNorm("bn1", 64, "relu", dimensions),
    new MaxPool("maxpool", 3, 2, 1, dimensions),
    ...stages,
    new AdaptiveAveragePool("avgpool", dimensions === 3 ? [1, 1, 1] : [1, 1]),
  ];
  if (head === "linear" || dimensions === 3) {
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
