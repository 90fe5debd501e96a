/** Float64 convolutions in plain loops, and the device layout of activations. */
import { conv2dOutput, type Conv2dShape } from "../../../kernels/conv/mod.ts";

/** `[N][C][H][W]` to `[N][ceil(C/4)][H][W][4]`, zeros in padding channels. */
export function toBlocks(data: ArrayLike<number>, n: number, c: number, pixels: number) {
  const blocks = Math.ceil(c / 4);
  const out = new Float32Array(n * blocks * pixels * 4);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < c; j++) {
      for (let p = 0; p < pixels; p++) {
        out[((i * blocks + (j >> 2)) * pixels + p) * 4 + (j & 3)] = data[(i * c + j) * pixels + p];
      }
    }
  }
  return out;
}

/** `[N][ceil(C/4)][H][W][4]` to `[N][C][H][W]`. */
export function fromBlocks(data: ArrayLike<number>, n: number, c: number, pixels: number) {
  const blocks = Math.ceil(c / 4);
  const out = new Float64Array(n * c * pixels);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < c; j++) {
      for (let p = 0; p < pixels; p++) {
        out[(i * c + j) * pixels + p] = data[((i * blocks + (j >> 2)) * pixels + p) * 4 + (j & 3)];
      }
    }
  }
  return out;
}

export interface Conv2dReference {
  output: Float64Array;
  inGradient: Float64Array;
  weightGradient: Float64Array;
  biasGradient: Float64Array;
}

/** All three passes at once: every product of the forward pass has a part in each. */
export function conv2dReference(
  shape: Conv2dShape,
  input: Float32Array,
  weights: Float32Array,
  bias: Float32Array | undefined,
  outGradient: Float32Array,
): Conv2dReference {
  const { images, channels, height, width, outChannels, kernel, stride, padding } = shape;
  const [outHeight, outWidth] = conv2dOutput(shape);
  const output = new Float64Array(images * outChannels * outHeight * outWidth);
  const inGradient = new Float64Array(input.length);
  const weightGradient = new Float64Array(weights.length);
  const biasGradient = new Float64Array(outChannels);
  let at = 0;
  for (let n = 0; n < images; n++) {
    for (let k = 0; k < outChannels; k++) {
      for (let p = 0; p < outHeight; p++) {
        for (let q = 0; q < outWidth; q++, at++) {
          const gradient = outGradient[at];
          let sum = bias?.[k] ?? 0;
          biasGradient[k] += gradient;
          for (let r = 0; r < kernel[0]; r++) {
            const y = p * stride[0] + r - padding[0];
            if (y < 0 || y >= height) continue;
            for (let s = 0; s < kernel[1]; s++) {
              const x = q * stride[1] + s - padding[1];
              if (x < 0 || x >= width) continue;
              for (let c = 0; c < channels; c++) {
                const i = ((n * channels + c) * height + y) * width + x;
                const w = ((k * channels + c) * kernel[0] + r) * kernel[1] + s;
                sum += input[i] * weights[w];
                inGradient[i] += gradient * weights[w];
                weightGradient[w] += gradient * input[i];
              }
            }
          }
          output[at] = sum;
        }
      }
    }
  }
  return { output, inGradient, weightGradient, biasGradient };
}
