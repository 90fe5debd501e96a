import { didYouMean } from "../../workflow/suggest.ts";
import { type Arguments, UsageError } from "../arguments.ts";
import type { Command } from "../command.ts";
import { ExitCode } from "../failure.ts";
import { sizeText, tableText } from "../quantity.ts";

export default {
  arguments: [{ name: "NAME", help: "Network, such as resnet18", optional: true }],
  options: {
    input: { value: "CxHxW", help: "Channels, height and width; default 3x208x179" },
    outputs: { value: "N", help: "Units of the last layer; default 2" },
    "batch-size": { value: "N", help: "Images of a training step; default 8" },
  },
  details:
    `Without NAME lists the networks; with it prints layers, shapes, parameters, multiply-adds of an
image, and the memory that training takes with Adam.`,
  async run(args, { out }) {
    const { createNetwork, networks } = await import("../../nn/networks/mod.ts");
    const [name] = args.positionals;
    if (name === undefined) {
      const rows = Object.entries(networks).map(([each, { description }]) => [each, description]);
      for (const line of tableText(rows, [], out.columns)) out.line(line);
      return ExitCode.done;
    }
    if (!Object.hasOwn(networks, name)) {
      throw new UsageError(`unknown network "${name}"`, didYouMean(name, Object.keys(networks)));
    }
    const { describeNetwork } = await import("../../nn/describe.ts");
    const input = inputOf(args);
    const network = withUsage(() => createNetwork(name, input, args.count("outputs") ?? 2));
    const { layers, parameters, macs, batchSize, memory } = describeNetwork(
      network,
      args.count("batch-size") ?? 8,
    );
    const rows = layers.map((layer) => [
      layer.name,
      layer.kind,
      `${layer.output.channels}x${layer.output.height}x${layer.output.width}`,
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
    out.line(
      `training with batches of ${batchSize}: about ${sizeText(memory.total)} ` +
        `(${sizeText(memory.parameters)} parameters, ${sizeText(memory.activations)} activations)`,
    );
    return ExitCode.done;
  },
} satisfies Command;

function inputOf(args: Arguments): [number, number, number] {
  const text = args.value("input") ?? "3x208x179";
  const sizes = text.split("x").map(Number);
  if (sizes.length !== 3 || !sizes.every((size) => Number.isInteger(size) && size > 0)) {
    throw new UsageError(
      `--input must be channels, height and width such as 3x208x179, not "${text}"`,
    );
  }
  return sizes as [number, number, number];
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
