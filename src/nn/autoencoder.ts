/** A network that reconstructs its input from a code. */
import { pixels, type Shape } from "../../kernels/tensors.ts";
import type { Layer } from "./layer.ts";
import { batchShape, type InputShape, Network } from "./network.ts";

interface AutoencoderOptions {
  layers: readonly Layer[];
  /** Of the code of one image; one of the layers gives it (`layers/latent.ts`). */
  latent: Shape;
  /** Whether that layer gives a distribution of codes. */
  variational: boolean;
}

/** Its `outputs` are the values of an image: channels times voxels. */
export class Autoencoder extends Network {
  readonly latent: Shape;
  readonly variational: boolean;

  /** @throws {RangeError} when the output has another shape than the input */
  constructor(
    architecture: string,
    input: InputShape,
    { layers, latent, variational }: AutoencoderOptions,
  ) {
    super(architecture, input, input.reduce((product, size) => product * size), layers);
    this.latent = latent;
    this.variational = variational;
    const output = layers.reduce((shape, layer) => layer.outputShape(shape), batchShape(input, 1));
    const sizes = [output, batchShape(input, 1)]
      .map(({ channels, depth, height, width }) => [channels, depth, height, width].join("x"));
    if (sizes[0] !== sizes[1]) {
      throw new RangeError(`${architecture} makes ${sizes[0]} of an input of ${sizes[1]}`);
    }
  }

  /** Numbers of a code. */
  get latentLength(): number {
    return this.latent.channels * pixels(this.latent);
  }
}
