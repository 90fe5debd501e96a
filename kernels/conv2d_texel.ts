/** Convolutions on software adapters: operands as texels, large register tiles, no shared memory. */
import { defineKernel } from "../src/gpu/kernel.ts";
import type { Operand, ProgramBuilder } from "../src/gpu/program.ts";
import { kernelTable } from "../src/gpu/tuning.ts";
import { fixedParams } from "../src/gpu/uniforms.ts";
import {
  conv2dOutput,
  type Conv2dShape,
  type ConvolutionGrid,
  type ConvolutionVariant,
  gradientParams,
  gridParams,
  inputBlocks,
} from "./conv2d_shape.ts";
import source from "./conv2d_texel.wgsl" with { type: "text" };
import gradientSource from "./conv2d_weight_gradient_texel.wgsl" with { type: "text" };
import { packWeights, type PartialGradient } from "./conv2d_weights.ts";
import { paddedTexels, pixelTile, plainTexels } from "./texels.ts";

const convolutionKernel = defineKernel({
  name: "conv2d_texel",
  source,
  constants: ["LANES", "PIXELS", "OUT_CHANNELS"],
  params: {
    images: "u32",
    in_blocks: "u32",
    in_height: "u32",
    in_width: "u32",
    rows: "u32",
    columns: "u32",
    taps_y: "u32",
    taps_x: "u32",
    stride_y: "u32",
    stride_x: "u32",
    start_y: "i32",
    start_x: "i32",
    out_blocks: "u32",
    out_height: "u32",
    out_width: "u32",
    out_stride_y: "u32",
    out_stride_x: "u32",
    out_start_y: "u32",
    out_start_x: "u32",
    padded_channels: "u32",
  },
  entries: {
    main: {
      params: "uniform",
      input: "texture_read",
      weights: "texture_read",
      output: "read_write",
    },
  },
});

const weightGradientKernel = defineKernel({
  name: "conv2d_weight_gradient_texel",
  source: gradientSource,
  constants: ["LANES"],
  params: {
    in_blocks: "u32",
    in_height: "u32",
    in_width: "u32",
    out_blocks: "u32",
    out_height: "u32",
    out_width: "u32",
    taps_y: "u32",
    taps_x: "u32",
    stride_y: "u32",
    stride_x: "u32",
    pad_y: "u32",
    pad_x: "u32",
    pixels: "u32",
    share: "u32",
    column_groups: "u32",
  },
  entries: {
    main: {
      params: "uniform",
      input: "texture_read",
      out_gradient: "texture_read",
      partial: "read_write",
    },
  },
});

export const texelConvolution: ConvolutionVariant = {
  convolve(program, { input, weights, bias, output, shape, parts, transposed, label }) {
    const { images, inBlocks, inHeight, inWidth } = parts[0].grid;
    const texels = images * inBlocks * inHeight * inWidth;
    const inputTexels = paddedTexels(program, input, texels);
    for (const { grid, taps } of parts) {
      const { pixels, channels } = tile(program, grid);
      const work = { weights, bias, shape, taps, transposed, tile: channels, label };
      const packed = packWeights(program, work);
      const gridPixels = images * grid.rows * grid.columns;
      const { lanes } = program.device;
      program.dispatch(convolutionKernel, "main", {
        constants: { LANES: lanes, PIXELS: pixels, OUT_CHANNELS: channels },
        bindings: {
          params: fixedParams(program.device, convolutionKernel, gridParams(grid, packed.padded)),
          input: inputTexels,
          weights: plainTexels(program, packed.tensor, `${label} weights`),
          output,
        },
        workgroups: [Math.ceil(gridPixels / (lanes * pixels)), packed.padded / channels],
        label,
      });
    }
  },
};

/** Register tile of an invocation: the table's channels, halved for few; pixels to fit the grid. */
function tile(
  program: ProgramBuilder,
  grid: ConvolutionGrid,
): { pixels: number; channels: number } {
  const { texelChannels } = kernelTable(program.device);
  const narrow = grid.outBlocks * 4 <= texelChannels / 2;
  const channels = narrow ? texelChannels / 2 : texelChannels;
  const count = grid.images * grid.rows * grid.columns;
  return { pixels: pixelTile(program.device.lanes, count, channels), channels };
}

/** Columns and blocks of output channels an invocation keeps; constants of the kernel. */
const COLUMNS = 4, OUT_BLOCKS = 4, STEP = 4;

/** Partial weight gradients of shares of the pixels. */
export function texelWeightGradient(program: ProgramBuilder, work: {
  input: Operand;
  outGradient: Operand;
  shape: Conv2dShape;
  label: string;
}): PartialGradient {
  const { input, outGradient, shape, label } = work;
  const { lanes } = program.device;
  const [outHeight, outWidth] = conv2dOutput(shape);
  const inBlocks = inputBlocks(shape);
  const outBlocks = Math.ceil(shape.outChannels / 4);
  const columnGroups = Math.ceil(inBlocks * shape.kernel[0] * shape.kernel[1] / COLUMNS);
  const channelGroups = Math.ceil(outBlocks / OUT_BLOCKS);
  const workgroups = Math.ceil(columnGroups * channelGroups / lanes);
  const pixels = shape.images * outHeight * outWidth;
  const wanted = Math.ceil(kernelTable(program.device).weightGradientWorkgroups / workgroups);
  const share = Math.ceil(pixels / Math.max(1, Math.min(wanted, pixels / 64)) / STEP) * STEP;
  const shares = Math.ceil(pixels / share);
  const rows = channelGroups * OUT_BLOCKS * 4;
  const columns = columnGroups * COLUMNS;
  const tensor = program.tensor(`${label} shares`, shares * rows * columns * 16);
  const inTexels = shape.images * inBlocks * shape.height * shape.width;
  const outTexels = shape.images * outBlocks * outHeight * outWidth;
  program.dispatch(weightGradientKernel, "main", {
    constants: { LANES: lanes },
    bindings: {
      params: fixedParams(program.device, weightGradientKernel, {
        ...gradientParams(shape),
        share,
        column_groups: columnGroups,
      }),
      input: paddedTexels(program, input, inTexels),
      out_gradient: paddedTexels(program, outGradient, outTexels),
      partial: tensor,
    },
    workgroups: [workgroups, shares],
    label,
  });
  return { tensor, shares, rows, columns };
}
