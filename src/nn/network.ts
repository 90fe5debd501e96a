/** A network: a chain of layers over one input shape. */
import type { Shape } from "../../kernels/tensors.ts";
import type { Activation, Layer, LayerSummary, Trace } from "./layer.ts";
import { FlatLayout } from "./parameters.ts";

/** Channels, height, width. */
export type InputShape = readonly [number, number, number];

export class Network {
  readonly parameters: FlatLayout;
  readonly statistics: FlatLayout;

  /**
   * @param architecture its name in the list of networks
   * @param exportNames our name -> ClinicaDL's, where they differ; prefixes of whole names
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

  inputShape(batch: number): Shape {
    const [channels, height, width] = this.input;
    return { batch, channels, height, width };
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

  /** Records the layers from `first` to before `end`. */
  record(trace: Trace, x: Activation, first = 0, end = this.layers.length): Activation {
    return this.layers.slice(first, end).reduce((y, layer) => layer.record(trace, y), x);
  }

  /** Name of a parameter or statistic in a ClinicaDL MAPS. */
  exportName(name: string): string {
    for (const [ours, theirs] of this.exportNames) {
      if (name.startsWith(ours)) return theirs + name.slice(ours.length);
    }
    return name;
  }

  /** Initial parameters, a function of the seed and each parameter's name. */
  initialParameters(seed: number): Float32Array<ArrayBuffer> {
    return this.parameters.initial(seed);
  }

  initialStatistics(): Float32Array<ArrayBuffer> {
    return this.statistics.initial(0);
  }

  /** Names of the layers that count batches: each holds `num_batches_tracked`. */
  get normalisations(): string[] {
    return this.statistics.tensors.filter(({ name }) => name.endsWith(".running_mean"))
      .map(({ name }) => name.slice(0, -".running_mean".length));
  }
}
