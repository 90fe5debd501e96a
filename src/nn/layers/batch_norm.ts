/**
 * Batch normalisation (Ioffe and Szegedy, ICML 2015), the activation that follows, and the sum with a
 * residual between them.
 */
import type { ActivationName } from "../../../kernels/activation.ts";
import {
  batchNormApply,
  batchNormBackward,
  batchNormEvaluate,
  type BatchNormOptions,
  batchNormStatistics,
} from "../../../kernels/batch_norm/mod.ts";
import type { PlannedTensor } from "../../gpu/program.ts";
import { isTiled, maxPoolForward } from "../../../kernels/pool.ts";
import { pixels, type Shape } from "../../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";
import type { TensorSpec } from "../parameters.ts";
import type { MaxPool } from "./pool.ts";

const one = { kind: "constant", value: 1 } as const;
const zero = { kind: "constant", value: 0 } as const;

/**
 * `torch.nn.BatchNorm2d(channels)` or `BatchNorm3d`, then an activation:
 * y = f((x - mean) / sqrt(variance + 1e-5) * weight + bias), each channel by its own statistics. In
 * training these are the batch's, and the running ones move towards them by a momentum of 0.1; in
 * evaluation they are the running ones.
 */
export class BatchNorm implements Layer {
  readonly parameters: readonly TensorSpec[];
  readonly statistics: readonly TensorSpec[];

  constructor(
    readonly name: string,
    readonly channels: number,
    readonly activation: ActivationName = "none",
    readonly dimensions: 2 | 3 = 2,
    /** Of LeakyReLU below zero, 0.01 by default. */
    readonly slope?: number,
  ) {
    const shape = [channels];
    this.parameters = [
      { name: `${name}.weight`, shape, initialisation: one },
      { name: `${name}.bias`, shape, initialisation: zero },
    ];
    this.statistics = [
      { name: `${name}.running_mean`, shape, initialisation: zero },
      { name: `${name}.running_var`, shape, initialisation: one },
    ];
  }

  outputShape(input: Shape): Shape {
    return input;
  }

  summarise(input: Shape): LayerSummary[] {
    const normalisation = `BatchNorm${this.dimensions}d`;
    const kind = this.activation === "none"
      ? normalisation
      : `${normalisation}, ${this.activation}`;
    return [{ name: this.name, kind, output: input, parameters: 2 * this.channels, macs: 0 }];
  }

  /** @throws {RangeError} when training with a single value a channel */
  record(trace: Trace, x: Activation): Activation {
    return this.recordWith(trace, x);
  }

