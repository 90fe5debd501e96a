/** Weights for the tiled convolutions, and the sum of partial weight gradients. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, PlannedTensor, ProgramBuilder } from "../../src/gpu/program.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import { type Conv2dShape, inputBlocks, type Taps, weightShape } from "./shape.ts";
import source from "./pack_weights.wgsl" with { type: "text" };
import { folded, laneCount } from "../tensors.ts";
import { tiledCount } from "./weight_layout.ts";

const weightKernel = defineKernel({
  name: "conv2d_weights",
  source,
  constants: ["LANES", "ACCUMULATE", "RAGGED"],
  params: {
    out_channels: "u32",
    in_blocks: "u32",
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
    in_channels: "u32",
    positions: "u32",
    vectors: "u32",
    shares: "u32",
  },
  entries: {
    pack: { params: "uniform", weights: "read", bias: "read", packed: "read_write" },
    pack_transposed: { params: "uniform", weights: "read", packed: "read_write" },
    collect: { params: "uniform", partial: "read", gradient: "read_write" },
  },
});

export interface PackedWeights {
  tensor: PlannedTensor;
  /** Channels of the output, padded to whole tiles. */
  padded: number;
}

/** Invocations of a workgroup that packs. */
const LANES = 64;

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
  const inBlocks = inputBlocks(shape);
  const blocks = transposed ? Math.ceil(shape.outChannels / 4) : inBlocks;
  const padded = Math.ceil((transposed ? inBlocks * 4 : shape.outChannels) / tile) * tile;
  const used = taps.count[0] * taps.count[1];
  const packed = program.tensor(`${label} weights`, (used * blocks * padded + padded / 4) * 16);
  const params = fixedParams(program.device, weightKernel, {
    out_channels: shape.outChannels,
    in_blocks: inBlocks,
    taps_x: shape.kernel[1],
    taps: shape.kernel[0] * shape.kernel[1],
    used_x: taps.count[1],
    used,
    first_y: taps.first[0],
    first_x: taps.first[1],
    step_y: taps.step[0],
    step_x: taps.step[1],
    padded,
    has_bias: bias ? 1 : 0,
  });
  const dispatch = {
    constants: { LANES },
    bindings: { params, weights, packed },
    workgroups: [Math.ceil(padded / LANES), blocks],
    label: `${label}: pack weights`,
  } as const;
  if (transposed) {
    program.dispatch(weightKernel, "pack_transposed", dispatch);
  } else {
    const bindings = { ...dispatch.bindings, bias: bias ?? weights };
    program.dispatch(weightKernel, "pack", { ...dispatch, bindings });
  }
  return { tensor: packed, padded };
}

/**
 * Computes a weight gradient share by share and adds the shares in order. A single one that replaces
 * what stands there is written in place, unless channels are padding: activations may hold anything
 * there, while weights stay zero.
 *
 * @param compute records the kernel that writes every share, `[share]` of the weights' own order
 */
export function recordShares(program: ProgramBuilder, work: {
  shares: number;
  weightGradient: Operand;
  shape: Conv2dShape;
  accumulate: boolean;
  label: string;
}, compute: (partial: Operand) => void): void {
  const { shares, weightGradient, shape, accumulate, label } = work;
  const { outChannels, channels, positions = 1, taps } = weightShape(shape);
  const ragged = outChannels % 4 > 0 || channels % 4 > 0;
  if (shares === 1 && !accumulate && !ragged) {
    compute(weightGradient);
    return;
  }
  const vectors = tiledCount(weightShape(shape)) / 4;
  const partial = program.tensor(`${label} shares`, shares * vectors * 16);
  compute(partial);
  const lanes = laneCount(program.device);
  program.dispatch(weightKernel, "collect", {
    constants: { LANES: lanes, ACCUMULATE: accumulate, RAGGED: ragged },
    bindings: {
      params: fixedParams(program.device, weightKernel, {
        out_channels: outChannels,
        in_channels: channels,
        in_blocks: inputBlocks(shape),
        positions,
        taps,
        vectors,
        shares,
      }),
      partial,
      gradient: weightGradient,
    },
    workgroups: folded(program.device, Math.ceil(vectors / lanes)),
    label: `${label}: collect`,
  });
}
