/** Text in pictures, in the dot-matrix letters of character displays. */
import type { Canvas } from "./canvas.ts";

/** Dots of a letter, and from one to the next. */
const WIDTH = 5, ADVANCE = 6;
/** Dots of a line, those below the base line included. */
const HEIGHT = 8;

/** From space to tilde: five columns a letter, two hexadecimal digits each, the top dot lowest. */
const LETTERS = "000000000000005f00000007000700147f147f14242a7f2a12231308646236495620500008070300" +
  "001c2241000041221c002a1c7f1c2a08083e08080080703000080808080800006060002010080402" +
  "3e5149453e00427f400072494949462141494d331814127f1027454545393c4a4949314121110907" +
  "3649494936464949291e000014000000403400000008142241141414141400412214080201590906" +
  "3e415d594e7c1211127c7f494949363e414141227f4141413e7f494949417f090909013e41415173" +
  "7f0808087f00417f41002040413f017f081422417f404040407f021c027f7f0408107f3e4141413e" +
  "7f090909063e4151215e7f09192946264949493203017f01033f4040403f1f2040201f3f4038403f" +
  "631408146303047804036159494d43007f4141410204081020004141417f04020102044040404040" +
  "000307080020545478407f284444383844444428384444287f385454541800087e090218a4a49c78" +
  "7f0804047800447d40002040403d007f1028440000417f40007c047804787c080404783844444438" +
  "fc1824241818242418fc7c08040408485454542404043f44243c4040207c1c2040201c3c4030403c" +
  "44281028444c9090907c4464544c440008364100000077000000413608000201020402";

const FIRST = 0x20, LAST = 0x7e;

/** A dot is a square of so many pixels. */
export const DOT = 2;

/** Pixels of a line of text. */
export const LINE_HEIGHT = DOT * HEIGHT;

/** How many letters fit in so many pixels. */
export function lettersIn(pixels: number): number {
  return Math.floor((pixels / DOT + ADVANCE - WIDTH) / ADVANCE);
}

/** Pixels of a text. */
export function textWidth(text: string): number {
  return DOT * (ADVANCE * text.length - (ADVANCE - WIDTH));
}

/** Draws a line of text; what is not ASCII becomes a question mark. */
export function drawText(
  canvas: Canvas,
  text: string,
  left: number,
  top: number,
  colour: number,
): void {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const letter = (code >= FIRST && code <= LAST ? code : "?".charCodeAt(0)) - FIRST;
    for (let x = 0; x < WIDTH; x++) {
      const at = 2 * (WIDTH * letter + x);
      const column = parseInt(LETTERS.slice(at, at + 2), 16);
      for (let y = 0; y < HEIGHT; y++) {
        if (column >> y & 1) drawDot(canvas, left + DOT * (ADVANCE * i + x), top + DOT * y, colour);
      }
    }
  }
}

function drawDot(canvas: Canvas, left: number, top: number, colour: number): void {
  for (let y = 0; y < DOT; y++) {
    for (let x = 0; x < DOT; x++) canvas.set(left + x, top + y, colour);
  }
}
