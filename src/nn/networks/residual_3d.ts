/**
 * ClinicaDL's residual networks of volumes, ResNet3D (after Korolev et al., ISBI 2017) and
 * SqueezeExcitationCNN, of any size; its names.
 */
import type { ActivationName } from "../../../kernels/activation.ts";
import { pixels } from "../../../kernels/tensors.ts";
import { ActivationLayer, Dropout } from "../layers/activation.ts";
import { Convolution } from "../layers/convolution.ts";
import { Linear } from "../layers/linear.ts";
import { MaxPool } from "../layers/pool.ts";
import { ResidualBlock } from "../layers/residual.ts";
import type { Layer } from "../layer.ts";
import { batchShape, dimensionsOf, type InputShape, Network } from "../network.ts";

/** Output channels of the stages. */
const WIDTHS = [8, 16, 32, 64, 128] as const;

/** Units of the first linear layer. */
const HIDDEN = 256;

interface Residual3DOptions {
  /** Probability. */
  dropout?: number;
}

/**
 * `ResNet3D`: five residual blocks with ELU, each pooled by 3 x 3 x 3 with stride 2, then 256 units,
 * dropout and `outputs` units.
 *
 * @throws {RangeError} an image, or a volume that is too small
 */
export function resnet3d(
  input: InputShape,
  outputs: number,
  { dropout = 0.8 }: Residual3DOptions = {},
): Network {
  const stages = createStages("ResNet3D", input, "elu", false);
  const { features, positions } = featuresOf(stages, input);
  return new Network("ResNet3D", input, outputs, [
    ...stages,
    new Linear("fc.1", features, HIDDEN, positions),
    new ActivationLayer("fc.2", "elu"),
    new Dropout("fc.3", dropout),
    new Linear("fc.4", HIDDEN, outputs),
  ]);
}

/**
 * `SqueezeExcitationCNN`: the same blocks with ReLU and squeeze-and-excitation, each pooled likewise, then
 * dropout, 256 and `outputs` units.
 *
 * @throws {RangeError} an image, or a volume that is too small
 */
export function squeezeExcitationCnn(
  input: InputShape,
  outputs: number,
  { dropout = 0.5 }: Residual3DOptions = {},
): Network {
  const stages = createStages("SqueezeExcitationCNN", input, "relu", true);
  const { features, positions } = featuresOf(stages, input);
  return new Network("SqueezeExcitationCNN", input, outputs, [
    ...stages,
    new Dropout("fc.1", dropout),
    new Linear("fc.2", features, HIDDEN, positions),
    new ActivationLayer("fc.3", "relu"),
    new Linear("fc.4", HIDDEN, outputs),
  ]);
}

function createStages(
  architecture: string,
  input: InputShape,
  activation: ActivationName,
  excited: boolean,
): Layer[] {
  if (dimensionsOf(input) !== 3) {
    throw new RangeError(
      `${architecture} takes volumes, channels x depth x height x width, not ${input.join("x")}`,
    );
  }
  return WIDTHS.flatMap((outChannels, stage): Layer[] => {
    const inChannels = stage === 0 ? input[0] : WIDTHS[stage - 1];
    const name = `convolutions.${stage}`;
    const channels = { inChannels, outChannels, dimensions: 3 } as const;
    const layer = new Convolution(`${name}.0.shortcut.0`, { ...channels, kernel: 1, bias: false });
    return [
      new ResidualBlock(`${name}.0`, { ...channels, activation, excited, shortcut: { layer } }),
      new MaxPool(`${name}.1`, 3, 2, 0, 3),
    ];
  });
}

/** Features of one volume after the stages, and the voxels of each of their channels. */
function featuresOf(stages: readonly Layer[], input: InputShape) {
  const shape = stages.reduce((before, layer) => layer.outputShape(before), batchShape(input, 1));
  return { features: shape.channels * pixels(shape), positions: pixels(shape) };
}
