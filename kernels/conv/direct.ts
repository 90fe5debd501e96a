/** Convolutions on software adapters: operands as texels, large register tiles, no shared memory. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { ProgramBuilder } from "../../src/gpu/program.ts";
import { kernelTable } from "../../src/gpu/tuning.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import {
  conv2dOutput,
  type ConvolutionGrid,
  type ConvolutionVariant,
  gradientParams,
  gridParams,
  inputBlocks,
  type WeightGradientVariant,
} from "./shape.ts";
import source from "./direct.wgsl" with { type: "text" };
import gradientSource from "./direct_weight_gradient.wgsl" with { type: "text" };
import { recordShares } from "./pack_weights.ts";
import { paddedTexels, pixelTile, tileCost } from "../texels.ts";

const convolutionKernel = defineKernel({
  name: "conv2d_texel",
  source,
  constants: ["LANES", "PIXELS", "OUT_CHANNELS", "LANES_ALONG_CHANNELS", "TRANSPOSED"],
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
    has_bias: "u32",
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
  constants: ["LANES", "ONE_TAP"],
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
    images: "u32",
    shares: "u32",
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
      const { pixels, channels, alongChannels, workgroups } = tile(program, grid);
      const { lanes } = program.device;
      program.dispatch(convolutionKernel, "main", {
        constants: {
          LANES: lanes,
          PIXELS: pixels,
          OUT_CHANNELS: channels,
          LANES_ALONG_CHANNELS: alongChannels,
          TRANSPOSED: transposed,
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
            has_bias: bias ? 1 : 0,
          }),
          input: inputTexels,
          weights: packed.texture,
          bias: bias ?? weights,
          output,
        },
        workgroups,
        label,
      });
    }
  },
};

/** How a grid is split: the register tile of an invocation, and what the lanes run along. */
interface Tile {
  pixels: number;
  channels: number;
  alongChannels: boolean;
  workgroups: [number, number];
}

/**
 * The table's channels, halved for few; pixels to fit the grid; lanes along channels where leaving out
 * taps in the padding, or the end of a grid that fills no tile, saves a tenth.
 */
function tile(program: ProgramBuilder, grid: ConvolutionGrid): Tile {
  const { lanes } = program.device;
  const { texelChannels } = kernelTable(program.device);
  const outChannels = grid.outBlocks * 4;
  const channels = outChannels <= texelChannels / 2 ? texelChannels / 2 : texelChannels;
  const places = grid.rows * grid.columns;
  const pixels = pixelTile(lanes, grid.images * places, channels);
  const groups = Math.ceil(grid.images * places / (lanes * pixels));
  const channelGroups = Math.ceil(outChannels / channels);
  const images = pixelTile(1, grid.images, channels);
  const imageGroups = Math.ceil(grid.images / images);
  const laneGroups = Math.ceil(outChannels / (lanes * channels));
  const alongPixels = groups * channelGroups * grid.taps[0] * grid.taps[1] *
    tileCost(pixels, channels);
  const alongChannels = imageGroups * laneGroups * tapsInside(grid, 0) * tapsInside(grid, 1) *
    tileCost(images, channels);
  return alongChannels < 0.9 * alongPixels
    ? {
      pixels: images,
      channels,
      alongChannels: true,
      workgroups: [places * imageGroups, laneGroups],
    }
    : { pixels, channels, alongChannels: false, workgroups: [groups, channelGroups] };
}

/** Pairs of an output place and a tap along one axis that do not fall into the padding. */
function tapsInside(grid: ConvolutionGrid, axis: 0 | 1): number {
  const count = axis === 0 ? grid.rows : grid.columns;
  const size = axis === 0 ? grid.inHeight : grid.inWidth;
  let inside = 0;
  for (let place = 0; place < count; place++) {
    const first = place * grid.stride[axis] + grid.start[axis];
    inside += Math.max(0, Math.min(grid.taps[axis], size - first) - Math.max(0, -first));
  }
  return inside;
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
  const padded = shape.padding.some((pad) => pad > 0);
  const inTexels = shape.images * inBlocks * shape.height * shape.width;
  const outTexels = shape.images * outBlocks * outHeight * outWidth;
  recordShares(
    program,
    { ...work, shares },
    (partial) =>
      program.dispatch(weightGradientKernel, "main", {
        constants: { LANES: lanes, ONE_TAP: padded && inBlocks % (lanes * COLUMNS) === 0 },
        bindings: {
          params: fixedParams(program.device, weightGradientKernel, {
            ...gradientParams(shape),
            images: shape.images,
            shares,
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
