/**
 * Winograd's F(4x4, 3x3) for 3 x 3 convolutions of stride 1 on software adapters: a quarter of the
 * multiplications, at about eight times the rounding error of the direct form.
 */
import { defineKernel } from "../../src/gpu/kernel.ts";
import type {
  Operand,
  PlannedTensor,
  PlannedTexture,
  ProgramBuilder,
} from "../../src/gpu/program.ts";
import { kernelTable } from "../../src/gpu/tuning.ts";
import { fixedParams } from "../../src/gpu/uniforms.ts";
import { convInput, convOutput, type ConvShape, isVolume } from "./shape.ts";
import { folded, type Triple } from "../tensors.ts";
import { paddedTexels, pixelTile, plainTexels } from "../texels.ts";
import source from "./winograd.wgsl" with { type: "text" };
import correlateSource from "./winograd_correlate.wgsl" with { type: "text" };
import multiplySource from "./winograd_multiply.wgsl" with { type: "text" };

const transformKernel = defineKernel({
  name: "conv/winograd",
  source,
  constants: ["LANES", "FLIPPED", "ACCUMULATE", "PARTIAL_BLOCK"],
  params: {
    images: "u32",
    blocks: "u32",
    height: "u32",
    width: "u32",
    pad_y: "u32",
    pad_x: "u32",
    tiles_y: "u32",
    tiles_x: "u32",
    pitch: "u32",
    out_channels: "u32",
    in_channels: "u32",
    weights_first: "u32",
    has_bias: "u32",
    slices: "u32",
    rows: "u32",
    columns: "u32",
  },
  entries: {
    input_tiles: { params: "uniform", pixels: "texture_read", transformed: "read_write" },
    gradient_tiles: { params: "uniform", pixels: "texture_read", transformed: "read_write" },
    output_tiles: { params: "uniform", products: "read", bias: "read", output: "read_write" },
    weight_tiles: { params: "uniform", weights: "texture_read", transformed: "read_write" },
    weight_gradient: { params: "uniform", products: "read", gradient: "read_write" },
  },
});

const multiplyKernel = defineKernel({
  name: "conv/winograd_multiply",
  source: multiplySource,
  constants: ["LANES", "TILES", "OUT_CHANNELS", "TRANSPOSED"],
  params: { tiles: "u32", pitch: "u32", in_blocks: "u32", out_blocks: "u32" },
  entries: {
    main: {
      params: "uniform",
      tiles: "texture_read",
      weights: "texture_read",
      products: "read_write",
    },
  },
});

const correlateKernel = defineKernel({
  name: "conv/winograd_correlate",
  source: correlateSource,
  constants: ["LANES"],
  params: {
    tiles: "u32",
    slice_tiles: "u32",
    pitch: "u32",
    in_blocks: "u32",
    out_blocks: "u32",
    column_groups: "u32",
    channel_groups: "u32",
  },
  entries: {
    main: {
      params: "uniform",
      input: "texture_read",
      out_gradient: "texture_read",
      products: "read_write",
    },
  },
});

/** Elements of a transformed tile, and pixels along a side of the output that it gives. */
const ELEMENTS = 36, TILE_SIDE = 4;

/** Whether the table of the device has the layer computed by Winograd's algorithm. */
export function usesWinograd(program: ProgramBuilder, shape: ConvShape): boolean {
  const { convolution, winograd, winogradChannels, winogradTiles } = kernelTable(program.device);
  const { kernel, stride, padding, channels, outChannels, positions = 1 } = shape;
  const output = planeOf(convOutput(shape));
  return winograd && convolution === "direct" && positions === 1 && !isVolume(shape) &&
    kernel.every((side, axis) => side === (axis === 0 ? 1 : 3)) &&
    stride.slice(1).every((step) => step === 1) && padding.every((pad) => pad <= 2) &&
    Math.min(channels, outChannels) >= winogradChannels &&
    Math.min(...output) >= TILE_SIDE && countTiles(shape.images, output).count >= winogradTiles;
}

/** Height and width of the plane that a 2D image is. */
function planeOf([, height, width]: Triple): readonly [height: number, width: number] {
  return [height, width];
}

interface Tiles {
  down: number;
  across: number;
  count: number;
  /** vec4s from one channel block to the next: an odd number of cache lines. */
  pitch: number;
}

