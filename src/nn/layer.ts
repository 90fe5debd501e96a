/** What a layer is, and the trace on which it records its forward pass and its gradient. */
import { addInto } from "../../kernels/activation.ts";
import { activationBytes, type Shape } from "../../kernels/tensors.ts";
import type { Device, DeviceBuffer } from "../gpu/device.ts";
import { type Operand, type PlannedTensor, type ProgramBuilder, slice } from "../gpu/program.ts";
import type { FlatLayout, TensorSpec } from "./parameters.ts";

/** A row of `describeNetwork`. */
export interface LayerSummary {
  name: string;
  kind: string;
  output: Shape;
  parameters: number;
  /** Multiply-adds of the forward pass for one image. */
  macs: number;
}

export interface Layer {
  readonly name: string;
  /** Trainable tensors in PyTorch's order. */
  readonly parameters: readonly TensorSpec[];
  /** Running statistics. */
  readonly statistics: readonly TensorSpec[];
  /** @throws {RangeError} when the input is too small */
  outputShape(input: Shape): Shape;
  summarise(input: Shape): LayerSummary[];
  /** Records the forward pass; where a gradient is wanted also pushes that on the trace. */
  record(trace: Trace, x: Activation): Activation;
}

/** A tensor of the network with, where it is wanted, the gradient by it. */
export interface Activation {
  readonly shape: Shape;
  readonly tensor: Operand;
  /** Whether something trainable, or an input whose gradient is asked for, lies before it. */
  readonly wanted: boolean;
  /** Set when the gradient's operations have been recorded. */
  gradient?: Operand;
}

/** Flat device buffers of one network. */
export interface NetworkBuffers {
  parameters: DeviceBuffer;
  statistics: DeviceBuffer;
  /** Present while training. */
  gradients?: DeviceBuffer;
  /** u32 a watched layer: step + 1 at its first non-finite value. */
  faults?: DeviceBuffer;
}

export interface TraceOptions {
  program: ProgramBuilder;
  mode: "train" | "evaluate";
  layout: FlatLayout;
  statistics: FlatLayout;
  buffers: NetworkBuffers;
  /** Uniforms that start with step and seed. */
  params: DeviceBuffer;
  /** Gradients add to what is there. */
  accumulate?: boolean;
  /** Parameters that stay as they are. */
  frozen?: ReadonlySet<string>;
}

/** Records one network into a program. */
export class Trace {
  readonly program: ProgramBuilder;
  readonly training: boolean;
  readonly accumulate: boolean;
  readonly params: DeviceBuffer;
  /** Names of watched layers, in order of their number in `faults`. */
  readonly watched: string[] = [];
  readonly #options: TraceOptions;
  readonly #backward: (() => void)[] = [];

  constructor(options: TraceOptions) {
    this.#options = options;
    this.program = options.program;
    this.training = options.mode === "train";
    this.accumulate = options.accumulate ?? false;
    this.params = options.params;
  }

  get device(): Device {
    return this.program.device;
  }

  get faults(): DeviceBuffer {
    return required(this.#options.buffers.faults, "faults");
  }

  tensor(label: string, shape: Shape): PlannedTensor {
    return this.program.tensor(label, activationBytes(shape));
  }

  /** Range of the flat parameters that holds `names`, which stand one after another. */
  parameter(...names: string[]): Operand {
    return range(this.#options.buffers.parameters, this.#options.layout, names);
  }

  gradient(...names: string[]): Operand {
    const gradients = required(this.#options.buffers.gradients, "gradients");
    return range(gradients, this.#options.layout, names);
  }

  statistic(...names: string[]): Operand {
    return range(this.#options.buffers.statistics, this.#options.statistics, names);
  }

  trainable(name: string): boolean {
    return this.training && !this.#options.frozen?.has(name);
  }

  /** Number of a layer in `faults`. */
  watch(name: string): number {
    return this.watched.push(name) - 1;
  }

  /** An activation of a layer with parameters `names`, computed from `inputs`. */
  activation(
    tensor: Operand,
    shape: Shape,
    inputs: readonly Activation[],
    names: readonly string[] = [],
  ): Activation {
    const wanted = inputs.some((x) => x.wanted) || names.some((name) => this.trainable(name));
    return { shape, tensor, wanted };
  }

  /** Pushes what computes the gradients of a layer's inputs and parameters. */
  onBackward(output: Activation, record: (gradient: Operand) => void): void {
    if (!output.wanted) return;
    this.#backward.push(() => {
      if (output.gradient) record(output.gradient);
    });
  }

  /**
   * Gives `x` its gradient, or adds to the one that another use of `x` gave.
   *
   * @param record writes (does not add to) the tensor that it is handed
   */
  give(x: Activation, label: string, record: (gradient: PlannedTensor) => void): void {
    if (!x.wanted) return;
    const gradient = this.tensor(`${label} input gradient`, x.shape);
    record(gradient);
    if (x.gradient) {
      addInto(this.program, { x: gradient, y: x.gradient, bytes: gradient.bytes }, `${label} sum`);
    } else {
      x.gradient = gradient;
    }
  }

  /** Records every gradient, last layer first. */
  backward(): void {
    for (const record of this.#backward.splice(0).reverse()) record();
  }
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new TypeError(`The trace has no ${name}`);
  return value;
}

function range(buffer: DeviceBuffer, layout: FlatLayout, names: readonly string[]): Operand {
  const placed = names.map((name) => layout.get(name));
  const first = placed[0].device.offset;
  const last = placed[placed.length - 1].device;
  return slice(buffer, first * 4, (last.offset + last.count - first) * 4);
}
