/** The basic block of ResNet-18 and ResNet-34 (He et al., CVPR 2016), with torchvision's names. */
import type { Shape } from "../../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";
import type { TensorSpec } from "../parameters.ts";
import { BatchNorm } from "./batch_norm.ts";
import { Convolution } from "./convolution.ts";

/**
 * y = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)). The shortcut is x itself, or a normalised
 * 1 x 1 convolution of it where stride or channels change.
 */
export class BasicBlock implements Layer {
  readonly parameters: readonly TensorSpec[];
  readonly statistics: readonly TensorSpec[];
  readonly #conv1: Convolution;
  readonly #bn1: BatchNorm;
  readonly #conv2: Convolution;
  readonly #bn2: BatchNorm;
  readonly #shortcut?: { convolution: Convolution; normalisation: BatchNorm };

  constructor(readonly name: string, inChannels: number, outChannels: number, stride: number) {
    const bare = { bias: false, initialisation: "he" } as const;
    const conv3 = { outChannels, kernel: 3, padding: 1, ...bare };
    this.#conv1 = new Convolution(`${name}.conv1`, { ...conv3, inChannels, stride });
    this.#bn1 = new BatchNorm(`${name}.bn1`, outChannels, "relu");
    this.#conv2 = new Convolution(`${name}.conv2`, { ...conv3, inChannels: outChannels });
    this.#bn2 = new BatchNorm(`${name}.bn2`, outChannels, "relu");
    if (stride !== 1 || inChannels !== outChannels) {
      this.#shortcut = {
        convolution: new Convolution(`${name}.downsample.0`, {
          inChannels,
          outChannels,
          kernel: 1,
          stride,
          ...bare,
        }),
        normalisation: new BatchNorm(`${name}.downsample.1`, outChannels),
      };
    }
    this.parameters = this.#layers.flatMap((layer) => layer.parameters);
    this.statistics = this.#layers.flatMap((layer) => layer.statistics);
  }

  get #layers(): Layer[] {
    const { convolution, normalisation } = this.#shortcut ?? {};
    const main = [this.#conv1, this.#bn1, this.#conv2, this.#bn2];
    return convolution && normalisation ? [...main, convolution, normalisation] : main;
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
      ...(this.#shortcut?.convolution.summarise(input) ?? []),
      ...(this.#shortcut?.normalisation.summarise(output) ?? []),
    ];
  }

  record(trace: Trace, x: Activation): Activation {
    // The shortcut comes first, so that its gradient is the last to be added to x's.
    const shortcut = this.#shortcut && {
      of: this.#shortcut.convolution.record(trace, x),
      normalisation: this.#shortcut.normalisation,
    };
    const inner = this.#bn1.record(trace, this.#conv1.record(trace, x));
    return this.#bn2.recordWith(trace, this.#conv2.record(trace, inner), shortcut ?? x);
  }
}
