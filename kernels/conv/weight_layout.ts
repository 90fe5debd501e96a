/**
 * The order of the weights of convolutions and linear layers on the device: tiles of four output and four
 * input channels, `[ceil(K/4)][blocks][taps][4 k][4 c]`, zero where channels are padding. A vector is
 * four input channels of one output channel; sixteen floats, a line of a processor's cache, serve the
 * forward pass and the data gradient alike.
 */

/** PyTorch's `[outChannels][channels][positions][taps]`; see `ConvShape`. */
export interface WeightShape {
  outChannels: number;
  channels: number;
  /** Spatial positions folded into a linear layer's input: blocks are `[ceil(C/4)][positions]`. */
  positions?: number;
  taps: number;
}

/** Floats on the device. */
export function tiledCount({ outChannels, channels, positions = 1, taps }: WeightShape): number {
  return Math.ceil(outChannels / 4) * Math.ceil(channels / 4) * positions * taps * 16;
}

/** Writes PyTorch's order into the device's; padding is left as it is. */
export function intoTiles(shape: WeightShape, plain: Float32Array, tiled: Float32Array): void {
  move(shape, plain, tiled, true);
}

/** Writes the device's order into PyTorch's. */
export function outOfTiles(shape: WeightShape, tiled: Float32Array, plain: Float32Array): void {
  move(shape, plain, tiled, false);
}

function move(
  { outChannels, channels, positions = 1, taps }: WeightShape,
  plain: Float32Array,
  tiled: Float32Array,
  intoTiles: boolean,
): void {
  const blocks = Math.ceil(channels / 4) * positions;
  let at = 0;
  for (let k = 0; k < outChannels; k++) {
    for (let c = 0; c < channels; c++) {
      for (let position = 0; position < positions; position++) {
        const block = (c >> 2) * positions + position;
        const first = ((k >> 2) * blocks + block) * taps * 16 + (k & 3) * 4 + (c & 3);
        const end = first + taps * 16;
        if (intoTiles) { for (let to = first; to < end; to += 16) tiled[to] = plain[at++]; }
        else for (let from = first; from < end; from += 16) plain[at++] = tiled[from];
      }
    }
  }
}
