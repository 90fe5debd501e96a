/** Convolutions on software adapters: operands as texels, large register tiles, no shared memory. */
import { defineKernel } from "../src/gpu/kernel.ts";
import type { ProgramBuilder } from "../src/gpu/program.ts";
import { kernelTable } from "../src/gpu/tuning.ts";
import { fixedParams } from "../src/gpu/uniforms.ts";
import {
  conv2dOutput,
  type ConvolutionGrid,
  type ConvolutionVariant,
  gradientParams,
  gridParams,
  inputBlocks,
  type WeightGradientVariant,
} from "./conv2d_shape.ts";
import source from "./conv2d_texel.wgsl" with { type: "text" };
import gradientSource from "./conv2d_weight_gradient_texel.wgsl" with { type: "text" };
import { recordShares } from "./conv2d_weights.ts";
import { paddedTexels, pixelTile } from "./texels.ts";

const convolutionKernel = defineKernel({
  name: "conv2d_texel",
  source,
  constants: ["LANES", "PIXELS", "OUT_CHANNELS", "TRANSPOSED", "BIAS"],
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
    out_channels: "u32",
    weights_first: "u32",
    weight_taps: "u32",
    first_tap: "i32",
    tap_step_x: "i32",
    tap_step_y: "i32",
  },
  entries: {
    main: {
      params: "uniform",
      input: "texture_read",
      weights: "texture_read",
      bias: "read",
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
    const packed = program.texelsWithin(weights);
    const { outChannels, kernel } = shape;
    for (const { grid, taps } of parts) {
      const { pixels, channels } = tile(program, grid);
      const gridPixels = images * grid.rows * grid.columns;
      const { lanes } = program.device;
      program.dispatch(convolutionKernel, "main", {
        constants: {
          LANES: lanes,
          PIXELS: pixels,
          OUT_CHANNELS: channels,
          TRANSPOSED: transposed,
          BIAS: bias !== undefined,
        },
        bindings: {
          params: fixedParams(program.device, convolutionKernel, {
            ...gridParams(grid),
            out_channels: outChannels,
            weights_first: packed.first,
            weight_taps: kernel[0] * kernel[1],
            first_tap: taps.first[0] * kernel[1] + taps.first[1],
            tap_step_x: taps.step[1],
            tap_step_y: taps.step[0] * kernel[1],
          }),
          input: inputTexels,
          weights: packed.texture,
          ...(bias && { bias }),
          output,
        },
        workgroups: [
          Math.ceil(gridPixels / (lanes * pixels)),
          Math.ceil(grid.outBlocks * 4 / channels),
        ],
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

/** dW, from shares of the pixels. */
export const texelWeightGradient: WeightGradientVariant = (program, work) => {
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
  const inTexels = shape.images * inBlocks * shape.height * shape.width;
  const outTexels = shape.images * outBlocks * outHeight * outWidth;
  recordShares(
    program,
    { ...work, shares },
    (partial) =>
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
          partial,
        },
        workgroups: [workgroups, shares],
        label,
      }),
  );
};
