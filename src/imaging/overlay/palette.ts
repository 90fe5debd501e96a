/** The colours of maps over images in grey. */
import { type Colour, mix } from "../drawing/canvas.ts";

/** From negative to positive, and from nothing to the largest. */
const DIVERGING: readonly Colour[] = [[70, 170, 255], [20, 80, 220], [90, 90, 90], [220, 30, 30], [
  255,
  170,
  60,
]];
const SEQUENTIAL: readonly Colour[] = [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [
  252,
  255,
  164,
]];

/** Every shade of a slice under every colour of a map: a picture of few colours is a small file. */
export class Palette {
  /** Steps of a map's values from 0 to 1. */
  readonly #steps: number;
  /** Values from -1 or from 0. */
  readonly #values: number;
  readonly #greys: number;
  readonly colours: Colour[] = [[24, 24, 24], [0, 0, 0], [255, 255, 255]];
  static readonly black = 1;
  static readonly white = 2;

  /** @param signed whether maps have a sign: blue to red, else black to yellow */
  constructor(readonly signed: boolean) {
    this.#steps = signed ? 5 : 9;
    this.#values = signed ? 2 * this.#steps + 1 : this.#steps + 1;
    this.#greys = Math.floor((256 - this.colours.length) / this.#values);
    for (let g = 0; g < this.#greys; g++) {
      const grey = 255 * g / (this.#greys - 1);
      for (let v = 0; v < this.#values; v++) {
        const value = (v - (signed ? this.#steps : 0)) / this.#steps;
        const opacity = 0.8 * Math.abs(value) ** 0.6;
        const colour = mix([grey, grey, grey], colourOf(value, signed), opacity);
        this.colours.push(colour.map(Math.round) as unknown as Colour);
      }
    }
  }

  /** @param grey 0 to 1 @param value -1 or 0 to 1; both are clamped */
  index(grey: number, value: number): number {
    const g = Math.round(clamp(grey, 0, 1) * (this.#greys - 1));
    const v = Math.round(clamp(value, this.signed ? -1 : 0, 1) * this.#steps);
    return 3 + g * this.#values + v + (this.signed ? this.#steps : 0);
  }
}

function colourOf(value: number, signed: boolean): Colour {
  const stops = signed ? DIVERGING : SEQUENTIAL;
  const at = (signed ? (value + 1) / 2 : value) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  return mix(stops[low], stops[low + 1], at - low);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
