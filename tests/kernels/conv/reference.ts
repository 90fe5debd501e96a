/** Float64 convolutions in plain loops, and the device layout of activations. */
import { convOutput, type ConvShape } from "../../../kernels/conv/mod.ts";

/** `[N][C][pixels]` to `[N][ceil(C/4)][pixels][4]`, zeros in padding channels. */
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

/** `[N][ceil(C/4)][pixels][4]` to `[N][C][pixels]`. */
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

export interface ConvReference {
  output: Float64Array;
  inGradient: Float64Array;
  weightGradient: Float64Array;
  biasGradient: Float64Array;
}

/** All three passes at once: every product of the forward pass has a part in each. */
export function convReference(
  shape: ConvShape,
  input: Float32Array,
  weights: Float32Array,
  bias: Float32Array | undefined,
  outGradient: Float32Array,
): ConvReference {
  const { images, channels, depth, height, width, outChannels, kernel, stride, padding } = shape;
  const [outDepth, outHeight, outWidth] = convOutput(shape);
  const output = new Float64Array(images * outChannels * outDepth * outHeight * outWidth);
  const inGradient = new Float64Array(input.length);
  const weightGradient = new Float64Array(weights.length);
  const biasGradient = new Float64Array(outChannels);
  const addProducts = (n: number, k: number, o: number, p: number, q: number, at: number) => {
    let sum = bias?.[k] ?? 0;
    for (let t = 0; t < kernel[0]; t++) {
      const z = o * stride[0] + t - padding[0];
      if (z < 0 || z >= depth) continue;
      for (let r = 0; r < kernel[1]; r++) {
        const y = p * stride[1] + r - padding[1];
        if (y < 0 || y >= height) continue;
        for (let s = 0; s < kernel[2]; s++) {
          const x = q * stride[2] + s - padding[2];
          if (x < 0 || x >= width) continue;
          for (let c = 0; c < channels; c++) {
            const i = (((n * channels + c) * depth + z) * height + y) * width + x;
            const w = (((k * channels + c) * kernel[0] + t) * kernel[1] + r) * kernel[2] + s;
            sum += input[i] * weights[w];
            inGradient[i] += outGradient[at] * weights[w];
            weightGradient[w] += outGradient[at] * input[i];
          }
        }
      }
    }
    output[at] = sum;
    biasGradient[k] += outGradient[at];
  };
  let at = 0;
  for (let n = 0; n < images; n++) {
    for (let k = 0; k < outChannels; k++) {
      for (let o = 0; o < outDepth; o++) {
        for (let p = 0; p < outHeight; p++) {
          for (let q = 0; q < outWidth; q++) addProducts(n, k, o, p, q, at++);
        }
      }
    }
  }
  return { output, inGradient, weightGradient, biasGradient };
}
