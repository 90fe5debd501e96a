/** The shortcut without parameters of ResNets (option A of He et al., CVPR 2016). */
import {
  maxPoolBackward,
  maxPoolForward,
  pooledShape,
  type Window,
} from "../../../kernels/pool.ts";
import { activationBytes, type Shape } from "../../../kernels/tensors.ts";
import { type Operand, type ProgramBuilder, slice } from "../../gpu/program.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";

/**
 * MONAI's `shortcut_type` "A": every `stride`-th voxel along each axis, and zeros in the channels that the
 * input lacks. Its gradient goes back to those voxels, which MONAI leaves out.
 */
export class PaddedShortcut implements Layer {
  readonly parameters = [];
  readonly statistics = [];
  readonly #window: Window;

  /** @param inChannels a multiple of 4, so that channels are added as blocks */
  constructor(
    readonly name: string,
    readonly inChannels: number,
    readonly outChannels: number,
    stride: number,
  ) {
    if (inChannels % 4 !== 0) {
      throw new RangeError(`${name}: ${inChannels} channels are no multiple of 4`);
    }
    // Windows of one voxel: their maximum is the voxel.
    this.#window = {
      kernel: [1, 1, 1],
      stride: [stride, stride, stride],
      padFront: [0, 0, 0],
      padBack: [0, 0, 0],
    };
  }

  outputShape(input: Shape): Shape {
    return { ...pooledShape(input, this.#window), channels: this.outChannels };
  }

  summarise(input: Shape): LayerSummary[] {
    const output = this.outputShape(input);
    return [{ name: this.name, kind: "padded shortcut", output, parameters: 0, macs: 0 }];
  }

  record(trace: Trace, x: Activation): Activation {
    const { program } = trace;
    const input = x.shape;
    const sampledShape = pooledShape(input, this.#window);
    const output = this.outputShape(input);
    const sampled = trace.tensor(`${this.name} sampled`, sampledShape);
    const common = { input, window: this.#window, label: this.name };
    const positions = x.requiresGradient
      ? trace.tensor(`${this.name} positions`, sampledShape)
      : undefined;
    maxPoolForward(program, { ...common, x: x.tensor, y: sampled, positions });
    const tensor = trace.tensor(this.name, output);
    program.clear(tensor);
    copyChannels(program, { from: [sampled, sampledShape], to: [tensor, output] });
    const y = trace.activation(tensor, output, [x]);
    if (!positions) return y;
    trace.onBackward(y, (gradient) =>
      trace.give(x, this.name, (dx) => {
        const dy = trace.tensor(`${this.name} sampled gradient`, sampledShape);
        copyChannels(program, { from: [gradient, output], to: [dy, sampledShape] });
        maxPoolBackward(program, { ...common, positions, dy, dx });
      }));
    return y;
  }
}

/** Copies the channels that both have of every image. */
function copyChannels(
  program: ProgramBuilder,
  { from: [from, fromShape], to: [to, toShape] }: {
    from: [Operand, Shape];
    to: [Operand, Shape];
  },
): void {
  const fromBytes = activationBytes({ ...fromShape, batch: 1 });
  const toBytes = activationBytes({ ...toShape, batch: 1 });
  const bytes = Math.min(fromBytes, toBytes);
  for (let n = 0; n < fromShape.batch; n++) {
    program.copy(slice(from, n * fromBytes, bytes), slice(to, n * toBytes, bytes));
  }
}
