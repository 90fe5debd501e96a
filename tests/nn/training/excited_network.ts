/** A small network with the layers of SqueezeExcitationCNN, which takes no volume below 63 voxels a side. */
import { pixels } from "../../../kernels/tensors.ts";
import { Convolution } from "../../../src/nn/layers/convolution.ts";
import { Linear } from "../../../src/nn/layers/linear.ts";
import { MaxPool } from "../../../src/nn/layers/pool.ts";
import { ResidualBlock } from "../../../src/nn/layers/residual.ts";
import { batchShape, type InputShape, Network } from "../../../src/nn/network.ts";

/** One stage of it, and one linear layer. */
export function excitedNetwork(input: InputShape): Network {
  const channels = { inChannels: input[0], outChannels: 16, dimensions: 3 } as const;
  const layer = new Convolution("shortcut", { ...channels, kernel: 1, bias: false });
  const stage = [
    new ResidualBlock("block", { ...channels, excited: true, shortcut: { layer } }),
    new MaxPool("pool", 3, 2, 0, 3),
  ];
  const shape = stage.reduce((before, each) => each.outputShape(before), batchShape(input, 1));
  const positions = pixels(shape);
  return new Network("a squeeze-and-excitation stage", input, 2, [
    ...stage,
    new Linear("fc", 16 * positions, 2, positions),
  ]);
}
