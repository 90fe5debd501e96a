/** Sums over the pixels of each channel, and products of activations with one number a channel. */
import { defineKernel } from "../src/gpu/kernel.ts";
import { type Operand, type ProgramBuilder, slice } from "../src/gpu/program.ts";
import source from "./channel_sums.wgsl" with { type: "text" };
import { blocks, flatGrid, laneCount, pixels, planeGrid, type Shape } from "./tensors.ts";

const channelSums = defineKernel({
  name: "channel_sums",
  source,
  constants: ["LANES", "BLOCKS", "PIXELS", "PARTS", "SPAN", "CHUNK", "PRODUCTS", "MEAN"],
  entries: {
    sum_parts: { x: "read", factor: "read", partials_out: "read_write" },
    merge: { partials_in: "read", sums: "read_write" },
    scale: { x: "read", channel_factor: "read", y: "read_write" },
  },
});

/** Sums or means of x, or of x times an activation, over the pixels of each channel of each image. */
export function sumChannels(
  program: ProgramBuilder,
  { shape, x, factor, mean = false, sums, label = "channel sums" }: {
    shape: Shape;
    x: Operand;
    /** An activation of the same shape. */
    factor?: Operand;
    mean?: boolean;
    /** `[batch][ceil(channels / 4)][4]` floats. */
    sums: Operand;
    label?: string;
  },
): void {
  const { device } = program;
  const lanes = laneCount(device);
  const channelBlocks = shape.batch * blocks(shape);
  const wanted = Math.ceil((device.class === "software" ? 128 : 512) / channelBlocks);
  const span = Math.max(4, Math.ceil(pixels(shape) / wanted / lanes)) * lanes;
  const parts = Math.ceil(pixels(shape) / span);
  const constants = { LANES: lanes, BLOCKS: blocks(shape), PIXELS: pixels(shape), PARTS: parts };
  const partials = program.tensor(`${label} partials`, channelBlocks * parts * 16);
  program.dispatch(channelSums, "sum_parts", {
    constants: { ...constants, SPAN: span, PRODUCTS: factor !== undefined },
    bindings: { x, partials_out: partials, ...(factor && { factor }) },
    workgroups: [parts, blocks(shape), shape.batch],
    label,
  });
  program.dispatch(channelSums, "merge", {
    constants: { ...constants, MEAN: mean },
    bindings: { partials_in: partials, sums: slice(sums, 0, channelBlocks * 16) },
    workgroups: flatGrid(device, channelBlocks, lanes),
    label,
  });
}

/** y = x times one number a channel of each image. */
export function scaleChannels(
  program: ProgramBuilder,
  { shape, x, factor, y, label }: {
    shape: Shape;
    x: Operand;
    /** `[batch][ceil(channels / 4)][4]` floats. */
    factor: Operand;
    y: Operand;
    label?: string;
  },
): void {
  const LANES = laneCount(program.device);
  const { chunk, workgroups } = planeGrid(program.device, shape, LANES);
  program.dispatch(channelSums, "scale", {
    constants: { LANES, BLOCKS: blocks(shape), PIXELS: pixels(shape), CHUNK: chunk },
    bindings: { x, channel_factor: factor, y },
    workgroups,
    label,
  });
}
