/**
 * The objective of autoencoders: a reconstruction's errors and, of a distribution of codes, its divergence
 * from N(0, 1).
 */
import { latentDivergence } from "../../kernels/autoencoder/latent.ts";
import {
  compareReconstructions,
  errorRow,
  isVariationalLoss,
  type ReconstructionLoss,
  totalLoss,
} from "../../kernels/autoencoder/reconstruction.ts";
import type { Operand, PlannedTensor } from "../gpu/program.ts";
import { Autoencoder } from "./autoencoder.ts";
import type { Activation, Trace } from "./layer.ts";
import type { Network } from "./network.ts";
import type { Readout } from "./predictor.ts";

/**
 * The loss of an image is `reconstructionWeight` times its reconstruction term plus, of a variational
 * autoencoder, `klWeight` times KL(N(mean, variance) || N(0, 1)); that of a batch is the mean over its images.
 *
 * Terms of `gaussian`, `bernoulli` and `continuous_bernoulli` are sums over the image's values, those of the
 * other losses means, as PyTorch's. The target is the input as the network sees it.
 */
export interface ReconstructionObjective {
  name: ReconstructionLoss;
  /** 1 by default, as is the other. */
  reconstructionWeight?: number;
  klWeight?: number;
}

/** Numbers of each item, in the order of the items; none of them is weighted. */
export interface ReconstructionErrors {
  /** Reconstruction terms of the objective. */
  reconstruction: Float64Array;
  /** Divergences; 0 where codes have no distribution. */
  kl: Float64Array;
  /** Mean absolute and mean squared errors. */
  absolute: Float64Array;
  squared: Float64Array;
  /** Least values of the inputs. */
  minimum: Float64Array;
}

/** Numbers of an image by which an objective divides the sum over its values. */
function divisor({ name }: ReconstructionObjective, { outputs }: Network): number {
  return isVariationalLoss(name) ? 1 : outputs;
}

/** @throws {RangeError} an objective that does not fit the network */
export function checkObjective({ name }: ReconstructionObjective, network: Network): Autoencoder {
  const autoencoder = asAutoencoder(network);
  const { architecture, variational } = autoencoder;
  if (variational && !isVariationalLoss(name)) {
    throw new RangeError(
      `${architecture} is a variational autoencoder: its loss is gaussian, bernoulli or ` +
        `continuous_bernoulli, not ${name}`,
    );
  }
  if (!variational && isVariationalLoss(name)) {
    throw new RangeError(`${architecture} has no distribution of codes, which ${name} requires`);
  }
  return autoencoder;
}

/** @throws {RangeError} a network that doesn't reconstruct */
export function asAutoencoder(network: Network): Autoencoder {
  if (network instanceof Autoencoder) return network;
  throw new RangeError(`${network.architecture} does not reconstruct its input`);
}

/** Mean over items: the loss, and its two terms without weights. */
export function meanLoss(
  { reconstructionWeight = 1, klWeight = 1 }: ReconstructionObjective,
  errors: Pick<ReconstructionErrors, "reconstruction" | "kl">,
): { loss: number; reconstruction: number; kl: number } {
  const mean = (values: Float64Array) => values.reduce((a, b) => a + b, 0) / values.length;
  const [reconstruction, kl] = [mean(errors.reconstruction), mean(errors.kl)];
  return { loss: reconstructionWeight * reconstruction + klWeight * kl, reconstruction, kl };
}

/**
 * Records the loss of a batch, and gives the output and the latent distribution their gradients.
 *
 * @param x input and target
 * @param y output
 */
export function recordReconstructionLoss(
  trace: Trace,
  objective: ReconstructionObjective,
  network: Network,
  { x, y, losses }: { x: Activation; y: Activation; losses: Operand },
): void {
  const { program, params } = trace;
  const { name, reconstructionWeight = 1, klWeight = 1 } = objective;
  const { shape } = y;
  const scale = reconstructionWeight / divisor(objective, network);
  const rows = program.tensor("errors", shape.batch * errorRow * 4);
  const dy = trace.tensor("output gradient", shape);
  compareReconstructions(program, name, {
    shape,
    x: x.tensor,
    y: y.tensor,
    rows,
    scale,
    gradient: { dy, params },
  });
  y.gradient = dy;
  recordDivergence(trace, rows, klWeight);
  totalLoss(program, {
    batch: shape.batch,
    rows,
    scale,
    klScale: klWeight,
    losses,
    params,
    nonFiniteSteps: trace.nonFiniteSteps,
    nonFiniteAt: trace.addNonFiniteCheck("loss"),
  });
}

/** Records the divergence, where there is one, and while training its gradients. */
function recordDivergence(trace: Trace, rows: Operand, scale = 1): void {
  const { mean, logVariance } = trace.latent ?? {};
  if (!mean || !logVariance) return;
  const { program, params } = trace;
  const { shape } = mean;
  const gradients = trace.training
    ? {
      mean: trace.tensor("divergence by mean", shape),
      logVariance: trace.tensor("divergence by log variance", shape),
      params,
    }
    : undefined;
  latentDivergence(program, {
    batch: shape.batch,
    dimensions: shape.channels,
    mean: mean.tensor,
    logVariance: logVariance.tensor,
    rows,
    scale,
    gradients,
    label: "divergence",
  });
  if (gradients && mean.requiresGradient) mean.gradient = gradients.mean;
  if (gradients && logVariance.requiresGradient) logVariance.gradient = gradients.logVariance;
}

/** Reads back the errors of each item. */
export function errorsReadout({ name }: ReconstructionObjective): Readout {
  return {
    rowLength: () => errorRow,
    record(trace, network, x): PlannedTensor {
      const y = network.record(trace, x);
      const rows = trace.program.tensor("errors", y.shape.batch * errorRow * 4);
      compareReconstructions(trace.program, name, {
        shape: y.shape,
        x: x.tensor,
        y: y.tensor,
        rows,
      });
      recordDivergence(trace, rows);
      return rows;
    },
  };
}

/** Errors from the rows of {@link errorsReadout}. */
export function errorsOf(
  objective: ReconstructionObjective,
  network: Network,
  rows: Float32Array,
): ReconstructionErrors {
  const column = (at: number, by = 1) =>
    Float64Array.from({ length: rows.length / errorRow }, (_, i) => rows[i * errorRow + at] / by);
  const { outputs } = network;
  return {
    reconstruction: column(0, divisor(objective, network)),
    kl: column(4),
    absolute: column(1, outputs),
    squared: column(2, outputs),
    minimum: column(3),
  };
}
