/** Pictures made small enough for a report. */
import { decode, encode } from "fast-png";

/**
 * A PNG of 8 bits at most `side` pixels wide and high, by means over blocks of pixels; what is smaller
 * comes back as it is.
 */
export function shrunkPng(bytes: Uint8Array, side: number): Uint8Array {
  const { width, height, channels, depth, data, palette } = decode(bytes);
  const factor = Math.ceil(Math.max(width, height) / side);
  // Means of indices into a palette are no colours.
  if (factor <= 1 || depth !== 8 || palette) return bytes;
  const small = { width: Math.floor(width / factor), height: Math.floor(height / factor) };
  const pixels = new Uint8Array(small.width * small.height * channels);
  for (let y = 0; y < small.height; y++) {
    for (let x = 0; x < small.width; x++) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        for (let v = y * factor; v < (y + 1) * factor; v++) {
          for (let u = x * factor; u < (x + 1) * factor; u++) {
            sum += data[(v * width + u) * channels + channel];
          }
        }
        pixels[(y * small.width + x) * channels + channel] = Math.round(sum / factor ** 2);
      }
    }
  }
  return encode({ ...small, channels, depth: 8, data: pixels });
}
