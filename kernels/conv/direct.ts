/** Convolutions on software adapters: operands as textures, large register tiles, no shared memory. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type { ProgramBuilder } from "../../src/gpu/program.ts";
import { kernelTable } from "../../src/gpu/tuning.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import source from "./direct.wgsl" with { type: "text" };
import gradientSource from "./direct_weight_gradient.wgsl" with { type: "text" };
import { type Axis, folded } from "../tensors.ts";
import type { ConvolutionGrid, ConvolutionVariant } from "./grid.ts";
import {
  convInput,
  convOutput,
  inputBlocks,
  isVolume,
  volume,
  weightGradientParams,
  weightGradientParamValues,
  type WeightGradientVariant,
} from "./shape.ts";
import { partialsFor, sumPartials } from "./sum_partials.ts";
import { paddedTexels, pixelTile, tileCost } from "../texels.ts";

const convolutionKernel = defineKernel({
  name: "conv/direct",
  source,
  constants: ["LANES", "PIXELS", "OUT_CHANNELS", "LANES_ALONG_CHANNELS", "TRANSPOSED", "VOLUME"],
  params: {
    images: "u32",
    grid_depth: "u32",
    grid_height: "u32",
    grid_width: "u32",
    in_blocks: "u32",
    in_depth: "u32",
    in_height: "u32",
    in_width: "u32",
    in_start_z: "i32",
    in_start_y: "i32",
    in_start_x: "i32",
    stride_z: "u32",
    stride_y: "u32",
    stride_x: "u32",
    out_blocks: "u32",
    out_depth: "u32",
    out_height: "u32",
    out_width: "u32",
    out_start_z: "u32",
    out_start_y: "u32",
    out_start_x: "u32",
    out_stride_z: "u32",
    out_stride_y: "u32",
    out_stride_x: "u32",
    taps_z: "u32",
    taps_y: "u32",
    taps_x: "u32",
    out_channels: "u32",
    has_bias: "u32",
    weights_first: "u32",
    weight_taps: "u32",
    first_tap: "i32",
    tap_step_x: "i32",
    tap_step_y: "i32",
    tap_step_z: "i32",
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
  name: "conv/direct_weight_gradient",
  source: gradientSource,
  constants: ["LANES", "OUT_BLOCKS", "ONE_TAP", "LANES_ALONG_SLICES", "VOLUME"],
  params: { ...weightGradientParams, images: "u32", slices: "u32", column_groups: "u32" },
  entries: {
    main: {
      params: "uniform",
      input: "texture_read",
      out_gradient: "texture_read",
      partials: "read_write",
    },
  },
});

export const directConvolution: ConvolutionVariant = (
  program,
  { input, weights, bias, output, shape, grids, transposed, label },
) => {
  const { images, inBlocks, inSize } = grids[0];
  const inputTexels = paddedTexels(program, input, images * inBlocks * volume(inSize));
  const packed = program.texelsWithin(weights);
  const { kernel } = shape;
  const { subgroupSize: lanes } = program.device;
  for (const grid of grids) {
    const { taps } = grid;
    const { pixels, channels, alongChannels, workgroups } = chooseTile(program, grid);
    program.dispatch(convolutionKernel, "main", {
      constants: {
        LANES: lanes,
        PIXELS: pixels,
        OUT_CHANNELS: channels,
        LANES_ALONG_CHANNELS: alongChannels,
        TRANSPOSED: transposed,
        VOLUME: isVolume(shape),
      },
      bindings: {
        params: fixedParams(program.device, convolutionKernel, {
          images: grid.images,
          grid_depth: grid.size[0],
          grid_height: grid.size[1],
          grid_width: grid.size[2],
          in_blocks: grid.inBlocks,
          in_depth: grid.inSize[0],
          in_height: grid.inSize[1],
          in_width: grid.inSize[2],
          in_start_z: grid.inStart[0],
          in_start_y: grid.inStart[1],
          in_start_x: grid.inStart[2],
          stride_z: grid.stride[0],
          stride_y: grid.stride[1],
          stride_x: grid.stride[2],
          out_blocks: grid.outBlocks,
          out_depth: grid.outSize[0],
          out_height: grid.outSize[1],
          out_width: grid.outSize[2],
          out_start_z: grid.outStart[0],
          out_start_y: grid.outStart[1],
          out_start_x: grid.outStart[2],
          out_stride_z: grid.outStride[0],
          out_stride_y: grid.outStride[1],
          out_stride_x: grid.outStride[2],
          taps_z: grid.taps.count[0],
          taps_y: grid.taps.count[1],
          taps_x: grid.taps.count[2],
          out_channels: transposed ? shape.channels : shape.outChannels,
          has_bias: bias ? 1 : 0,
          weights_first: packed.first,
          weight_taps: volume(kernel),
          first_tap: (taps.first[0] * kernel[1] + taps.first[1]) * kernel[2] + taps.first[2],
          tap_step_x: taps.step[2],
          tap_step_y: taps.step[1] * kernel[2],
          tap_step_z: taps.step[0] * kernel[1] * kernel[2],
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
};

/** How a grid is split: the register tile of an invocation, and what the lanes run along. */
interface Tile {
  pixels: number;
  channels: number;
  alongChannels: boolean;
  workgroups: [number, number, number];
}

