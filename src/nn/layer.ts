/** The interface of a layer, and the trace on which it records its forward pass and its gradient. */
import { addInto } from "../../kernels/activation.ts";
import { activationBytes, pixels, type Shape } from "../../kernels/tensors.ts";
import type { BufferRange } from "../gpu/device.ts";
import {
  type Operand,
  type PlannedTensor,
  type ProgramBuilder,
  slice,
  type Storage,
} from "../gpu/program.ts";
import type { FlatLayout, TensorSpec } from "./parameters.ts";

/** One layer's row of `describeNetwork`. */
export interface LayerSummary {
  name: string;
  /** PyTorch's class, such as `Conv2d`, or an activation's name. */
  kind: string;
  output: Shape;
  /** Trainable numbers. */
  parameters: number;
  /** Multiply-adds of the forward pass for one image. */
  macs: number;
}

/** One operation of a network, with PyTorch's definition. It holds shapes and names, no weights. */
export interface Layer {
  /** PyTorch's name, such as `layer1.0.conv1`: the prefix of its tensors' names. */
  readonly name: string;
  /** Trainable tensors in PyTorch's order. */
  readonly parameters: readonly TensorSpec[];
  /** Running statistics. */
  readonly statistics: readonly TensorSpec[];
  /** @throws {RangeError} when the input is too small */
  outputShape(input: Shape): Shape;
  /** One row for itself, or for each layer that it consists of. */
  summarise(input: Shape): LayerSummary[];
  /**
   * Records the forward pass, and registers on the trace what records the gradients of `x` and of the
   * parameters where these are required.
   */
  record(trace: Trace, x: Activation): Activation;
}

/** A tensor of the network and, where it is required, the derivative of the loss by it. */
export interface Activation {
  readonly shape: Shape;
  /** `[batch][ceil(channels / 4)][depth][height][width][4]` floats. */
  readonly tensor: Operand;
  /** Whether it depends on a trainable parameter, or on an input whose gradient is asked for. */
  readonly requiresGradient: boolean;
  /** Whether all its channels hold the same values. */
  readonly repeated?: boolean;
  /** Set when the gradient's operations have been recorded. */
  gradient?: Operand;
  /** Whether it is another activation's gradient too, so that nothing may be written in its place. */
  sharesGradient?: boolean;
}

/** A code between encoder and decoder, or its distribution: N(mean, exp(logVariance)) of vectors. */
export interface Latent {
  mean: Activation;
  /** Absent where the code has no distribution. */
  logVariance?: Activation;
}

/** Flat device buffers of one network. */
export interface NetworkBuffers {
  parameters: BufferRange;
  statistics: BufferRange;
  /** Present while training. */
  gradients?: BufferRange;
  /** `[checks]` u32: step + 1 at the first non-finite value of each check; 0 while there is none. */
  nonFiniteSteps?: BufferRange;
  /** `[batch][dimensions]` of N(0, 1), while a variational autoencoder trains. */
  latentNoise?: BufferRange;
}

interface TraceOptions {
  program: ProgramBuilder;
  mode: "train" | "evaluate";
  /** Layouts of the buffers of these names. */
  parameters: FlatLayout;
  statistics: FlatLayout;
  buffers: NetworkBuffers;
  /** Uniforms that start with step and seed. */
  params: BufferRange;
  /** Whether parameter gradients are added to those in the buffer, instead of replacing them. */
  accumulate?: boolean;
  /** Names of parameters that are not trained. */
  frozen?: ReadonlySet<string>;
  /** Of activations and their gradients, but for vectors, such as the logits; float32 when absent. */
  storage?: Storage;
}

/** Records one network into a program. */
export class Trace {
  readonly program: ProgramBuilder;
  readonly training: boolean;
  readonly accumulate: boolean;
  readonly params: BufferRange;
  /** Layers with a non-finite check, in order of their index in `nonFiniteSteps`. */
  readonly checkedLayers: string[] = [];
  /** Places of the maxima of the pools that keep them, for the layers that undo these pools. */
  readonly positions = new Map<Layer, PlannedTensor>();
  /** Set when the layer of an autoencoder that gives it has been recorded. */
  latent?: Latent;
  readonly #options: TraceOptions;
  readonly #backward: (() => void)[] = [];

