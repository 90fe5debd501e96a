import { gradCam } from "../../kernels/grad_cam.ts";
import { toBlocks } from "./conv/reference.ts";
import { assertClose, numbers, onDevice } from "./on_device.ts";

const [n, c, h, w] = [3, 6, 5, 7];

/** Values between pixel centres, as PyTorch's `interpolate(align_corners=False)`. */
function upsampled(plane: Float64Array, height: number, width: number): Float64Array {
  const sample = (at: number, size: number, out: number) => {
    const source = Math.max(0, (at + 0.5) * size / out - 0.5);
    const low = Math.floor(source);
    return { low, high: Math.min(low + 1, size - 1), share: source - low };
  };
  return Float64Array.from({ length: height * width }, (_, at) => {
    const y = sample(Math.floor(at / width), h, height);
    const x = sample(at % width, w, width);
    const row = (r: number) =>
      plane[r * w + x.low] * (1 - x.share) + plane[r * w + x.high] * x.share;
    return row(y.low) * (1 - y.share) + row(y.high) * y.share;
  });
}

for (const [height, width] of [[h, w], [13, 29], [40, 21]]) {
  Deno.test(`Grad-CAM of a 5x7 map at ${height}x${width} is that in float64`, async () => {
    const features = numbers(n * c * h * w, 1);
    const gradient = numbers(n * c * h * w, 2);
    const expected = Array.from({ length: n }, (_, image) => {
      const plane = new Float64Array(h * w);
      for (let channel = 0; channel < c; channel++) {
        const at = (image * c + channel) * h * w;
        const weight = gradient.subarray(at, at + h * w).reduce((a, b) => a + b, 0) / (h * w);
        for (let p = 0; p < h * w; p++) plane[p] += weight * features[at + p];
      }
      return [...upsampled(plane.map((value) => Math.max(0, value)), height, width)];
    }).flat();
    await onDevice(async (bench) => {
      const y = bench.buffer(n * height * width * 4);
      const [found] = await bench.run((program) => {
        const map = gradCam(program, {
          shape: { batch: n, channels: c, depth: 1, height: h, width: w },
          features: bench.buffer(toBlocks(features, n, c, h * w)),
          gradient: bench.buffer(toBlocks(gradient, n, c, h * w)),
          output: { depth: 1, height, width },
        });
        program.copy(map, y);
        return [y];
      });
      assertClose(found, expected, 1e-6);
    });
  });
}
