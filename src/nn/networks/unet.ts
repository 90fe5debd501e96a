/** ClinicaDL's `GeneratorUNet`, an autoencoder of volumes with skip connections; its names. */
import { Autoencoder } from "../autoencoder.ts";
import type { Layer } from "../layer.ts";
import { ActivationLayer } from "../layers/activation.ts";
import { Convolution } from "../layers/convolution.ts";
import { InstanceNorm } from "../layers/instance_norm.ts";
import { Code } from "../layers/latent.ts";
import { SkipConnection } from "../layers/skip.ts";
import { TransposedConvolution } from "../layers/transposed_convolution.ts";
import { Upsample } from "../layers/upsample.ts";
import { batchShape, type InputShape } from "../network.ts";

/** Output channels of the convolutions on the way down: ClinicaDL's. */
const WIDTHS = [64, 128, 256, 512, 512] as const;

/**
 * Five convolutions of stride 2 with instance normalisation and LeakyReLU of slope 0.2, four transposed
 * ones with ReLU, each joined with the maps of its size on the way down, and a convolution with tanh, so the
 * output is between -1 and 1.
 *
 * @param widths output channels on the way down, multiples of 4; those on the way up follow
 * @throws {RangeError} sides that are no multiples of 32, or all of 32
 */
export function generatorUnet(input: InputShape, widths: readonly number[] = WIDTHS): Autoencoder {
  const reduction = 2 ** widths.length;
  if (input.slice(1).some((side) => side % reduction > 0)) {
    throw new RangeError(
      `GeneratorUNet takes volumes whose sides are multiples of ${reduction}, not ` +
        input.join("x"),
    );
  }
  const down = widths.map((outChannels, i) => [
    new Convolution(`down${i + 1}.model.0`, {
      inChannels: i === 0 ? input[0] : widths[i - 1],
      outChannels,
      dimensions: 3,
      kernel: 3,
      stride: 2,
      padding: 1,
    }),
    new InstanceNorm(`down${i + 1}.model.1`, {
      dimensions: 3,
      activation: "leaky_relu",
      slope: 0.2,
    }),
  ]);
  const up = widths.slice(1).map((_, i) => {
    // Behind the first, half of the input's channels come from the way down.
    const level = widths.length - 1 - i;
    const inChannels = i === 0 ? widths[level] : 2 * widths[level];
    const outChannels = widths[level - 1];
    return [
      new TransposedConvolution(`up${i + 1}.model.0`, {
        inChannels,
        outChannels,
        dimensions: 3,
        kernel: 4,
        stride: 2,
        padding: 1,
      }),
      new InstanceNorm(`up${i + 1}.model.1`, { dimensions: 3, activation: "relu" }),
    ];
  });
  let inner: Layer[] = [...down[widths.length - 1], new Code("latent"), ...up[0]];
  for (let level = widths.length - 2; level > 0; level--) {
    const joined = new SkipConnection(`skip${level + 1}`, inner);
    inner = [...down[level], joined, ...up[widths.length - 1 - level]];
  }
  const latent = down.flat().reduce(
    (shape, layer) => layer.outputShape(shape),
    batchShape(input, 1),
  );
  return new Autoencoder("GeneratorUNet", input, {
    layers: [
      ...down[0],
      new SkipConnection("skip1", inner),
      new Upsample("final.model.0", 3),
      new Convolution("final.model.1", {
        inChannels: 2 * widths[0],
        outChannels: input[0],
        dimensions: 3,
        kernel: 3,
        padding: 1,
      }),
      new ActivationLayer("final.model.2", "tanh"),
    ],
    latent,
    variational: false,
  });
}
