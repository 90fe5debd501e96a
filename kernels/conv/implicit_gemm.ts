/** Convolutions on GPUs: implicit GEMM through workgroup memory, within WebGPU's default limits. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import { type KernelTable, kernelTable } from "../../src/gpu/tuning.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import { folded } from "../tensors.ts";
import source from "./implicit_gemm.wgsl" with { type: "text" };
import gradientSource from "./implicit_gemm_weight_gradient.wgsl" with { type: "text" };
import type { ConvolutionGrid, ConvolutionVariant } from "./grid.ts";
import {
  convOutput,
  inputBlocks,
  isVolume,
  volume,
  weightGradientParams,
  weightGradientParamValues,
  type WeightGradientVariant,
  weightShape,
} from "./shape.ts";
import { partialsFor, sumPartials, sumSlices } from "./sum_partials.ts";
import { tiledCount } from "./weight_layout.ts";

const convolutionKernel = defineKernel({
  name: "conv/implicit_gemm",
  source,
  constants: [
    "TILE_PIXELS",
    "TILE_CHANNELS",
    "LANE_PIXELS",
    "PATCH_DOWN",
    "TRANSPOSED",
    "HAS_BIAS",
    "ALIGNED",
    "VOLUME",
  ],
  params: {
    images: "u32",
    in_blocks: "u32",
    in_depth: "u32",
    in_height: "u32",
    in_width: "u32",
    out_blocks: "u32",
    out_depth: "u32",
    out_height: "u32",
    out_width: "u32",
    out_channels: "u32",
    taps_z: "u32",
    taps_y: "u32",
    taps_x: "u32",
    stride_z: "u32",
    stride_y: "u32",
    stride_x: "u32",
    pad_z: "u32",
    pad_y: "u32",
    pad_x: "u32",
    in_step: "u32",
    out_step: "u32",
    parities_z: "u32",
    parities_y: "u32",
    parities_x: "u32",
    pixel_tiles: "u32",
    channel_tiles: "u32",
    slice_entries: "u32",
  },
  entries: {
    main: { params: "uniform", input: "read", weights: "read", bias: "read", output: "read_write" },
  },
});

const weightGradientKernel = defineKernel({
  name: "conv/implicit_gemm_weight_gradient",
  source: gradientSource,
  constants: ["TILE_BLOCKS", "TILE_COLUMNS", "DEPTH", "VOLUME"],
  params: { ...weightGradientParams, pixels: "u32", slice_pixels: "u32" },
  entries: {
    main: { params: "uniform", input: "read", out_gradient: "read", partials: "read_write" },
  },
});

/** Entries of a tile of the reduction; DEPTH of the kernel. */
const DEPTH = 4;

/**
 * A workgroup's pixels and channels of the output, and pixels an invocation: of the table, or for no more than
 * 8, 16 or 32 channels such that each pixel of the tile has an invocation, which loads it.
 */
function tileFor(outBlocks: number, { gemmPixels, gemmChannels, gemmLanePixels }: KernelTable) {
  const narrow = [8, 16, 32].find((channels) => outBlocks * 4 <= channels);
  if (narrow) return { pixels: 64, channels: narrow, lanePixels: narrow / 8 };
  return { pixels: gemmPixels, channels: gemmChannels, lanePixels: gemmLanePixels };
}

/** Least tiles of a slice of a reduction. */
const LEAST_TILES = 8;

