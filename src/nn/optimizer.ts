/** Optimizers with PyTorch's definitions and defaults: the scalars of each update. */
import type { optimizerParams, UpdateRule } from "../../kernels/optimizer.ts";
import type { OptimizerName } from "./names.ts";

export interface OptimizerOptions {
  name: OptimizerName;
  learningRate: number;
  /** L2 term on the gradient; decoupled in AdamW. */
  weightDecay?: number;
  /** SGD only. */
  momentum?: number;
  nesterov?: boolean;
  beta1?: number;
  /** Second moment's smoothing; alpha of RMSprop, rho of Adadelta. */
  beta2?: number;
  epsilon?: number;
  /** Largest norm of all gradients together. */
  clipNorm?: number;
}

type Scalars = Record<keyof typeof optimizerParams, number>;

/**
 * Chooses the kernel's update rule and its constants for an optimizer.
 *
 * @throws {RangeError} for a value out of range
 */
export function updateRule(options: OptimizerOptions): {
  rule: UpdateRule;
  nesterov: boolean;
  decoupled: boolean;
  clipNorm?: number;
} {
  const { name, momentum = 0, nesterov = false, clipNorm } = options;
  const inRange = (label: string, value: number | undefined, low: number, high: number) => {
    if (value !== undefined && !(value >= low && value < high)) {
      throw new RangeError(`${label} must be in [${low}, ${high}), not ${value}`);
    }
  };
  inRange("learning rate", options.learningRate, 0, Infinity);
  inRange("weight decay", options.weightDecay, 0, Infinity);
  inRange("momentum", momentum, 0, Infinity);
  inRange("beta1", options.beta1, 0, 1);
  inRange("beta2", options.beta2, 0, 1);
  inRange("epsilon", options.epsilon, 0, Infinity);
  if (clipNorm !== undefined && !(clipNorm > 0)) {
    throw new RangeError(`The largest gradient norm must be positive, not ${clipNorm}`);
  }
  if (nesterov && momentum === 0) throw new RangeError("Nesterov's step needs a momentum");
  const sgd = momentum > 0 ? "momentum" : "descent";
  const rule: UpdateRule = name === "SGD"
    ? sgd
    : name === "ASGD"
    ? "descent"
    : name === "AdamW"
    ? "adam"
    : name.toLowerCase() as UpdateRule;
  return { rule, nesterov, decoupled: name === "AdamW", clipNorm };
}

/** Momentum decay of NAdam, PyTorch's default. */
const nadamDecay = 4e-3;

/**
 * ASGD's decay term and power of eta, PyTorch's defaults. It trains with the parameters themselves;
 * their average starts after a million steps and nothing reads it, so it isn't computed.
 */
const asgdDecay = 1e-4;
const asgdPower = 0.75;

const defaults: Record<OptimizerName, { beta1: number; beta2: number; epsilon: number }> = {
  SGD: { beta1: 0, beta2: 0, epsilon: 0 },
  Adam: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  AdamW: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  RMSprop: { beta1: 0, beta2: 0.99, epsilon: 1e-8 },
  Adagrad: { beta1: 0, beta2: 0, epsilon: 1e-10 },
  Adadelta: { beta1: 0, beta2: 0.9, epsilon: 1e-6 },
  Adamax: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  NAdam: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  RAdam: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  ASGD: { beta1: 0, beta2: 0, epsilon: 0 },
};

/**
 * Scalars of update `t`, from 1, in float64.
 *
 * @param learningRate of this update, by the schedule
 */
export function updateScalars(options: OptimizerOptions, t: number, learningRate: number): Scalars {
  const usual = defaults[options.name];
  const beta1 = options.name === "SGD" ? options.momentum ?? 0 : options.beta1 ?? usual.beta1;
  const beta2 = options.beta2 ?? usual.beta2;
  const scalars: Scalars = {
    rate: learningRate,
    weight_decay: options.weightDecay ?? (options.name === "AdamW" ? 1e-2 : 0),
    beta1,
    beta2,
    epsilon: options.epsilon ?? usual.epsilon,
    one_minus_beta1: 1 - beta1,
    one_minus_beta2: 1 - beta2,
    moment_rate: learningRate / (1 - beta1 ** t),
    root_bias: Math.sqrt(1 - beta2 ** t),
    nadam_gradient_rate: 0,
    nadam_moment_rate: 0,
    rectification: 0,
  };
  if (options.name === "NAdam") {
    const mu = (step: number) => beta1 * (1 - 0.5 * 0.96 ** (step * nadamDecay));
    const product = productOf(mu, beta1, t);
    scalars.nadam_gradient_rate = learningRate * (1 - mu(t)) / (1 - product);
    scalars.nadam_moment_rate = learningRate * mu(t + 1) / (1 - product * mu(t + 1));
  }
  if (options.name === "ASGD") {
    // p (1 - decay eta) - eta g is a step of descent with so much more weight decay.
    scalars.rate = learningRate / (1 + asgdDecay * learningRate * (t - 1)) ** asgdPower;
    scalars.weight_decay += asgdDecay;
  }
  if (options.name === "RAdam") {
    const limit = 2 / (1 - beta2) - 1;
    const length = limit - 2 * t * beta2 ** t / (1 - beta2 ** t);
    if (length > 5) {
      scalars.rectification = scalars.root_bias * Math.sqrt(
        ((length - 4) * (length - 2) * limit) / ((limit - 4) * (limit - 2) * length),
      );
    }
  }
  return scalars;
}

/** mu(1) mu(2) ... mu(t), cached for each beta1 so that an update costs one product. */
function productOf(mu: (step: number) => number, beta1: number, t: number): number {
  let products = muProducts.get(beta1);
  if (!products) muProducts.set(beta1, products = [1]);
  while (products.length <= t) {
    products.push(products[products.length - 1] * mu(products.length));
  }
  return products[t];
}

const muProducts = new Map<number, number[]>();
