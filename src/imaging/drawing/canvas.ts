/** A picture of few colours, which is a small file. */
import { decode, encode } from "fast-png";

export type Colour = readonly [number, number, number];

/** Pixels are indices into a palette; at the beginning all are its first colour. */
export class Canvas {
  readonly pixels: Uint8Array;

  /** @param palette at most 256 colours */
  constructor(
    readonly width: number,
    readonly height: number,
    readonly palette: readonly Colour[],
  ) {
    this.pixels = new Uint8Array(width * height);
  }

  /** A PNG that a canvas was encoded to. */
  static decode(png: Uint8Array): Canvas {
    const { width, height, data, palette = [] } = decode(png);
    const canvas = new Canvas(width, height, palette as unknown as Colour[]);
    canvas.pixels.set(data);
    return canvas;
  }

  /** Outside the picture it does nothing. */
  set(x: number, y: number, index: number): void {
    if (x >= 0 && x < this.width && y >= 0 && y < this.height) {
      this.pixels[y * this.width + x] = index;
    }
  }

  /** A PNG. */
  encode(): Uint8Array {
    const { width, height, pixels } = this;
    const palette = this.palette.map((colour) => [...colour]);
    return encode({ width, height, data: pixels, channels: 1, depth: 8, palette });
  }
}

/** @param share of `b`, 0 to 1 */
export function mix(a: Colour, b: Colour, share: number): Colour {
  const rest = 1 - share;
  return [a[0] * rest + b[0] * share, a[1] * rest + b[1] * share, a[2] * rest + b[2] * share];
}
