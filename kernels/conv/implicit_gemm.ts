/** Convolutions on GPUs: implicit GEMM tiled through workgroup memory, within default limits. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import { kernelTable } from "../../src/gpu/tuning.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import {
  conv2dOutput,
  type ConvolutionVariant,
  gradientParams,
  gridParams,
  inputBlocks,
  type WeightGradientVariant,
} from "./shape.ts";
import source from "./implicit_gemm.wgsl" with { type: "text" };
import gradientSource from "./implicit_gemm_weight_gradient.wgsl" with { type: "text" };
import { packWeights, recordShares } from "./pack_weights.ts";
import { folded } from "../tensors.ts";

const convolutionKernel = defineKernel({
  name: "conv2d_tiled",
  source,
  constants: ["TILE_PIXELS", "TILE_CHANNELS"],
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
    main: { params: "uniform", input: "read", weights: "read", output: "read_write" },
  },
});

const weightGradientKernel = defineKernel({
  name: "conv2d_weight_gradient_tiled",
  source: gradientSource,
  constants: [],
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
  },
  entries: {
    main: { params: "uniform", input: "read", out_gradient: "read", partial: "read_write" },
  },
});

export const tiledConvolution: ConvolutionVariant = {
  convolve(program, { input, weights, bias, output, shape, parts, transposed, label }) {
    const { tiledPixels, tiledChannels } = kernelTable(program.device);
    for (const { grid, taps } of parts) {
      const work = { weights, bias, shape, taps, transposed, tile: tiledChannels, label };
      const packed = packWeights(program, work);
      const pixels = grid.images * grid.rows * grid.columns;
      const [across, deep] = folded(program.device, Math.ceil(pixels / tiledPixels));
      program.dispatch(convolutionKernel, "main", {
        constants: { TILE_PIXELS: tiledPixels, TILE_CHANNELS: tiledChannels },
        bindings: {
          params: fixedParams(program.device, convolutionKernel, {
            ...gridParams(grid),
            padded_channels: packed.padded,
          }),
          input,
          weights: packed.tensor,
          output,
        },
        workgroups: [across, packed.padded / tiledChannels, deep],
        label,
      });
    }
  },
};

/** Blocks of four channels along each side of a tile; a constant of the kernel. */
const TILE_BLOCKS = 16;

/** dW, from shares of the pixels. */
export const tiledWeightGradient: WeightGradientVariant = (program, work) => {
  const { input, outGradient, shape, label } = work;
  const [outHeight, outWidth] = conv2dOutput(shape);
  const inBlocks = inputBlocks(shape);
  const outBlocks = Math.ceil(shape.outChannels / 4);
  const across = Math.ceil(inBlocks * shape.kernel[0] * shape.kernel[1] / TILE_BLOCKS);
  const down = Math.ceil(outBlocks / TILE_BLOCKS);
  const pixels = shape.images * outHeight * outWidth;
  const wanted = Math.ceil(kernelTable(program.device).weightGradientWorkgroups / (across * down));
  const share = Math.ceil(pixels / Math.max(1, Math.min(wanted, pixels / 128)));
  const shares = Math.ceil(pixels / share);
  recordShares(
    program,
    { ...work, shares },
    (partial) =>
      program.dispatch(weightGradientKernel, "main", {
        bindings: {
          params: fixedParams(program.device, weightGradientKernel, {
            ...gradientParams(shape),
            pixels,
            share,
          }),
          input,
          out_gradient: outGradient,
          partial,
        },
        workgroups: [across, down, shares],
        label,
      }),
  );
};