  constructor(options: TraceOptions) {
    this.#options = options;
    this.program = options.program;
    this.training = options.mode === "train";
    this.accumulate = options.accumulate ?? false;
    this.params = options.params;
  }

  /** @throws {TypeError} when the network is not trained */
  get nonFiniteSteps(): BufferRange {
    return required(this.#options.buffers.nonFiniteSteps, "nonFiniteSteps");
  }

  /** @throws {TypeError} when no variational autoencoder is trained */
  get latentNoise(): BufferRange {
    return required(this.#options.buffers.latentNoise, "latentNoise");
  }

  /** A planned tensor for an activation of this shape. */
  tensor(label: string, shape: Shape): PlannedTensor {
    const { storage } = this.#options;
    return this.program.tensor(label, activationBytes(shape), storageFor(shape, storage));
  }

  /** Range of the parameter buffer that holds `names`, which must be adjacent there. */
  parameter(...names: string[]): Operand {
    return rangeOf(this.#options.buffers.parameters, this.#options.parameters, names);
  }

  /**
   * The same range of the gradient buffer.
   *
   * @throws {TypeError} when the network is not trained
   */
  gradient(...names: string[]): Operand {
    const gradients = required(this.#options.buffers.gradients, "gradients");
    return rangeOf(gradients, this.#options.parameters, names);
  }

  /** Range of the buffer of running statistics that holds `names`, which must be adjacent there. */
  statistic(...names: string[]): Operand {
    return rangeOf(this.#options.buffers.statistics, this.#options.statistics, names);
  }

  /** Whether a parameter is trained. */
  trainable(name: string): boolean {
    return this.training && !this.#options.frozen?.has(name);
  }

  /** Adds a non-finite check. @returns its index in `nonFiniteSteps` */
  addNonFiniteCheck(layer: string): number {
    return this.checkedLayers.push(layer) - 1;
  }

  /** The activation in `tensor`, computed from `inputs` by a layer with parameters `names`. */
  activation(
    tensor: Operand,
    shape: Shape,
    inputs: readonly Activation[],
    names: readonly string[] = [],
  ): Activation {
    const requiresGradient = inputs.some((x) => x.requiresGradient) ||
      names.some((name) => this.trainable(name));
    return { shape, tensor, requiresGradient };
  }

  /**
   * Registers what records the gradients of a layer's inputs and parameters.
   *
   * @param record gets the gradient by `output`
   */
  onBackward(output: Activation, record: (gradient: Operand) => void): void {
    if (!output.requiresGradient) return;
    this.#backward.push(() => {
      if (output.gradient) record(output.gradient);
    });
  }

  /**
   * Gives `x` its gradient, or adds to the one from another use of `x`: the gradient of a tensor is
   * the sum over its uses.
   *
   * @param record overwrites the tensor that it gets, rather than adding to it
   */
  give(x: Activation, label: string, record: (gradient: PlannedTensor) => void): void {
    if (!x.requiresGradient) return;
    const gradient = this.tensor(`${label} input gradient`, x.shape);
    record(gradient);
    this.#add(x, gradient, label);
  }

  /**
   * Likewise from a gradient by the layer's output, in whose place `record` writes that by `x`: for
   * layers that need no more of an element than that element.
   */
  giveInPlace(x: Activation, label: string, gradient: PlannedTensor, record: () => void): void {
    record();
    this.#add(x, gradient, label);
  }

  #add(x: Activation, gradient: PlannedTensor, label: string): void {
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

/** How an activation of this shape is stored: vectors are few, and logits are read back. */
export function storageFor(shape: Shape, storage: Storage = "f32"): Storage {
  return pixels(shape) > 1 ? storage : "f32";
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new TypeError(`The trace has no ${name}`);
  return value;
}

function rangeOf(buffer: BufferRange, layout: FlatLayout, names: readonly string[]): Operand {
  const slots = names.map((name) => layout.get(name).device);
  const first = slots[0].offset;
  const last = slots[slots.length - 1];
  return slice(buffer, first * 4, (last.offset + last.count - first) * 4);
}
