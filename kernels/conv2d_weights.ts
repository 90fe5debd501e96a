/** Weights between PyTorch's order and the orders that the convolution kernels read and write. */
import { defineKernel } from "../src/gpu/kernel.ts";
import type { Operand, PlannedTensor, ProgramBuilder } from "../src/gpu/program.ts";
import { fixedParams } from "../src/gpu/uniforms.ts";
import { type Conv2dShape, inputBlocks, type Taps } from "./conv2d_shape.ts";
import { folded } from "./tensors.ts";
import source from "./conv2d_weights.wgsl" with { type: "text" };

const weightKernel = defineKernel({
  name: "conv2d_weights",
  source,
  constants: ["LANES", "WHOLE", "TAPS"],
  params: {
    out_channels: "u32",
    in_channels: "u32",
    positions: "u32",
    taps_x: "u32",
    taps: "u32",
    used_x: "u32",
    used: "u32",
    first_y: "i32",
    first_x: "i32",
    step_y: "i32",
    step_x: "i32",
    padded: "u32",
    has_bias: "u32",
    shares: "u32",
    share_stride: "u32",
    row_stride: "u32",
    accumulate: "u32",
  },
  entries: {
    pack: {
      params: "uniform",
      weights: "read",
      weight_vectors: "read",
      bias: "read",
      packed: "read_write",
    },
    pack_transposed: { params: "uniform", weights: "read", packed: "read_write" },
    turn: { params: "uniform", weight_vectors: "read", packed: "read_write" },
    collect: {
      params: "uniform",
      partial: "read",
      gradient: "read_write",
      gradient_vectors: "read_write",
    },
  },
});

export interface PackedWeights {
  tensor: PlannedTensor;
  /** Channels of the output, padded to whole tiles. */
  padded: number;
}

/**
 * Packs weights into vec4s of four reduced channels, `[tap][block][channel]`, then the bias.
 *
 * @param transposed for the data gradient: reduces over output channels
 * @param tile the padded number of channels is a multiple of this
 */
export function packWeights(program: ProgramBuilder, work: {
  weights: Operand;
  bias?: Operand;
  shape: Conv2dShape;
  taps: Taps;
  transposed: boolean;
  tile: number;
  label: string;
}): PackedWeights {
  const { weights, bias, shape, taps, transposed, tile, label } = work;
  const { lanes } = program.device;
  const inBlocks = inputBlocks(shape);
  const outBlocks = Math.ceil(shape.outChannels / 4);
  const blocks = transposed ? outBlocks : inBlocks;
  const padded = Math.ceil((transposed ? inBlocks * 4 : shape.outChannels) / tile) * tile;
  const used = taps.count[0] * taps.count[1];
  const count = used * blocks * padded + padded / 4;
  const tensor = program.tensor(`${label} weights`, count * 16);
  const params = fixedParams(program.device, weightKernel, {
    ...weightParams(shape),
    used_x: taps.count[1],
    used,
    first_y: taps.first[0],
    first_x: taps.first[1],
    step_y: taps.step[0],
    step_x: taps.step[1],
    padded,
    has_bias: bias ? 1 : 0,
  });
  const constants = constantsOf(program, shape);
  const workgroups: [number, number] = [Math.ceil(padded / lanes), blocks];
  const name = `${label}: pack weights`;
  const source = constants.WHOLE ? { weight_vectors: weights } : { weights };
  if (!transposed) {
    const bindings = { params, ...source, bias: bias ?? weights, packed: tensor };
    program.dispatch(weightKernel, "pack", { constants, bindings, workgroups, label: name });
  } else if (constants.WHOLE && used === shape.kernel[0] * shape.kernel[1]) {
    program.dispatch(weightKernel, "turn", {
      constants,
      bindings: { params, weight_vectors: weights, packed: tensor },
      workgroups: [Math.ceil(padded / 4 / lanes), blocks],
      label: name,
    });
  } else {
    program.dispatch(weightKernel, "pack_transposed", {
      constants: { LANES: lanes },
      bindings: { params, weights, packed: tensor },
      workgroups,
      label: name,
    });
  }
  return { tensor, padded };
}

/** Most taps that an invocation keeps in registers, four channels wide. */
const MOST_TAPS = 9;

function constantsOf(program: ProgramBuilder, shape: Conv2dShape) {
  const { lanes } = program.device;
  const taps = shape.kernel[0] * shape.kernel[1];
  const whole = shape.channels % 4 === 0 && (shape.positions ?? 1) === 1 && taps <= MOST_TAPS;
  return whole ? { LANES: lanes, WHOLE: true, TAPS: taps } : { LANES: lanes, WHOLE: false };
}

/** Partial sums `[share][row][column]` of vec4s; row = output channel, column = block and tap. */
export interface PartialGradient {
  tensor: PlannedTensor;
  shares: number;
  rows: number;
  columns: number;
}

/** Adds partial sums share by share into a gradient in PyTorch's order. */
export function collectWeightGradient(program: ProgramBuilder, work: {
  partial: PartialGradient;
  weightGradient: Operand;
  shape: Conv2dShape;
  accumulate: boolean;
  label: string;
}): void {
  const { partial, weightGradient, shape, accumulate, label } = work;
  const { lanes } = program.device;
  const taps = shape.kernel[0] * shape.kernel[1];
  const params = fixedParams(program.device, weightKernel, {
    ...weightParams(shape),
    shares: partial.shares,
    share_stride: partial.rows * partial.columns,
    row_stride: partial.columns,
    accumulate: accumulate ? 1 : 0,
  });
  const constants = constantsOf(program, shape);
  const items = shape.outChannels * inputBlocks(shape) * (constants.WHOLE ? 1 : taps);
  const target = constants.WHOLE
    ? { gradient_vectors: weightGradient }
    : { gradient: weightGradient };
  program.dispatch(weightKernel, "collect", {
    constants,
    bindings: { params, partial: partial.tensor, ...target },
    workgroups: folded(program.device, Math.ceil(items / lanes)),
    label: `${label}: collect`,
  });
}

function weightParams(shape: Conv2dShape) {
  return {
    out_channels: shape.outChannels,
    in_channels: shape.channels,
    positions: shape.positions ?? 1,
    taps_x: shape.kernel[1],
    taps: shape.kernel[0] * shape.kernel[1],
  };
}
