/** Gamma, bias field and noise: changes of intensity in place. */
import {
  applyBiasField,
  applyGamma,
  coefficientCount,
  packPolynomial,
  polynomialWords,
} from "../../../kernels/augment/intensity.ts";
import { addItemNoise, itemNoiseWords } from "../../../kernels/random.ts";
import type { BiasFieldParams, GammaParams, NoiseParams } from "./specification.ts";
import { type BatchTransform, boundsOf } from "./transform.ts";

export function gammaTransform({ log_gamma }: GammaParams): BatchTransform {
  const [low, high] = boundsOf(log_gamma);
  return {
    words: [1],
    draw(random, into) {
      into[0] = Math.exp(random.uniform(low, high));
    },
    record(program, { shape, x }, exponents) {
      applyGamma(program, { shape, exponents, y: x });
      return x;
    },
  };
}

export function biasFieldTransform({ coefficients, order }: BiasFieldParams): BatchTransform {
  const [low, high] = boundsOf(coefficients);
  return {
    words: [polynomialWords(order)],
    draw(random, into) {
      packPolynomial(
        Array.from({ length: coefficientCount(order) }, () => random.uniform(low, high)),
        order,
        into,
      );
    },
    record(program, { shape, x }, polynomials) {
      applyBiasField(program, { shape, order, polynomials, y: x });
      return x;
    },
  };
}

export function noiseTransform(params: NoiseParams): BatchTransform {
  const mean = boundsOf(params.mean);
  const deviation = boundsOf(params.std, 0);
  return {
    words: [itemNoiseWords],
    draw(random, into) {
      into[0] = random.uniform(...mean);
      into[1] = random.uniform(...deviation);
      const key = new Uint32Array(into.buffer, into.byteOffset + 8, 2);
      for (const word of [0, 1]) key[word] = random.integer(2 ** 32);
    },
    record(program, { shape, x }, noises) {
      addItemNoise(program, { shape, noises, y: x });
      return x;
    },
  };
}
