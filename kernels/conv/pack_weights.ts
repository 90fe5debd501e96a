/** Copies weights into the order that the implicit GEMM reads. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { Operand, PlannedTensor, ProgramBuilder } from "../../src/gpu/program.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import source from "./pack_weights.wgsl" with { type: "text" };
import type { Taps } from "./grid.ts";
import { type ConvShape, inputBlocks, volume } from "./shape.ts";

const packKernel = defineKernel({
  name: "conv/pack_weights",
  source,
  constants: ["LANES"],
  params: {
    out_channels: "u32",
    in_blocks: "u32",
    kernel_height: "u32",
    kernel_width: "u32",
    kernel_taps: "u32",
    taps: "u32",
    taps_y: "u32",
    taps_x: "u32",
    first_z: "i32",
    first_y: "i32",
    first_x: "i32",
    step_z: "i32",
    step_y: "i32",
    step_x: "i32",
    padded_channels: "u32",
    has_bias: "u32",
  },
  entries: {
    pack: { params: "uniform", weights: "read", bias: "read", packed: "read_write" },
    pack_transposed: { params: "uniform", weights: "read", packed: "read_write" },
  },
});

export interface PackedWeights {
  tensor: PlannedTensor;
  /** Channels of the output, padded. */
  channels: number;
}

/** Invocations of a workgroup. */
const LANES = 64;

/**
 * Packs weights into vec4s of four reduced channels, `[tap][block][channel]`, then the bias.
 *
 * @param transposed for the data gradient: reduces over output channels
 * @param multiple the number of channels is padded to a multiple of it
 */
export function packWeights(program: ProgramBuilder, work: {
  weights: Operand;
  bias?: Operand;
  shape: ConvShape;
  taps: Taps;
  transposed: boolean;
  multiple: number;
  label: string;
}): PackedWeights {
  const { weights, bias, shape, taps, transposed, multiple, label } = work;
  const inBlocks = inputBlocks(shape);
  const blocks = transposed ? Math.ceil(shape.outChannels / 4) : inBlocks;
  const channels = Math.ceil((transposed ? inBlocks * 4 : shape.outChannels) / multiple) * multiple;
  const tapCount = volume(taps.count);
  const packed = program.tensor(
    `${label} weights`,
    (tapCount * blocks * channels + channels / 4) * 16,
  );
  const params = fixedParams(program.device, packKernel, {
    out_channels: shape.outChannels,
    in_blocks: inBlocks,
    kernel_height: shape.kernel[1],
    kernel_width: shape.kernel[2],
    kernel_taps: volume(shape.kernel),
    taps: tapCount,
    taps_y: taps.count[1],
    taps_x: taps.count[2],
    first_z: taps.first[0],
    first_y: taps.first[1],
    first_x: taps.first[2],
    step_z: taps.step[0],
    step_y: taps.step[1],
    step_x: taps.step[2],
    padded_channels: channels,
    has_bias: bias ? 1 : 0,
  });
  const dispatch = {
    constants: { LANES },
    bindings: { params, weights, packed },
    workgroups: [Math.ceil(channels / LANES), blocks],
    label: `${label}: pack weights`,
  } as const;
  if (transposed) {
    program.dispatch(packKernel, "pack_transposed", dispatch);
  } else {
    const bindings = { ...dispatch.bindings, bias: bias ?? weights };
    program.dispatch(packKernel, "pack", { ...dispatch, bindings });
  }
  return { tensor: packed, channels };
}
