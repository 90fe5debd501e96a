/** What PyTorch computed for networks that reconstruct their input, and how to repeat it. */
import { assert, assertEquals } from "@std/assert";
import type { ReconstructionLoss } from "../../kernels/autoencoder/reconstruction.ts";
import type { Device } from "../../src/gpu/device.ts";
import type { Autoencoder } from "../../src/nn/autoencoder.ts";
import type { InputShape } from "../../src/nn/network.ts";
import { type AutoencoderOptions, createAutoencoder } from "../../src/nn/networks/autoencoders.ts";
import { generatorUnet } from "../../src/nn/networks/unet.ts";
import type { NetworkState } from "../../src/nn/state_dict.ts";
import { Trainer, type TrainerOptions } from "../../src/nn/training/trainer.ts";
import { uniform } from "./fixture.ts";

/** A tensor's norm and every `step`-th number. */
export interface Kept {
  norm: number;
  step: number;
  values: number[];
}

/** After ten steps, by one dtype: losses of the steps, then values of the first batch in evaluation. */
interface Trained {
  losses: number[];
  /** Reconstruction and divergence. */
  evaluated: [number, number];
  output: Kept;
  latent: Kept;
}

export interface AutoencoderCase {
  architecture: string;
  input: InputShape;
  loss: ReconstructionLoss;
  weights: [reconstruction: number, kl: number];
  options: AutoencoderOptions & { widths?: number[] };
  gradient_norms: Record<string, number>;
  training: Record<"SGD" | "Adam", Record<"float32" | "float64", Trained>>;
}

export const autoencoderFixture: {
  losses: Record<string, { values: number[]; gradient: Kept }>;
  networks: AutoencoderCase[];
} = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/nn/autoencoders.json", import.meta.url)),
);

/** Numbers of make_autoencoders.py. */
const BATCH = 3;
const STEPS = 10;
const SEED = 3;

export function createFixtureNetwork(
  { architecture, input, options }: AutoencoderCase,
): Autoencoder {
  const { widths, ...rest } = options;
  return widths ? generatorUnet(input, widths) : createAutoencoder(architecture, input, rest);
}

/** `fill` of make_autoencoders.py. */
export function fixtureWeights(network: Autoencoder): NetworkState {
  const parameters = new Float32Array(network.parameters.length);
  const sorted = network.parameters.tensors.toSorted((a, b) => a.name < b.name ? -1 : 1);
  sorted.forEach(({ name, shape, offset, count }, number) => {
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

/** Opens a training of some of the fixture's batches. */
export async function openFixture(
  device: Device,
  fixture: AutoencoderCase,
  optimizer: "SGD" | "Adam" | "none",
  steps = STEPS,
  change: Partial<TrainerOptions> = {},
) {
  const { input, loss, weights: [reconstructionWeight, klWeight] } = fixture;
  const network = createFixtureNetwork(fixture);
  const count = BATCH * steps;
  const images = Float32Array.from(uniform(2002, count * network.outputs));
  const items = Uint32Array.from({ length: count }, (_, i) => i);
  const trainer = await Trainer.create(device, {
    data: {
      shape: input,
      count,
      normalisation: "none",
      read: (item) => images.subarray(item * network.outputs, (item + 1) * network.outputs),
    },
    runs: [{ label: "fixture", network, items, seed: SEED, initial: fixtureWeights(network) }],
    loss: { name: loss, reconstructionWeight, klWeight },
    batchSize: BATCH,
    sampler: "sequential",
    optimizer: {
      none: { name: "SGD", learningRate: 0 },
      SGD: { name: "SGD", learningRate: 1e-4, momentum: 0.9, weightDecay: 1e-2 },
      Adam: { name: "Adam", learningRate: 1e-4, weightDecay: 1e-2 },
    }[optimizer] as TrainerOptions["optimizer"],
    ...change,
  });
  return { trainer, network, items, images, first: items.subarray(0, BATCH) };
}

/**
 * Compares a tensor with one that was kept.
 *
 * @param tolerance of an element, relative to the root of their mean square
 */
export function assertKept(
  values: ArrayLike<number>,
  { norm, step, values: kept }: Kept,
  tolerance: number,
  what: string,
): void {
  assertEquals(Math.ceil(values.length / step), kept.length, what);
  const typical = norm / Math.sqrt(values.length);
  kept.forEach((value, i) => {
    const found = values[i * step];
    const error = Math.abs(found - value) / typical;
    assert(error <= tolerance, `${what}[${i * step}] is ${found}, not ${value}`);
  });
}

/** Largest difference between two kept tensors, relative to the root of their mean square. */
export function differenceOf(a: Kept, b: Kept): number {
  const typical = Math.hypot(...b.values) / Math.sqrt(b.values.length);
  return Math.max(...a.values.map((value, i) => Math.abs(value - b.values[i]))) / typical;
}
