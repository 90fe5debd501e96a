/**
 * Activations and weights as lists of texels. Software adapters inline reads of storage textures,
 * while every lane of a storage-buffer read is a branch of its own.
 */
import type { PlannedTensor, PlannedTexture, ProgramBuilder } from "../src/gpu/program.ts";
import { type Operand, slice } from "../src/gpu/program.ts";

/** log2 of the texels in a row; the kernels' `ROW_BITS`. */
const ROW_BITS = 11;

/** An operand behind a row of zeros, so that a read of texel 0 stands for padding. */
export function paddedTexels(
  program: ProgramBuilder,
  operand: Operand,
  count: number,
  label: string,
): PlannedTexture {
  return texels(program, operand, count, label, 1);
}

/** A tensor from texel 0 on. */
export function plainTexels(
  program: ProgramBuilder,
  tensor: PlannedTensor,
  label: string,
): PlannedTexture {
  return texels(program, tensor, tensor.bytes / 16, label, 0);
}

function texels(
  program: ProgramBuilder,
  operand: Operand,
  count: number,
  label: string,
  zeroRows: number,
): PlannedTexture {
  const rows = zeroRows + Math.ceil(count / 2 ** ROW_BITS);
  const { maxTextureDimension2D } = program.device.limits;
  const texture = program.texture(label, {
    width: 2 ** ROW_BITS,
    height: Math.max(rows, Math.min(roundedRows(rows), maxTextureDimension2D)),
    layers: 1,
    format: "rgba32float",
    zeroRows,
  });
  program.copyTexels(slice(operand, 0, count * 16), texture);
  return texture;
}

/**
 * Few distinct heights, so that tensors of similar size share textures, and none a power of two:
 * lavapipe compiles a shader anew for each mixture of those with others.
 */
function roundedRows(rows: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(rows)) - 2);
  return Math.max(3, (Math.ceil(rows / step) * step) | 1);
}

/** Sizes of register tiles to choose from, in pixels an invocation. */
const pixelTiles = [16, 14, 8, 4, 2];

/**
 * Pixels an invocation should keep so that a grid of `pixels` costs least, edge waste included. The
 * price of a tile was fitted on lavapipe: a read costs as much as five multiply-adds of four terms. A
 * smaller tile must save a tenth, since every size is a pipeline to compile, up to two seconds of it.
 */
export function pixelTile(lanes: number, pixels: number, channels: number): number {
  const cost = (tile: number) =>
    Math.ceil(pixels / (lanes * tile)) * (5 * (tile + channels) + tile * channels);
  return pixelTiles.reduce((best, tile) => cost(tile) < 0.9 * cost(best) ? tile : best);
}
