/** Inputs of the PyTorch fixtures: an integer hash instead of stored weights and images. */
import type { InputShape, Network } from "../../src/nn/network.ts";
import type { NetworkState } from "../../src/nn/state_dict.ts";

export interface TrainingFixture {
  input: InputShape;
  batch_size: number;
  gradient_norms: Record<string, number>;
  logits_after_one_batch: number[];
  training: Record<
    string,
    {
      losses_float32: number[];
      losses_float64: number[];
      logits_float32: number[];
      logits_float64: number[];
    }
  >;
}

function readFixtures(file: string): Record<string, TrainingFixture> {
  return JSON.parse(
    Deno.readTextFileSync(new URL(`../fixtures/nn/${file}`, import.meta.url)),
  );
}

/** Of networks of images, by their name. */
export const fixtures = readFixtures("training.json");

/** Of networks of volumes, by their name. */
export const volumeFixtures = readFixtures("volumes.json");

/** `uniform` of make_fixtures.py. */
export function uniform(stream: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    let x = (Math.imul(i, 0x9e3779b1) + Math.imul(stream, 0x85ebca6b)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
    x = (x ^ (x >>> 16)) >>> 0;
    return (x >>> 8) * 2 ** -24;
  });
}

/** `fill` of make_fixtures.py, over the parameters in PyTorch's order. */
export function fixtureWeights(network: Network): NetworkState {
  const parameters = new Float32Array(network.parameters.length);
  network.parameters.tensors.forEach(({ name, shape, offset, count }, number) => {
    const values = uniform(number + 1, count).map((u) => {
      const centred = 2 * u - 1;
      if (shape.length > 1) return centred * Math.sqrt(3 / (count / shape[0]));
      return 0.1 * centred + (name.endsWith("weight") ? 1 : 0);
    });
    parameters.set(values, offset);
  });
  return {
    parameters,
    statistics: network.createInitialStatistics(),
    batches: new Map(network.batchNorms.map((name) => [name, 0])),
  };
}

/** All images of `count` batches, and their labels. */
export function fixtureData({ input, batch_size }: TrainingFixture, count: number) {
  const floats = input.reduce((product, size) => product * size);
  const images = Float32Array.from(uniform(2002, batch_size * count * floats));
  const labels = Uint32Array.from(
    { length: batch_size * count },
    (_, i) => Math.floor(i * 7 / 3) % 2,
  );
  return {
    labels,
    items: Uint32Array.from({ length: batch_size * count }, (_, i) => i),
    data: {
      shape: input,
      count: batch_size * count,
      normalisation: "none" as const,
      read: (item: number) => images.subarray(item * floats, (item + 1) * floats),
    },
  };
}
