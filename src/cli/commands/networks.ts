import { didYouMean } from "../../workflow/suggest.ts";
import { UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { DeviceError } from "../../errors.ts";
import type { InputShape, Network } from "../../nn/network.ts";
import { ExitCode } from "../failure.ts";
import { sizeText, tableText } from "../quantity.ts";

export default {
  arguments: [{ name: "NAME", help: "Network, such as resnet18", optional: true }],
  options: {
    input: {
      value: "CxHxW",
      help: "Shape, CxDxHxW of volumes; one that the network takes by default",
    },
    outputs: {
      value: "N",
      help: "Units of the last layer of a network that classifies; default 2",
    },
    "batch-size": { value: "N", help: "Images of a training step; default 1, 2, 4 and 8" },
  },
  details:
    `Without NAME lists the networks; with it prints layers, shapes, parameters, multiply-adds of an
image, and the device's memory that training takes with Adam, without data that stay there.`,
  async run(args, { out }) {
    const { networks } = await import("../../nn/networks/mod.ts");
    const { autoencoders } = await import("../../nn/networks/autoencoders.ts");
    const [name] = args.positionals;
    const listed = { ...networks, ...autoencoders };
    if (name === undefined) {
      const rows = Object.entries(listed).map(([each, { description }]) => [each, description]);
      for (const line of tableText(rows, [], out.columns)) out.line(line);
      return ExitCode.done;
    }
    if (!Object.hasOwn(listed, name) && name !== "CVAE_3D") {
      throw new UsageError(`unknown network "${name}"`, didYouMean(name, Object.keys(listed)));
    }
    const { describeNetwork, shapeText } = await import("../../nn/describe.ts");
    const { dimensionsOf } = await import("../../nn/network.ts");
    const network = await createListed(name, args.value("input"), args.count("outputs"));
    const { input } = network;
    const batchSize = args.count("batch-size");
    const batchSizes = batchSize === undefined ? [1, 2, 4, 8] : [batchSize];
    const { layers, parameters, macs } = describeNetwork(network);
    const rows = layers.map((layer) => [
      layer.name,
      layer.kind,
      shapeText(layer.output, dimensionsOf(input)),
      layer.parameters.toLocaleString("en"),
      layer.macs.toLocaleString("en"),
    ]);
    const header = ["layer", "kind", "output", "parameters", "multiply-adds"];
    for (const line of tableText([header, ...rows], [3, 4], out.columns)) out.line(line);
    out.line();
    out.line(
      `${name}, input ${input.join("x")}: ${parameters.toLocaleString("en")} parameters, ` +
        `${(macs / 1e9).toFixed(2)} billion multiply-adds an image`,
    );
    for (const line of await memoryLines(network, batchSizes)) out.line(line);
    return ExitCode.done;
  },
} satisfies Command;

/** Creates a network that classifies, or one that reconstructs, for an input that it takes. */
async function createListed(
  name: string,
  input: string | undefined,
  outputs: number | undefined,
): Promise<Network> {
  const { createNetwork, networks, takesImages } = await import("../../nn/networks/mod.ts");
  if (Object.hasOwn(networks, name)) {
    const shape = inputOf(input ?? (takesImages(name) ? "3x208x179" : "1x169x208x179"));
    return withUsage(() => createNetwork(name, shape, outputs ?? 2));
  }
  if (outputs !== undefined) {
    throw new UsageError(`${name} reconstructs its input, so it has no --outputs`);
  }
  const { createAutoencoder } = await import("../../nn/networks/autoencoders.ts");
  // The least reduction of whole images, and sides that a U-Net halves five times.
  const shape = inputOf(input ?? (name === "GeneratorUNet" ? "1x64x64x64" : "1x80x96x80"));
  return withUsage(() => createAutoencoder(name, shape));
}

/** Memory of training steps with Adam on each kind of device. */
async function memoryLines(network: Network, batchSizes: readonly number[]): Promise<string[]> {
  const { planTraining } = await import("../../nn/memory.ts");
  const { typicalDevice } = await import("../../gpu/planning_device.ts");
  const optimizer = { name: "Adam", learningRate: 1e-4 } as const;
  const plan = async (kind: "discrete" | "software", batchSize: number) => {
    try {
      return await planTraining(typicalDevice(kind), { network, batchSize, optimizer });
    } catch (error) {
      if (error instanceof DeviceError) return undefined;
      throw error;
    }
  };
  const lines: string[] = [];
  for (const batchSize of batchSizes) {
    const [gpu, processor] = [await plan("discrete", batchSize), await plan("software", batchSize)];
    const [onGpu, onProcessor] = [gpu, processor].map((use) => use && sizeText(use.total));
    const places = onProcessor === undefined
      ? `${onGpu} on a GPU; on a processor a tensor would be too large`
      : `${onGpu} on a GPU, ${onProcessor} on a processor`;
    lines.push(`training with batches of ${batchSize}: about ${places}`);
    if (lines.length === 1 && gpu) {
      lines.unshift(`parameters, gradients and moments of Adam: ${sizeText(gpu.parameters)}`);
    }
  }
  return lines;
}

function inputOf(text: string): InputShape {
  const sizes = text.split("x").map(Number);
  const numbered = sizes.every((size) => Number.isInteger(size) && size > 0);
  if (!numbered || sizes.length < 3 || sizes.length > 4) {
    throw new UsageError(
      `--input must be channels, height and width such as 3x208x179, or channels, depth, height and ` +
        `width such as 1x169x208x179, not "${text}"`,
    );
  }
  return sizes as [number, number, number] | [number, number, number, number];
}

/** A network that can't take the input is wrong usage here. */
function withUsage<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(error.message);
  }
}
