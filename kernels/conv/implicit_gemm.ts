/** Convolutions on GPUs: implicit GEMM through workgroup memory, within WebGPU's default limits. */
import { defineKernel } from "../../src/gpu/kernel.ts";
import { kernelTable } from "../../src/gpu/tuning.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import { folded } from "../tensors.ts";
import source from "./implicit_gemm.wgsl" with { type: "text" };
import gradientSource from "./implicit_gemm_weight_gradient.wgsl" with { type: "text" };
import { type ConvolutionVariant, gridParams, gridParamValues } from "./grid.ts";
import { packWeights } from "./pack_weights.ts";
import {
  convOutput,
  inputBlocks,
  isVolume,
  volume,
  weightGradientParams,
  weightGradientParamValues,
  type WeightGradientVariant,
} from "./shape.ts";
import { partialsFor, sumPartials } from "./sum_partials.ts";

const convolutionKernel = defineKernel({
  name: "conv/implicit_gemm",
  source,
  constants: ["TILE_PIXELS", "TILE_CHANNELS", "VOLUME"],
  params: { ...gridParams, padded_channels: "u32" },
  entries: {
    main: { params: "uniform", input: "read", weights: "read", output: "read_write" },
  },
});

const weightGradientKernel = defineKernel({
  name: "conv/implicit_gemm_weight_gradient",
  source: gradientSource,
  constants: ["VOLUME"],
  params: { ...weightGradientParams, pixels: "u32", slice_pixels: "u32" },
  entries: {
    main: { params: "uniform", input: "read", out_gradient: "read", partials: "read_write" },
  },
});

export const implicitGemmConvolution: ConvolutionVariant = (
  program,
  { input, weights, bias, output, shape, grids, transposed, label },
) => {
  const { gemmPixels, gemmChannels } = kernelTable(program.device);
  for (const grid of grids) {
    const packed = packWeights(program, {
      weights,
      bias,
      shape,
      taps: grid.taps,
      transposed,
      multiple: gemmChannels,
      label,
    });
    const pixels = grid.images * volume(grid.size);
    const [across, deep] = folded(program.device, Math.ceil(pixels / gemmPixels));
    program.dispatch(convolutionKernel, "main", {
      constants: {
        TILE_PIXELS: gemmPixels,
        TILE_CHANNELS: gemmChannels,
        VOLUME: isVolume(shape),
      },
      bindings: {
        params: fixedParams(program.device, convolutionKernel, {
          ...gridParamValues(grid),
          padded_channels: packed.channels,
        }),
        input,
        weights: packed.tensor,
        output,
      },
      workgroups: [across, packed.channels / gemmChannels, deep],
      label,
    });
  }
};

/** Blocks of four channels along each side of a tile; a constant of the kernel. */
const TILE_BLOCKS = 16;

/** dW, from slices of the pixels. */
export const implicitGemmWeightGradient: WeightGradientVariant = (program, work) => {
  const { input, outGradient, shape, label } = work;
  const inBlocks = inputBlocks(shape);
  const outBlocks = Math.ceil(shape.outChannels / 4);
  const across = Math.ceil(inBlocks * volume(shape.kernel) / TILE_BLOCKS);
  const down = Math.ceil(outBlocks / TILE_BLOCKS);
  const pixels = shape.images * volume(convOutput(shape));
  const wanted = Math.ceil(kernelTable(program.device).weightGradientWorkgroups / (across * down));
  const slicePixels = Math.ceil(pixels / Math.max(1, Math.min(wanted, pixels / 128)));
  const slices = Math.ceil(pixels / slicePixels);
  const partials = partialsFor(program, work, slices);
  program.dispatch(weightGradientKernel, "main", {
    constants: { VOLUME: isVolume(shape) },
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
