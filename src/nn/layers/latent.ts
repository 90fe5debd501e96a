/** The layers between an encoder and a decoder: a code, or a distribution of codes. */
import { sampleLatent, sampleLatentBackward } from "../../../kernels/autoencoder/latent.ts";
import type { Shape } from "../../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "../layer.ts";
import type { TensorSpec } from "../parameters.ts";
import { ActivationLayer } from "./activation.ts";
import { Linear } from "./linear.ts";

/** Marks what the layer before it gives as the code of an autoencoder; it computes nothing. */
export class Code implements Layer {
  readonly parameters = [];
  readonly statistics = [];

  constructor(readonly name: string) {}

  outputShape(input: Shape): Shape {
    return input;
  }

  summarise(): LayerSummary[] {
    return [];
  }

  record(trace: Trace, x: Activation): Activation {
    trace.latent = { mean: x };
    return x;
  }
}

interface GaussianLatentOptions {
  /** Names of the linear layers of the mean and of the logarithm of the variance. */
  mean: string;
  logVariance: string;
  inFeatures: number;
  /** Pixels of each channel of the input, before it is flattened. */
  positions: number;
  dimensions: number;
  /** Whether the mean goes through tanh. */
  bounded?: boolean;
}

/**
 * A Gaussian distribution of codes, of independent dimensions. In training the output is a sample,
 * mean + exp(log variance / 2) noise (Kingma and Welling, ICLR 2014); in evaluation it is the mean.
 */
export class GaussianLatent implements Layer {
  readonly parameters: readonly TensorSpec[];
  readonly statistics = [];
  readonly #mean: readonly Layer[];
  readonly #logVariance: Linear;

  constructor(readonly name: string, options: GaussianLatentOptions) {
    const { mean, logVariance, inFeatures, dimensions, positions, bounded } = options;
    this.#mean = [
      new Linear(mean, inFeatures, dimensions, positions),
      ...(bounded ? [new ActivationLayer(`${name} mean`, "tanh")] : []),
    ];
    this.#logVariance = new Linear(logVariance, inFeatures, dimensions, positions);
    this.parameters = [...this.#mean, this.#logVariance].flatMap((layer) => layer.parameters);
  }

  outputShape(input: Shape): Shape {
    return this.#logVariance.outputShape(input);
  }

  summarise(input: Shape): LayerSummary[] {
    const output = this.outputShape(input);
    const [linear, ...activations] = this.#mean;
    return [
      ...linear.summarise(input),
      ...activations.flatMap((layer) => layer.summarise(output)),
      ...this.#logVariance.summarise(input),
    ];
  }

  record(trace: Trace, x: Activation): Activation {
    const { program } = trace;
    const mean = this.#mean.reduce((y, layer) => layer.record(trace, y), x);
    const logVariance = this.#logVariance.record(trace, x);
    trace.latent = { mean, logVariance };
    if (!trace.training) return mean;
    const { shape } = mean;
    const common = {
      batch: shape.batch,
      dimensions: shape.channels,
      logVariance: logVariance.tensor,
      noise: trace.latentNoise,
      label: this.name,
    };
    const tensor = trace.tensor(this.name, shape);
    sampleLatent(program, { ...common, mean: mean.tensor, y: tensor });
    const y = trace.activation(tensor, shape, [mean, logVariance]);
    trace.onBackward(y, (dy) => {
      trace.give(logVariance, `${this.name} log variance`, (gradient) => {
        sampleLatentBackward(program, { ...common, dy, logVarianceGradient: gradient });
      });
      trace.give(mean, `${this.name} mean`, (gradient) => program.copy(dy, gradient));
    });
    return y;
  }
}
