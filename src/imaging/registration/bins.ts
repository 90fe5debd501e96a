/**
 * The intensity axis of the joint histogram (Mattes 2003): 32 bins, of which two at either end stay
 * free for the tails of the Parzen window.
 */
import { rangeOf } from "./intensities.ts";

export const BINS = 32;
const PADDING = 2;
/** Bins that intensities themselves fall into. */
export const FIRST_BIN = PADDING;
export const LAST_BIN = BINS - PADDING - 1;

/** Maps the intensities of one image linearly onto the bins, the lowest to 2, the highest to 30. */
export class BinScale {
  readonly lowest: number;
  /** Intensity that a bin spans. */
  readonly width: number;

  constructor(data: Float32Array) {
    const { lowest, highest } = rangeOf(data);
    this.lowest = lowest;
    this.width = (highest - lowest) / (BINS - 2 * PADDING);
  }

  /** A fractional bin: 2.5 lies in the middle of the first. */
  binOf(intensity: number): number {
    return (intensity - this.lowest) / this.width + PADDING;
  }
}