function countTiles(images: number, [height, width]: readonly [number, number]): Tiles {
  const down = Math.ceil(height / TILE_SIDE), across = Math.ceil(width / TILE_SIDE);
  const count = images * down * across;
  return { down, across, count, pitch: (Math.ceil(count / 4) | 1) * 4 };
}

/**
 * The forward pass, or, `transposed`, the data gradient from `input` = dY.
 *
 * @returns the transformed tiles of `input`
 */
export function winogradConvolution(program: ProgramBuilder, work: {
  input: Operand;
  weights: Operand;
  bias?: Operand;
  output: Operand;
  shape: ConvShape;
  transposed: boolean;
  label: string;
}): PlannedTexture {
  const { input, weights, bias, output, shape, transposed, label } = work;
  const { device } = program;
  const { subgroupSize: lanes } = device;
  const constants = { LANES: lanes };
  const outSize = planeOf(transposed ? convInput(shape) : convOutput(shape));
  const inSize = planeOf(transposed ? convOutput(shape) : convInput(shape));
  const padding = planeOf(shape.padding).map((pad) => transposed ? 2 - pad : pad);
  const channels = [shape.channels, shape.outChannels];
  const [inBlocks, outBlocks] = (transposed ? channels.toReversed() : channels)
    .map((count) => Math.ceil(count / 4));
  const tiles = countTiles(shape.images, outSize);

  const { directChannels } = kernelTable(device);
  const vectors = inBlocks * outBlocks * 4;
  const { texture, first } = program.texelsWithin(weights);
  const tileWeights = program.tensor(`${label} weights`, ELEMENTS * vectors * 16);
  program.dispatch(transformKernel, "weight_tiles", {
    constants: { ...constants, FLIPPED: transposed },
    bindings: {
      params: fixedParams(device, transformKernel, {
        out_channels: shape.outChannels,
        in_channels: shape.channels,
        weights_first: first,
      }),
      weights: texture,
      transformed: tileWeights,
    },
    workgroups: folded(device, Math.ceil(vectors / lanes)),
    label: `${label}: transform weights`,
  });
  const weightTexels = plainTexels(program, tileWeights, `${label} weights`);

  const transformed = transform(program, "input_tiles", {
    pixels: input,
    images: shape.images,
    blocks: inBlocks,
    size: inSize,
    padding,
    tiles,
    label: `${label}: transform input`,
  });

  const products = program.tensor(`${label} products`, ELEMENTS * outBlocks * tiles.pitch * 16);
  const tilesEach = pixelTile(lanes, tiles.count, directChannels);
  program.dispatch(multiplyKernel, "main", {
    constants: {
      LANES: lanes,
      TILES: tilesEach,
      OUT_CHANNELS: directChannels,
      TRANSPOSED: transposed,
    },
    bindings: {
      params: fixedParams(device, multiplyKernel, {
        tiles: tiles.count,
        pitch: tiles.pitch,
        in_blocks: inBlocks,
        out_blocks: outBlocks,
      }),
      tiles: transformed,
      weights: weightTexels,
      products,
    },
    workgroups: [
      Math.ceil(tiles.count / (lanes * tilesEach)),
      Math.ceil(outBlocks * 4 / directChannels),
      ELEMENTS,
    ],
    label,
  });

  program.dispatch(transformKernel, "output_tiles", {
    constants,
    bindings: {
      params: fixedParams(device, transformKernel, {
        images: shape.images,
        blocks: outBlocks,
        height: outSize[0],
        width: outSize[1],
        tiles_y: tiles.down,
        tiles_x: tiles.across,
        pitch: tiles.pitch,
        out_channels: transposed ? shape.channels : shape.outChannels,
        has_bias: bias ? 1 : 0,
      }),
      products,
      bias: bias ?? products,
      output,
    },
    workgroups: [Math.ceil(tiles.count / lanes), outBlocks],
    label: `${label}: transform output`,
  });
  return transformed;
}

