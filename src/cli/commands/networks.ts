import { didYouMean } from "../../workflow/suggest.ts";
import { UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import type { InputShape } from "../../nn/network.ts";
import { ExitCode } from "../failure.ts";
import { sizeText, tableText } from "../quantity.ts";

export default {
  arguments: [{ name: "NAME", help: "Network, such as resnet18", optional: true }],
  options: {
    input: {
      value: "CxHxW",
      help: "Shape, CxDxHxW of volumes; default 3x208x179 or 1x169x208x179",
    },
    outputs: { value: "N", help: "Units of the last layer; default 2" },
    "batch-size": { value: "N", help: "Images of a training step; default 1, 2, 4 and 8" },
  },
  details:
    `Without NAME lists the networks; with it prints layers, shapes, parameters, multiply-adds of an
image, and the memory that training takes with Adam.`,
  async run(args, { out }) {
    const { createNetwork, networks, takesImages } = await import("../../nn/networks/mod.ts");
    const [name] = args.positionals;
    if (name === undefined) {
      const rows = Object.entries(networks).map(([each, { description }]) => [each, description]);
      for (const line of tableText(rows, [], out.columns)) out.line(line);
      return ExitCode.done;
    }
    if (!Object.hasOwn(networks, name)) {
      throw new UsageError(`unknown network "${name}"`, didYouMean(name, Object.keys(networks)));
    }
    const { describeNetwork, shapeText } = await import("../../nn/describe.ts");
    const { dimensionsOf } = await import("../../nn/network.ts");
    const input = inputOf(
      args.value("input") ?? (takesImages(name) ? "3x208x179" : "1x169x208x179"),
    );
    const network = withUsage(() => createNetwork(name, input, args.count("outputs") ?? 2));
    const batchSize = args.count("batch-size");
    const batchSizes = batchSize === undefined ? [1, 2, 4, 8] : [batchSize];
    const descriptions = batchSizes.map((size) => describeNetwork(network, size));
    const [{ layers, parameters, macs }] = descriptions;
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
    for (const { batchSize, memory } of descriptions) {
      const [total, weights, activations] = [
        memory.total,
        memory.parameters,
        memory.activations,
      ].map(sizeText);
      out.line(
        `training with batches of ${batchSize}: about ${total} ` +
          `(${weights} parameters, ${activations} activations)`,
      );
    }
    return ExitCode.done;
  },
} satisfies Command;

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
