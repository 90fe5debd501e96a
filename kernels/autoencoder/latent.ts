/** Latent distributions of variational autoencoders: samples and the divergence from N(0, 1). */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import source from "./latent.wgsl" with { type: "text" };
import { laneCount } from "../tensors.ts";

const latent = defineKernel({
  name: "autoencoder/latent",
  source,
  constants: ["LANES", "DIMENSIONS", "BLOCKS", "SCALE", "GRADIENT"],
  params: { step: "u32", seed: "u32", first: "u32", slot: "u32", share: "f32" },
  entries: {
    sample: { mean: "read", log_variance: "read", noise: "read", y: "read_write" },
    sample_backward: {
      log_variance: "read",
      noise: "read",
      dy: "read",
      log_variance_gradient: "read_write",
    },
    divergence: {
      mean: "read",
      log_variance: "read",
      rows: "read_write",
      mean_gradient: "read_write",
      log_variance_gradient: "read_write",
      params: "uniform",
    },
  },
});

/** Distributions of a batch; vectors are `[batch][ceil(dimensions / 4)][4]` floats. */
interface Distributions {
  batch: number;
  dimensions: number;
  logVariance: Operand;
  label?: string;
}

function layout(program: ProgramBuilder, { batch, dimensions }: Distributions) {
  const LANES = laneCount(program.device);
  const BLOCKS = Math.ceil(dimensions / 4);
  return {
    constants: { LANES, DIMENSIONS: dimensions, BLOCKS },
    workgroups: [Math.ceil(BLOCKS / LANES), batch] as const,
  };
}

/** y = mean + exp(logVariance / 2) noise, where `noise` is `[batch][dimensions]`. */
export function sampleLatent(
  program: ProgramBuilder,
  options: Distributions & { mean: Operand; noise: Operand; y: Operand },
): void {
  const { mean, logVariance, noise, y, label } = options;
  program.dispatch(latent, "sample", {
    ...layout(program, options),
    bindings: { mean, log_variance: logVariance, noise, y },
    label,
  });
}

/** The gradient by the logarithms of variances; that by the means is `dy` itself. */
export function sampleLatentBackward(
  program: ProgramBuilder,
  options: Distributions & { noise: Operand; dy: Operand; logVarianceGradient: Operand },
): void {
  const { logVariance, noise, dy, logVarianceGradient, label } = options;
  program.dispatch(latent, "sample_backward", {
    ...layout(program, options),
    bindings: { log_variance: logVariance, noise, dy, log_variance_gradient: logVarianceGradient },
    label,
  });
}

/**
 * Writes KL(N(mean, variance) || N(0, 1)) of each image into its row of {@link compareReconstructions}
 * and, where `gradients` are given, the derivatives of its mean over the batch times `scale`.
 */
export function latentDivergence(
  program: ProgramBuilder,
  options: Distributions & {
    mean: Operand;
    rows: Operand;
    scale?: number;
    gradients?: { mean: Operand; logVariance: Operand; params: Operand };
  },
): void {
  const { batch, mean, logVariance, rows, scale = 1, gradients, label } = options;
  const { constants } = layout(program, options);
  program.dispatch(latent, "divergence", {
    constants: { ...constants, SCALE: scale, GRADIENT: gradients !== undefined },
    bindings: {
      mean,
      log_variance: logVariance,
      rows,
      ...(gradients && {
        mean_gradient: gradients.mean,
        log_variance_gradient: gradients.logVariance,
        params: gradients.params,
      }),
    },
    workgroups: [batch],
    label,
  });
}