  /**
   * y = f(normalised x + residual). A residual that comes with its own normalisation (the shortcut of
   * a block that changes shape) is normalised in the same dispatch.
   *
   * @throws {RangeError} when training with a single value a channel
   */
  recordWith(
    trace: Trace,
    x: Activation,
    residual?: Activation | { of: Activation; normalisation: BatchNorm },
  ): Activation {
    const { program } = trace;
    const names = this.parameters.map((parameter) => parameter.name);
    const moments = this.#moments(trace, x);
    const shortcut = residual && "of" in residual ? residual : undefined;
    const added = shortcut ? shortcut.of : residual as Activation | undefined;
    const residualMoments = shortcut && shortcut.normalisation.#moments(trace, shortcut.of);
    const tensor = trace.tensor(this.name, x.shape);
    batchNormApply(program, this.#options(x.shape), {
      x: x.tensor,
      moments,
      y: tensor,
      residual: added?.tensor,
      residualMoments,
    });
    const shortcutNames = shortcut?.normalisation.parameters.map((parameter) => parameter.name) ??
      [];
    const y = trace.activation(tensor, x.shape, added ? [x, added] : [x], [
      ...names,
      ...shortcutNames,
    ]);
    trace.onBackward(y, (dy) => {
      const needsOutput = this.activation !== "none" &&
        (added !== undefined || this.activation !== "relu");
      this.#backward(trace, x, {
        moments,
        dy,
        output: needsOutput ? y.tensor : undefined,
        keepMasked: added !== undefined && this.activation !== "none",
        inPlace: added === undefined && !y.sharesGradient,
      });
      if (shortcut && residualMoments) {
        const { of, normalisation } = shortcut;
        normalisation.#backward(trace, of, {
          moments: residualMoments,
          dy,
          keepMasked: false,
          inPlace: false,
        });
      } else if (added?.requiresGradient) {
        if (added.gradient) {
          throw new Error(`${this.name}: the residual is used before the block that adds it`);
        }
        added.gradient = dy;
      }
    });
    return y;
  }

  /**
   * y = pool(f(normalised x)): nothing holds what is pooled, nor its gradient. Undefined where no kernel
   * does so: f has to be ReLU, and the windows have to tile its output.
   *
   * @throws {RangeError} when training with a single value a channel
   */
  recordPooled(trace: Trace, x: Activation, pool: MaxPool): Activation | undefined {
    const window = pool.window(x.shape);
    if (this.activation !== "relu" || !isTiled(x.shape, window)) return;
    const moments = this.#moments(trace, x);
    const shape = pool.outputShape(x.shape);
    const tensor = trace.tensor(pool.name, shape);
    const names = this.parameters.map((parameter) => parameter.name);
    const y = trace.activation(tensor, shape, [x], names);
    const positions = pool.planPositions(trace, y);
    maxPoolForward(trace.program, {
      input: x.shape,
      window,
      x: x.tensor,
      moments,
      y: tensor,
      positions,
      label: pool.name,
    });
    if (!positions) return y;
    trace.onBackward(y, (dy) => {
      this.#backward(trace, x, {
        moments,
        dy,
        pool: { window, positions },
        keepMasked: false,
        inPlace: false,
      });
    });
    return y;
  }

  #options(shape: Shape, activation = this.activation): BatchNormOptions {
    return { shape, activation, slope: this.slope, label: this.name };
  }

  /** Records the statistics by which each channel is normalised. */
  #moments(trace: Trace, x: Activation): PlannedTensor {
    const parameters = trace.parameter(`${this.name}.weight`, `${this.name}.bias`);
    const running = trace.statistic(`${this.name}.running_mean`, `${this.name}.running_var`);
    const options = this.#options(x.shape);
    if (!trace.training) {
      return batchNormEvaluate(trace.program, options, { parameters, running });
    }
    if (x.shape.batch * pixels(x.shape) < 2) {
      throw new RangeError(`${this.name} needs more than one value a channel to train`);
    }
    return batchNormStatistics(trace.program, options, {
      x: x.tensor,
      parameters,
      running,
      nonFiniteSteps: trace.nonFiniteSteps,
      nonFiniteAt: trace.addNonFiniteCheck(this.name),
      step: trace.params,
    });
  }

  /**
   * Records the gradients of x and of the parameters.
   *
   * @param pool what pooled y, where `dy` is the gradient of its output
   * @param output y, where the activation's derivative can't be had from x
   * @param keepMasked whether `dy` keeps the gradient behind the activation, for the residual
   * @param inPlace whether nothing else needs `dy`
   */
  #backward(trace: Trace, x: Activation, { moments, dy, pool, output, keepMasked, inPlace }: {
    moments: PlannedTensor;
    dy: Parameters<typeof batchNormBackward>[2]["dy"];
    pool?: Parameters<typeof batchNormBackward>[2]["pool"];
    output?: Activation["tensor"];
    keepMasked: boolean;
    inPlace: boolean;
  }): void {
    const plain = output === undefined && this.activation !== "relu";
    const [weight, bias] = this.parameters.map((parameter) => parameter.name);
    const record = (dx?: PlannedTensor) =>
      batchNormBackward(trace.program, this.#options(x.shape, plain ? "none" : this.activation), {
        x: x.tensor,
        moments,
        output,
        dy,
        pool,
        dx,
        gradients: trace.training ? trace.gradient(weight, bias) : undefined,
        accumulate: trace.accumulate,
        keepMasked,
      });
    if (x.requiresGradient && inPlace && dy.kind === "tensor") {
      trace.giveInPlace(x, this.name, dy, record);
    } else if (x.requiresGradient) trace.give(x, this.name, record);
    else if (trace.trainable(weight) || trace.trainable(bias)) {
      record(trace.tensor(`${this.name} unused gradient`, x.shape));
    }
  }
}

/** One that a class of ClinicaDL constructs and never applies: its weights are kept and never change. */
export class UnusedBatchNorm extends BatchNorm {
  override record(_trace: Trace, x: Activation): Activation {
    return x;
  }

  override summarise(input: Shape): LayerSummary[] {
    return super.summarise(input).map((row) => ({ ...row, kind: `unused ${row.kind}` }));
  }
}
