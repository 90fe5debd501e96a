// @ts-check
/// <reference lib="dom" />
import { element } from "../../report/client/dom.js";
import { CLASSES } from "../slices.ts";

/** Examples that are shown. */
const SHOWN = 8;

/**
 * The first slices, each with its class.
 *
 * @param {import("../slices.ts").LabelledSlices} slices
 */
export function slicesRow(slices) {
  const figures = Array.from({ length: SHOWN }, (_, item) =>
    element(
      "figure",
      {},
      sliceCanvas(slices.read(item), slices.shape),
      element("figcaption", {}, CLASSES[slices.targets[item]]),
    ));
  return element("div", { class: "slices" }, ...figures);
}

/**
 * Grey from the least value to the largest, the front of the head up.
 *
 * @param {Float32Array} values
 * @param {readonly [number, number, number]} shape
 */
function sliceCanvas(values, [, height, width]) {
  const canvas = element("canvas", { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height);
  const low = Math.min(...values), high = Math.max(...values);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = (values[(height - 1 - y) * width + x] - low) / (high - low);
      const at = 4 * (y * width + x);
      image.data.fill(255 * value, at, at + 3);
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