/**
 * The table's channels, halved for few; pixels to fit the grid; lanes along channels where leaving out
 * taps in the padding, or the end of a grid that fills no tile, saves a tenth.
 */
function chooseTile(program: ProgramBuilder, grid: ConvolutionGrid): Tile {
  const { subgroupSize: lanes } = program.device;
  const { directChannels } = kernelTable(program.device);
  const outChannels = grid.outBlocks * 4;
  const channels = outChannels <= directChannels / 2 ? directChannels / 2 : directChannels;
  const places = volume(grid.size);
  const pixels = pixelTile(lanes, grid.images * places, channels);
  const groups = Math.ceil(grid.images * places / (lanes * pixels));
  const channelGroups = Math.ceil(outChannels / channels);
  const images = pixelTile(1, grid.images, channels);
  const imageGroups = Math.ceil(grid.images / images);
  const laneGroups = Math.ceil(outChannels / (lanes * channels));
  const alongPixels = groups * channelGroups * volume(grid.taps.count) *
    tileCost(pixels, channels);
  const alongChannels = imageGroups * laneGroups *
    ([0, 1, 2] as const).reduce<number>((taps, axis) => taps * countValidTaps(grid, axis), 1) *
    tileCost(images, channels);
  const { maxComputeWorkgroupsPerDimension } = program.device.limits;
  if (
    alongChannels < 0.9 * alongPixels &&
    places * imageGroups <= maxComputeWorkgroupsPerDimension
  ) {
    return {
      pixels: images,
      channels,
      alongChannels: true,
      workgroups: [places * imageGroups, laneGroups, 1],
    };
  }
  const [across, deep] = folded(program.device, groups);
  return { pixels, channels, alongChannels: false, workgroups: [across, channelGroups, deep] };
}

/** Pairs of a grid pixel and a tap along one axis that do not fall into the padding. */
function countValidTaps(grid: ConvolutionGrid, axis: Axis): number {
  const count = grid.size[axis], size = grid.inSize[axis];
  let valid = 0;
  for (let place = 0; place < count; place++) {
    const first = place * grid.stride[axis] + grid.inStart[axis];
    valid += Math.max(0, Math.min(grid.taps.count[axis], size - first) - Math.max(0, -first));
  }
  return valid;
}

/** Columns that an invocation of the weight gradient keeps, and pixels of a step: of the kernel. */
const COLUMNS = 4, STEP = 4;

/** dW, from slices of the pixels. */
export const directWeightGradient: WeightGradientVariant = (program, work) => {
  const { input, outGradient, shape, label } = work;
  const { subgroupSize: lanes } = program.device;
  const outPixels = volume(convOutput(shape));
  const inBlocks = inputBlocks(shape);
  const outBlocks = Math.ceil(shape.outChannels / 4);
  const columnGroups = Math.ceil(inBlocks * volume(shape.kernel) / COLUMNS);
  const groupBlocks = outBlocks <= 2 ? 2 : 4;
  const invocations = columnGroups * Math.ceil(outBlocks / groupBlocks);
  const workgroups = Math.ceil(invocations / lanes);
  const pixels = shape.images * outPixels;
  // Lanes that share columns each take a slice: they fill where columns would not.
  const few = invocations < 0.6 * workgroups * lanes && pixels >= 64 * lanes;
  const sliceLanes = few ? lanes : 1;
  const { weightGradientWorkgroups } = kernelTable(program.device);
  // Volumes are long enough to be cut finer.
  const wanted = few && isVolume(shape)
    ? Math.ceil(weightGradientWorkgroups / invocations) * lanes
    : Math.ceil(weightGradientWorkgroups / workgroups);
  const slicePixels = Math.ceil(pixels / Math.max(1, Math.min(wanted, pixels / 64)) / STEP) * STEP;
  const slices = Math.ceil(pixels / slicePixels);
  const sliceGroups = Math.ceil(slices / sliceLanes);
  const padded = shape.padding.some((pad) => pad > 0);
  const inTexels = shape.images * inBlocks * volume(convInput(shape));
  const outTexels = shape.images * outBlocks * outPixels;
  // Lanes without a slice write zeros behind the others.
  const partials = partialsFor(program, work, sliceGroups * sliceLanes);
  program.dispatch(weightGradientKernel, "main", {
    constants: {
      LANES: lanes,
      OUT_BLOCKS: groupBlocks,
      ONE_TAP: padded && inBlocks % (lanes * COLUMNS) === 0,
      LANES_ALONG_SLICES: few,
      VOLUME: isVolume(shape),
    },
    bindings: {
      params: fixedParams(program.device, weightGradientKernel, {
        ...weightGradientParamValues(shape),
        images: shape.images,
        slices,
        column_groups: columnGroups,
      }),
      input: paddedTexels(program, input, inTexels),
      out_gradient: paddedTexels(program, outGradient, outTexels),
      partials,
    },
    workgroups: [few ? invocations : workgroups, sliceGroups],
    label,
  });
  sumPartials(program, partials, work, slices);
};
