/** The residual block of ResNet-18, ResNet-34 (He et al., CVPR 2016) and ClinicaDL's ResNet3D. */
import { type ActivationName, addInto } from "../../../kernels/activation.ts";
import { activationBytes, type Shape } from "../../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";
import type { TensorSpec } from "../parameters.ts";
import { ActivationLayer } from "./activation.ts";
import { BatchNorm } from "./batch_norm.ts";
import { Convolution, type ConvolutionOptions } from "./convolution.ts";
import { PaddedShortcut } from "./padded_shortcut.ts";
import { SqueezeExcitation } from "./squeeze_excitation.ts";

/** What is added to a block's main path, where it is not the block's input itself. */
export interface Shortcut {
  layer: Layer;
  normalisation?: BatchNorm;
}

interface ResidualBlockOptions {
  inChannels: number;
  outChannels: number;
  dimensions?: 2 | 3;
  /** Of the first convolution. */
  stride?: number;
  activation?: ActivationName;
  initialisation?: ConvolutionOptions["initialisation"];
  /** Weighs the channels of the main path by squeeze-and-excitation, `se_block`. */
  excited?: boolean;
  /** Absent where the block adds its input. */
  shortcut?: Shortcut;
}

/**
 * y = f(bn2(conv2(f(bn1(conv1(x))))) + shortcut(x)) with convolutions of 3 x 3 or 3 x 3 x 3 without bias;
 * squeeze-and-excitation, where a block has it, comes before the sum.
 */
export class ResidualBlock implements Layer {
  readonly parameters: readonly TensorSpec[];
  readonly statistics: readonly TensorSpec[];
  readonly #conv1: Convolution;
  readonly #bn1: BatchNorm;
  readonly #conv2: Convolution;
  readonly #bn2: BatchNorm;
  readonly #excitation?: SqueezeExcitation;
  /** After the sum, where excitation keeps it from being fused into the normalisation. */
  readonly #activation: ActivationLayer;
  readonly #shortcut?: Shortcut;

  constructor(readonly name: string, options: ResidualBlockOptions) {
    const { inChannels, outChannels, dimensions = 2, stride = 1, activation = "relu" } = options;
    const { initialisation, shortcut, excited = false } = options;
    const common = { outChannels, dimensions, kernel: 3, padding: 1, bias: false, initialisation };
    this.#conv1 = new Convolution(`${name}.conv1`, { ...common, inChannels, stride });
    this.#bn1 = new BatchNorm(`${name}.bn1`, outChannels, activation, dimensions);
    this.#conv2 = new Convolution(`${name}.conv2`, { ...common, inChannels: outChannels });
    const last = excited ? "none" : activation;
    this.#bn2 = new BatchNorm(`${name}.bn2`, outChannels, last, dimensions);
    if (excited) this.#excitation = new SqueezeExcitation(`${name}.se_block`, outChannels);
    this.#activation = new ActivationLayer(`${name}.${activation}`, activation);
    this.#shortcut = shortcut;
    this.parameters = this.#layers.flatMap((layer) => layer.parameters);
    this.statistics = this.#layers.flatMap((layer) => layer.statistics);
  }

  get #layers(): Layer[] {
    const { layer, normalisation } = this.#shortcut ?? {};
    const main = [this.#conv1, this.#bn1, this.#conv2, this.#bn2, this.#excitation];
    return [...main, layer, normalisation].filter((each) => each !== undefined);
  }

  outputShape(input: Shape): Shape {
    return this.#conv2.outputShape(this.#conv1.outputShape(input));
  }

  summarise(input: Shape): LayerSummary[] {
    const inner = this.#conv1.outputShape(input);
    const output = this.outputShape(input);
    return [
      ...this.#conv1.summarise(input),
      ...this.#bn1.summarise(inner),
      ...this.#conv2.summarise(inner),
      ...this.#bn2.summarise(output),
      ...(this.#excitation?.summarise(output) ?? []),
      ...(this.#shortcut?.layer.summarise(input) ?? []),
      ...(this.#shortcut?.normalisation?.summarise(output) ?? []),
      ...(this.#excitation ? this.#activation.summarise(output) : []),
    ];
  }

  record(trace: Trace, x: Activation): Activation {
    // The shortcut comes first, so that its gradient is the last to be added to x's.
    const { layer, normalisation } = this.#shortcut ?? {};
    const mapped = layer?.record(trace, x) ?? x;
    const shortcut = normalisation ? { of: mapped, normalisation } : mapped;
    const inner = this.#bn1.record(trace, this.#conv1.record(trace, x));
    const outer = this.#conv2.record(trace, inner);
    if (!this.#excitation) return this.#bn2.recordWith(trace, outer, shortcut);
    const excited = this.#excitation.record(trace, this.#bn2.record(trace, outer));
    const added = normalisation?.record(trace, mapped) ?? mapped;
    return this.#activation.record(trace, recordSum(trace, excited, added));
  }
}

/** Adds `b` to `a` in place: nothing else may read `a`, and both share the gradient of the sum. */
function recordSum(trace: Trace, a: Activation, b: Activation): Activation {
  const { tensor, shape } = a;
  addInto(trace.program, { x: b.tensor, y: tensor, bytes: activationBytes(shape) });
  const sum = trace.activation(tensor, shape, [a, b]);
  trace.onBackward(sum, (gradient) => {
    a.gradient = gradient;
    b.gradient = gradient;
    a.sharesGradient = b.sharesGradient = true;
  });
  return sum;
}

interface BasicBlockOptions {
  dimensions?: 2 | 3;
  /**
   * Where stride or channels change: a normalised convolution of one tap, which has a bias in MONAI, or
   * no parameters (MONAI's types B and A).
   */
  shortcut?: "convolution" | "biased convolution" | "padded";
}

/** The basic block of ResNet-18 and ResNet-34 with torchvision's names. */
export function basicBlock(
  name: string,
  inChannels: number,
  outChannels: number,
  stride: number,
  { dimensions = 2, shortcut = "convolution" }: BasicBlockOptions = {},
): ResidualBlock {
  const options = { inChannels, outChannels, dimensions, stride, initialisation: "he" } as const;
  if (stride === 1 && inChannels === outChannels) return new ResidualBlock(name, options);
  const downsample = `${name}.downsample`;
  if (shortcut === "padded") {
    const layer = new PaddedShortcut(downsample, inChannels, outChannels, stride);
    return new ResidualBlock(name, { ...options, shortcut: { layer } });
  }
  const bias = shortcut === "biased convolution";
  const layer = new Convolution(`${downsample}.0`, { ...options, kernel: 1, bias });
  const normalisation = new BatchNorm(`${downsample}.1`, outChannels, "none", dimensions);
  return new ResidualBlock(name, { ...options, shortcut: { layer, normalisation } });
}
