/** ClinicaDL's ResNet3D, after Korolev et al. (ISBI 2017), of volumes of any size; its names. */
import { ActivationLayer, Dropout } from "../layers/activation.ts";
import { Convolution } from "../layers/convolution.ts";
import { Linear } from "../layers/linear.ts";
import { MaxPool } from "../layers/pool.ts";
import { ResidualBlock } from "../layers/residual.ts";
import type { Layer } from "../layer.ts";
import { batchShape, dimensionsOf, type InputShape, Network } from "../network.ts";
import { pixels } from "../../../kernels/tensors.ts";

/** Output channels of the stages. */
const WIDTHS = [8, 16, 32, 64, 128] as const;

/** Units of the first linear layer. */
const HIDDEN = 256;

interface ResNet3DOptions {
  /** Probability, before the last linear layer. */
  dropout?: number;
}

/**
 * `ResNet3D`: five residual blocks with ELU, each pooled by 3 x 3 x 3 with stride 2, then 256 and
 * `outputs` units.
 *
 * @throws {RangeError} an image, or a volume that is too small
 */
export function resnet3d(
  input: InputShape,
  outputs: number,
  { dropout = 0.8 }: ResNet3DOptions = {},
): Network {
  if (dimensionsOf(input) !== 3) {
    throw new RangeError(
      `ResNet3D takes volumes, channels x depth x height x width, not ${input.join("x")}`,
    );
  }
  const stages = WIDTHS.flatMap((outChannels, stage): Layer[] => {
    const inChannels = stage === 0 ? input[0] : WIDTHS[stage - 1];
    const name = `convolutions.${stage}`;
    const channels = { inChannels, outChannels, dimensions: 3 } as const;
    const layer = new Convolution(`${name}.0.shortcut.0`, { ...channels, kernel: 1, bias: false });
    return [
      new ResidualBlock(`${name}.0`, { ...channels, activation: "elu", shortcut: { layer } }),
      new MaxPool(`${name}.1`, 3, 2, 0, 3),
    ];
  });
  const features = stages.reduce(
    (shape, layer) => layer.outputShape(shape),
    batchShape(input, 1),
  );
  const positions = pixels(features);
  return new Network("ResNet3D", input, outputs, [
    ...stages,
    new Linear("fc.1", features.channels * positions, HIDDEN, positions),
    new ActivationLayer("fc.2", "elu"),
    new Dropout("fc.3", dropout),
    new Linear("fc.4", HIDDEN, outputs),
  ]);
}