export const implicitGemmConvolution: ConvolutionVariant = (
  program,
  { input, weights, bias, output, shape, grids, transposed, label },
) => {
  const { device } = program;
  const table = kernelTable(device);
  const [{ images, inBlocks, inSize, outBlocks, outSize }] = grids;
  const largest = (of: (grid: ConvolutionGrid) => number) => Math.max(...grids.map(of));
  const tile = tileFor(outBlocks, table);
  const pixelTiles = Math.ceil(images * largest(({ size }) => volume(size)) / tile.pixels);
  const channelTiles = Math.ceil(outBlocks * 4 / tile.channels);
  const tiles = Math.ceil(largest(({ taps }) => volume(taps.count)) * inBlocks / DEPTH);
  const workgroups = pixelTiles * grids.length * channelTiles;
  const wanted = Math.min(table.convolutionWorkgroups / workgroups, tiles / LEAST_TILES);
  const sliceTiles = wanted > 1
    ? Math.max(LEAST_TILES, Math.floor(tiles / Math.ceil(wanted)))
    : Math.max(1, tiles);
  const slices = Math.ceil(Math.max(1, tiles) / sliceTiles);
  const taps = volume(shape.kernel);
  const bytes = images * outBlocks * volume(outSize) * 16;
  const partials = slices > 1 ? program.tensor(`${label} partial sums`, slices * bytes) : output;
  const [across, deep] = folded(device, pixelTiles * grids.length);
  program.dispatch(convolutionKernel, "main", {
    constants: {
      TILE_PIXELS: tile.pixels,
      TILE_CHANNELS: tile.channels,
      LANE_PIXELS: tile.lanePixels,
      PATCH_DOWN: Math.min(4, tile.channels / 8),
      TRANSPOSED: transposed,
      HAS_BIAS: bias !== undefined,
      ALIGNED: inBlocks % DEPTH === 0,
      VOLUME: isVolume(shape),
    },
    bindings: {
      params: fixedParams(device, convolutionKernel, {
        images,
        in_blocks: inBlocks,
        in_depth: inSize[0],
        in_height: inSize[1],
        in_width: inSize[2],
        out_blocks: outBlocks,
        out_depth: outSize[0],
        out_height: outSize[1],
        out_width: outSize[2],
        out_channels: transposed ? shape.channels : shape.outChannels,
        taps_z: shape.kernel[0],
        taps_y: shape.kernel[1],
        taps_x: shape.kernel[2],
        stride_z: shape.stride[0],
        stride_y: shape.stride[1],
        stride_x: shape.stride[2],
        pad_z: shape.padding[0],
        pad_y: shape.padding[1],
        pad_x: shape.padding[2],
        in_step: (transposed ? outBlocks : 1) * taps * 4,
        out_step: (transposed ? 1 : inBlocks) * taps * 4,
        parities_z: transposed ? Math.min(shape.stride[0], outSize[0]) : 1,
        parities_y: transposed ? Math.min(shape.stride[1], outSize[1]) : 1,
        parities_x: transposed ? Math.min(shape.stride[2], outSize[2]) : 1,
        pixel_tiles: pixelTiles,
        channel_tiles: channelTiles,
        slice_entries: sliceTiles * DEPTH,
      }),
      input,
      weights,
      bias: bias ?? weights,
      output: partials,
    },
    workgroups: [across, channelTiles * slices, deep],
    label,
  });
  if (slices > 1) {
    sumSlices(program, { partials, sum: output, slices, vectors: bytes / 16, label });
  }
};

/** A workgroup's blocks of four output channels and columns, 2 x 2 an invocation, and pixels at a time. */
function gradientTileFor(outBlocks: number) {
  if (outBlocks <= 4) return { blocks: 4, columns: 32, depth: 8 };
  if (outBlocks <= 8) return { blocks: 8, columns: 16, depth: 8 };
  return { blocks: 16, columns: 16, depth: 16 };
}

/**
 * The slices' sums take at most WebGPU's default limit of a binding, whatever the device's: their number decides on
 * the bits.
 */
const BINDING_BYTES = 2 ** 27;

/** dW, from slices of the pixels. */
export const implicitGemmWeightGradient: WeightGradientVariant = (program, work) => {
  const { input, outGradient, shape, label } = work;
  const inBlocks = inputBlocks(shape);
  const outBlocks = Math.ceil(shape.outChannels / 4);
  const tile = gradientTileFor(outBlocks);
  const across = Math.ceil(inBlocks * volume(shape.kernel) / tile.columns);
  const down = Math.ceil(outBlocks / tile.blocks);
  const pixels = shape.images * volume(convOutput(shape));
  // Workgroups of fewer than 64 invocations in proportion.
  const workgroups = kernelTable(program.device).weightGradientWorkgroups *
    256 / (tile.blocks * tile.columns);
  const wanted = Math.max(
    1,
    Math.min(
      Math.ceil(workgroups / (across * down)),
      pixels / (LEAST_TILES * tile.depth),
      Math.floor(BINDING_BYTES / (tiledCount(weightShape(shape)) * 4)),
    ),
  );
  const slicePixels = Math.ceil(pixels / wanted);
  const slices = Math.ceil(pixels / slicePixels);
  const partials = partialsFor(program, work, slices);
  program.dispatch(weightGradientKernel, "main", {
    constants: {
      TILE_BLOCKS: tile.blocks,
      TILE_COLUMNS: tile.columns,
      DEPTH: tile.depth,
      VOLUME: isVolume(shape),
    },
    bindings: {
      params: fixedParams(program.device, weightGradientKernel, {
        ...weightGradientParamValues(shape),
        pixels,
        slice_pixels: slicePixels,
      }),
      input,
      out_gradient: outGradient,
      partials,
    },
    workgroups: [across, down, slices],
    label,
  });
  sumPartials(program, partials, work, slices);
};
