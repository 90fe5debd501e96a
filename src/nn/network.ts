/** A network: a chain of layers over one input shape. */
import type { Shape } from "../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "./layer.ts";
import { BatchNorm, UnusedBatchNorm } from "./layers/batch_norm.ts";
import { MaxPool } from "./layers/pool.ts";
import { FlatLayout } from "./parameters.ts";

/** Channels, height and width of an image, or channels, depth, height and width of a volume. */
export type InputShape =
  | readonly [channels: number, height: number, width: number]
  | readonly [channels: number, depth: number, height: number, width: number];

/** @throws {RangeError} when a shape has neither three nor four axes */
export function inputShape(shape: readonly number[]): InputShape {
  if (shape.length === 3 || shape.length === 4) return shape as unknown as InputShape;
  throw new RangeError(
    `An input has channels and two or three axes, and this has the shape ${shape.join(" x ")}`,
  );
}

/** Axes of an input: 2 of an image, 3 of a volume. */
export function dimensionsOf(input: InputShape): 2 | 3 {
  return input.length === 4 ? 3 : 2;
}

/** Shape of a batch of images or volumes; an image has one plane. */
export function batchShape(input: InputShape, batch: number): Shape {
  const [width, height, depth] = input.length === 4
    ? [input[3], input[2], input[1]]
    : [input[2], input[1], 1];
  return { batch, channels: input[0], depth, height, width };
}

/**
 * Layers applied one after another to images or volumes of one shape; it holds shapes and names, no
 * weights.
 */
export class Network {
  readonly parameters: FlatLayout;
  readonly statistics: FlatLayout;

  /**
   * @param architecture its name in the list of networks
   * @param outputs output nodes: classes, or values of a regression
   * @param exportNames Gyrus's prefix of a name -> ClinicaDL's, where they differ
   * @throws {RangeError} when the input is too small for the layers
   */
  constructor(
    readonly architecture: string,
    readonly input: InputShape,
    readonly outputs: number,
    readonly layers: readonly Layer[],
    readonly exportNames: ReadonlyMap<string, string> = new Map(),
  ) {
    this.parameters = new FlatLayout(layers.flatMap((layer) => layer.parameters));
    this.statistics = new FlatLayout(layers.flatMap((layer) => layer.statistics));
    this.summarise();
  }

  /** Shape of a batch. */
  inputShape(batch: number): Shape {
    return batchShape(this.input, batch);
  }

  /** One row a layer, for one image. */
  summarise(): LayerSummary[] {
    let shape = this.inputShape(1);
    return this.layers.flatMap((layer) => {
      const rows = layer.summarise(shape);
      shape = layer.outputShape(shape);
      return rows;
    });
  }

  /**
   * Records the layers from `first` to before `end`.
   *
   * @param x input of layer `first`
   * @returns output of layer `end - 1`
   */
  record(trace: Trace, x: Activation, first = 0, end = this.layers.length): Activation {
    let y = x;
    for (let at = first; at < end; at++) {
      const pooled = at + 1 < end && recordPooled(trace, y, this.layers[at], this.layers[at + 1]);
      if (pooled) at++;
      y = pooled || this.layers[at].record(trace, y);
    }
    return y;
  }

  /** Name of a parameter or statistic in a ClinicaDL MAPS. */
  exportName(name: string): string {
    for (const [ours, theirs] of this.exportNames) {
      if (name.startsWith(ours)) return theirs + name.slice(ours.length);
    }
    return name;
  }

  /** Initial parameters in the host's order, a function of the seed and each parameter's name. */
  createInitialParameters(seed: number): Float32Array<ArrayBuffer> {
    return this.parameters.createInitial(seed);
  }

  /** Statistics of a network that has seen no batch: means of 0, variances of 1. */
  createInitialStatistics(): Float32Array<ArrayBuffer> {
    return this.statistics.createInitial(0);
  }

  /** Names of the parameters that no output depends on, and that training leaves as they are. */
  get unused(): ReadonlySet<string> {
    const unused = this.layers.filter((layer) => layer instanceof UnusedBatchNorm);
    return new Set(unused.flatMap((layer) => layer.parameters.map(({ name }) => name)));
  }

  /** Names of the batch normalisation layers, each of which counts batches in `num_batches_tracked`. */
  get batchNorms(): string[] {
    return this.statistics.tensors.filter(({ name }) => name.endsWith(".running_mean"))
      .map(({ name }) => name.slice(0, -".running_mean".length));
  }
}

/** Records a batch normalisation and the max pool behind it in one, where that is possible. */
function recordPooled(
  trace: Trace,
  x: Activation,
  layer: Layer,
  next: Layer,
): Activation | undefined {
  if (layer instanceof BatchNorm && next instanceof MaxPool) {
    return layer.recordPooled(trace, x, next);
  }
}
