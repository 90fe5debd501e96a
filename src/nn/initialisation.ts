/** Initial values of a parameter or statistic: constant, or random by the seed and its name. */
import { fillNormal, Random, streamNumber } from "../random.ts";

/** The distribution of a tensor's initial values. */
export type Initialisation =
  | { kind: "constant"; value: number }
  /** Uniform in (-bound, bound): PyTorch's default with bound 1 / sqrt(fan in). */
  | { kind: "uniform"; bound: number }
  /** Gaussian with mean 0. */
  | { kind: "normal"; deviation: number };

/** Fills `values` with the initial values of the tensor called `name`. */
export function initialise(
  values: Float32Array,
  name: string,
  initialisation: Initialisation,
  seed: number,
): void {
  const stream = streamNumber(`initialise ${name}`);
  switch (initialisation.kind) {
    case "constant":
      values.fill(initialisation.value);
      break;
    case "uniform": {
      const random = new Random(seed, stream);
      const { bound } = initialisation;
      for (let i = 0; i < values.length; i++) values[i] = random.uniform(-bound, bound);
      break;
    }
    case "normal":
      fillNormal(values, seed, stream, initialisation.deviation);
  }
}
