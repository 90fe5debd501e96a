/** Split-K of convolutions: adds the partial sums of the slices in a fixed order. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Device } from "../../src/gpu/device.ts";
import type { Operand, ProgramBuilder } from "../../src/gpu/program.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import { folded, laneCount } from "../tensors.ts";
import { inputBlocks, type WeightGradient, weightShape } from "./shape.ts";
import source from "./sum_partials.wgsl" with { type: "text" };
import { tiledCount } from "./weight_layout.ts";

const sumParams = {
  slices: "u32",
  vectors: "u32",
  out_channels: "u32",
  in_channels: "u32",
  in_blocks: "u32",
  positions: "u32",
  taps: "u32",
} as const;

const sumKernel = defineKernel({
  name: "conv/sum_partials",
  source,
  constants: ["LANES", "SLICE_LANES", "ACCUMULATE", "PARTIAL_BLOCK"],
  params: sumParams,
  entries: { main: { params: "uniform", partials: "read", gradient: "read_write" } },
});

/**
 * Where a kernel writes the partial sums of `slices`, `[slice]` of the weights' own order. A single
 * slice that replaces the gradient is the gradient itself, unless channels do not fill their blocks:
 * activations may hold anything in padding channels, while weights are zero there.
 */
export function partialsFor(
  program: ProgramBuilder,
  { weightGradient, shape, accumulate, label }: WeightGradient,
  slices: number,
): Operand {
  const partialBlock = shape.outChannels % 4 > 0 || shape.channels % 4 > 0;
  if (slices === 1 && !accumulate && !partialBlock) return weightGradient;
  return program.tensor(`${label} partial sums`, slices * tiledCount(weightShape(shape)) * 4);
}

/** Adds what {@link partialsFor} holds into the gradient, if it is not the gradient itself. */
export function sumPartials(
  program: ProgramBuilder,
  partials: Operand,
  { weightGradient, shape, accumulate, label }: WeightGradient,
  slices: number,
): void {
  if (partials === weightGradient) return;
  const { outChannels, channels, positions = 1, taps } = weightShape(shape);
  record(program, {
    partials,
    sum: weightGradient,
    label,
    accumulate,
    partialBlock: outChannels % 4 > 0 || channels % 4 > 0,
    params: {
      slices,
      vectors: tiledCount(weightShape(shape)) / 4,
      out_channels: outChannels,
      in_channels: channels,
      in_blocks: inputBlocks(shape),
      positions,
      taps,
    },
  });
}

/** Sums `[slices][vectors]` vec4s over the slices. */
export function sumSlices(program: ProgramBuilder, { partials, sum, slices, vectors, label }: {
  partials: Operand;
  sum: Operand;
  slices: number;
  vectors: number;
  label: string;
}): void {
  record(program, {
    partials,
    sum,
    label,
    accumulate: false,
    partialBlock: false,
    params: {
      slices,
      vectors,
      out_channels: 0,
      in_channels: 0,
      in_blocks: 0,
      positions: 0,
      taps: 0,
    },
  });
}

function record(
  program: ProgramBuilder,
  { partials, sum, label, accumulate, partialBlock, params }: {
    partials: Operand;
    sum: Operand;
    label: string;
    accumulate: boolean;
    partialBlock: boolean;
    params: Record<keyof typeof sumParams, number>;
  },
): void {
  const { device } = program;
  const lanes = laneCount(device);
  const sliceLanes = sliceLanesOf(device, params.slices);
  program.dispatch(sumKernel, "main", {
    constants: {
      LANES: lanes,
      SLICE_LANES: sliceLanes,
      ACCUMULATE: accumulate,
      PARTIAL_BLOCK: partialBlock,
    },
    bindings: { params: fixedParams(device, sumKernel, params), partials, gradient: sum },
    workgroups: folded(device, Math.ceil(params.vectors * sliceLanes / lanes)),
    label: `${label}: sum partials`,
  });
}

/** Slices that an invocation adds at most on a GPU, each of which it waits for. */
const LANE_SLICES = 64;

/** Invocations that share the slices of a vector, so that none waits for many. */
function sliceLanesOf(device: Device, slices: number): number {
  if (device.class === "software") return 1;
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, slices / LANE_SLICES)));
  return Math.min(wanted, laneCount(device));
}
