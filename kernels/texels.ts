/**
 * Activations and weights as lists of texels. Software adapters inline reads of storage textures,
 * while every lane of a storage-buffer read is a branch of its own.
 */
import type { PlannedTensor, PlannedTexture, ProgramBuilder } from "../src/gpu/program.ts";
import { type Operand, slice } from "../src/gpu/program.ts";

/** The first `count` texels of an operand behind a row of zeros. */
export function paddedTexels(
  program: ProgramBuilder,
  operand: Operand,
  count: number,
): PlannedTexture {
  return program.texels(slice(operand, 0, count * 16));
}

/** A tensor from texel 0 on. */
export function plainTexels(
  program: ProgramBuilder,
  tensor: PlannedTensor,
  label: string,
): PlannedTexture {
  return program.copyToTexels(label, tensor, 0);
}

/** Sizes of register tiles to choose from, in pixels an invocation. */
const pixelTiles = [16, 8, 4, 2];

/**
 * Price of a register tile, in multiply-adds of four terms. Fitted on lavapipe: a read costs as much as
 * five of them.
 */
export function tileCost(pixels: number, channels: number): number {
  return 5 * (pixels + channels) + pixels * channels;
}

/**
 * Pixels an invocation should keep so that a grid of `pixels` costs least, edge waste included. A
 * smaller tile must save a tenth, since every size is a pipeline to compile, up to a second of it.
 */
export function pixelTile(lanes: number, pixels: number, channels: number): number {
  const cost = (tile: number) => Math.ceil(pixels / (lanes * tile)) * tileCost(tile, channels);
  return pixelTiles.reduce((best, tile) => cost(tile) < 0.9 * cost(best) ? tile : best);
}