/** dW = G' [ sum over tiles of (A dY A') * (B' X B) ] G. */
export function winogradWeightGradient(program: ProgramBuilder, work: {
  input: Operand;
  /** What {@link winogradConvolution} returned for `input`; transformed again when absent. */
  inputTiles?: PlannedTexture;
  outGradient: Operand;
  weightGradient: Operand;
  shape: ConvShape;
  accumulate: boolean;
  label: string;
}): void {
  const { input, outGradient, weightGradient, shape, accumulate, label } = work;
  const { device } = program;
  const { subgroupSize: lanes } = device;
  const outSize = planeOf(convOutput(shape));
  const tiles = countTiles(shape.images, outSize);
  const inBlocks = Math.ceil(shape.channels / 4);
  const outBlocks = Math.ceil(shape.outChannels / 4);
  const common = { images: shape.images, padding: planeOf(shape.padding), tiles };
  const inputTiles = work.inputTiles ?? transform(program, "input_tiles", {
    ...common,
    pixels: input,
    blocks: inBlocks,
    size: planeOf(convInput(shape)),
    label: `${label}: transform input`,
  });
  const gradientTiles = transform(program, "gradient_tiles", {
    ...common,
    pixels: outGradient,
    blocks: outBlocks,
    size: outSize,
    label: `${label}: transform gradient`,
  });

  const columnGroups = Math.ceil(inBlocks / 4), channelGroups = Math.ceil(outBlocks / 4);
  const workgroups = Math.ceil(columnGroups * channelGroups / lanes);
  const { weightGradientWorkgroups } = kernelTable(device);
  const wanted = Math.ceil(weightGradientWorkgroups / (workgroups * ELEMENTS));
  const sliceTiles = Math.ceil(tiles.count / Math.max(1, Math.min(wanted, tiles.count / 64)) / 4) *
    4;
  const slices = Math.ceil(tiles.count / sliceTiles);
  const rows = channelGroups * 16, columns = columnGroups * 4;
  const products = program.tensor(`${label} products`, slices * ELEMENTS * rows * columns * 16);
  program.dispatch(correlateKernel, "main", {
    constants: { LANES: lanes },
    bindings: {
      params: fixedParams(device, correlateKernel, {
        tiles: tiles.count,
        slice_tiles: sliceTiles,
        pitch: tiles.pitch,
        in_blocks: inBlocks,
        out_blocks: outBlocks,
        column_groups: columnGroups,
        channel_groups: channelGroups,
      }),
      input: inputTiles,
      out_gradient: gradientTiles,
      products,
    },
    workgroups: [workgroups, slices, ELEMENTS],
    label,
  });
  program.dispatch(transformKernel, "weight_gradient", {
    constants: {
      LANES: lanes,
      ACCUMULATE: accumulate,
      PARTIAL_BLOCK: shape.channels % 4 > 0 || shape.outChannels % 4 > 0,
    },
    bindings: {
      params: fixedParams(device, transformKernel, {
        out_channels: shape.outChannels,
        in_channels: shape.channels,
        slices,
        rows,
        columns,
      }),
      products,
      gradient: weightGradient,
    },
    workgroups: [Math.ceil(inBlocks / lanes), outBlocks * 4],
    label: `${label}: transform back`,
  });
}

/** Transformed tiles `[36][block][pitch]` of an activation, as texels. */
function transform(
  program: ProgramBuilder,
  entry: "input_tiles" | "gradient_tiles",
  work: {
    pixels: Operand;
    images: number;
    blocks: number;
    size: readonly [number, number];
    padding: readonly number[];
    tiles: Tiles;
    label: string;
  },
): PlannedTexture {
  const { pixels, images, blocks, size, padding, tiles, label } = work;
  const { subgroupSize: lanes } = program.device;
  const texels = images * blocks * size[0] * size[1];
  const tensor: PlannedTensor = program.tensor(label, ELEMENTS * blocks * tiles.pitch * 16);
  program.dispatch(transformKernel, entry, {
    constants: { LANES: lanes },
    bindings: {
      params: fixedParams(program.device, transformKernel, {
        images,
        blocks,
        height: size[0],
        width: size[1],
        tiles_y: tiles.down,
        tiles_x: tiles.across,
        pitch: tiles.pitch,
        pad_y: padding[0],
        pad_x: padding[1],
      }),
      pixels: paddedTexels(program, pixels, texels),
      transformed: tensor,
    },
    workgroups: [Math.ceil(tiles.pitch / lanes), blocks],
    label,
  });
  return plainTexels(program, tensor, label);
}
