import {
  adaptiveAverageBackward,
  adaptiveAverageForward,
  maxPoolBackward,
  maxPoolForward,
  pooledShape,
  type Window,
} from "../../kernels/pool.ts";
import { activationBytes } from "../../kernels/tensors.ts";
import { fromBlocks, toBlocks } from "./conv/reference.ts";
import { assertClose, numbers, onDevice } from "./on_device.ts";

/** Windows as lists of input places, -1 for padding, per output pixel. */
function places(h: number, w: number, window: Window): number[][] {
  const out = pooledShape({ batch: 1, channels: 1, depth: 1, height: h, width: w }, window);
  return Array.from({ length: out.height * out.width }, (_, at) => {
    const top = Math.floor(at / out.width) * window.stride[0] - window.padFront[0];
    const left = at % out.width * window.stride[1] - window.padFront[1];
    return Array.from({ length: window.kernel[0] * window.kernel[1] }, (_, k) => {
      const y = top + Math.floor(k / window.kernel[1]);
      const x = left + k % window.kernel[1];
      return y >= 0 && y < h && x >= 0 && x < w ? y * w + x : -1;
    });
  });
}

const windows: Record<string, Window> = {
  "3x3, stride 2, padding 1": {
    kernel: [3, 3],
    stride: [2, 2],
    padFront: [1, 1],
    padBack: [1, 1],
  },
  "2x2 with zeros in front": {
    kernel: [2, 2],
    stride: [2, 2],
    padFront: [1, 1],
    padBack: [0, 0],
    zeroPadded: true,
  },
  "3x2, stride 1x3": { kernel: [3, 2], stride: [1, 3], padFront: [0, 0], padBack: [0, 0] },
};

const [n, c, h, w] = [2, 6, 9, 11];
const input = { batch: n, channels: c, depth: 1, height: h, width: w };
const x = numbers(n * c * h * w, 1);

for (const [name, window] of Object.entries(windows)) {
  const output = pooledShape(input, window);
  const outPixels = output.height * output.width;
  const dy = numbers(n * c * outPixels, 2);

  /** Applies `choose` to every window: weights of its places make output and gradient. */
  const reference = (choose: (values: number[]) => number[]) => {
    const y = new Float64Array(n * c * outPixels);
    const dx = new Float64Array(x.length);
    places(h, w, window).forEach((list, at) => {
      for (let plane = 0; plane < n * c; plane++) {
        const values = list.map((i) => i < 0 ? NaN : x[plane * h * w + i]);
        choose(values).forEach((weight, k) => {
          if (list[k] < 0) return;
          y[plane * outPixels + at] += weight * values[k];
          dx[plane * h * w + list[k]] += weight * dy[plane * outPixels + at];
        });
      }
    });
    return { y, dx };
  };

  Deno.test(`max pool ${name} gives PyTorch's maxima and sends gradients to them`, async () => {
    await onDevice(async (bench) => {
      const expected = reference((values) => {
        const known = values.map((v) => Number.isNaN(v) ? window.zeroPadded ? 0 : -Infinity : v);
        const best = known.indexOf(Math.max(...known));
        return values.map((_, k) => k === best ? 1 : 0);
      });
      const y = bench.buffer(activationBytes(output));
      const dx = bench.buffer(activationBytes(input));
      const results = await bench.run((program) => {
        const positions = maxPoolForward(program, {
          input,
          window,
          x: bench.buffer(toBlocks(x, n, c, h * w)),
          y,
        });
        const gradient = bench.buffer(toBlocks(dy, n, c, outPixels));
        maxPoolBackward(program, { input, window, positions, dy: gradient, dx });
        return [y, dx];
      });
      assertClose(fromBlocks(results[0], n, c, outPixels), expected.y, 0, "y");
      assertClose(fromBlocks(results[1], n, c, h * w), expected.dx, 1e-6, "dx");
    });
  });
}

for (const [rows, columns] of [[1, 1], [4, 5], [9, 11]]) {
  Deno.test(`adaptive average pool to ${rows}x${columns} splits as PyTorch does`, async () => {
    await onDevice(async (bench) => {
      const output = { ...input, height: rows, width: columns };
      const pixels = rows * columns;
      const dy = numbers(n * c * pixels, 3);
      const expectedY = new Float64Array(n * c * pixels);
      const expectedDx = new Float64Array(x.length);
      for (let plane = 0; plane < n * c; plane++) {
        for (let at = 0; at < pixels; at++) {
          const [a, b] = [Math.floor(at / columns), at % columns];
          const [top, bottom] = [Math.floor(a * h / rows), Math.ceil((a + 1) * h / rows)];
          const [left, right] = [Math.floor(b * w / columns), Math.ceil((b + 1) * w / columns)];
          const size = (bottom - top) * (right - left);
          for (let r = top; r < bottom; r++) {
            for (let s = left; s < right; s++) {
              expectedY[plane * pixels + at] += x[plane * h * w + r * w + s] / size;
              expectedDx[plane * h * w + r * w + s] += dy[plane * pixels + at] / size;
            }
          }
        }
      }
      const y = bench.buffer(activationBytes(output));
      const dx = bench.buffer(activationBytes(input));
      const results = await bench.run((program) => {
        const blocks = bench.buffer(toBlocks(x, n, c, h * w));
        adaptiveAverageForward(program, { input, output, x: blocks, y });
        const gradient = bench.buffer(toBlocks(dy, n, c, pixels));
        adaptiveAverageBackward(program, { input, output, dy: gradient, dx });
        return [y, dx];
      });
      assertClose(fromBlocks(results[0], n, c, pixels), expectedY, 2e-6, "y");
      assertClose(fromBlocks(results[1], n, c, h * w), expectedDx, 2e-6, "dx");
    });
  });
}
