import { gradCam } from "../../kernels/grad_cam.ts";
import type { Triple } from "../../kernels/tensors.ts";
import { toBlocks } from "./conv/reference.ts";
import { assertClose, numbers, onDevice } from "./on_device.ts";

const [n, c] = [3, 6];

/** Values between the centres of pixels or voxels, as PyTorch's `interpolate(align_corners=False)`. */
function upsampled(map: Float64Array, size: Triple, output: Triple): Float64Array {
  const samples = output.map((extent, axis) =>
    Array.from({ length: extent }, (_, at) => {
      const source = Math.max(0, (at + 0.5) * size[axis] / extent - 0.5);
      const low = Math.floor(source);
      return [[low, 1 - source + low], [Math.min(low + 1, size[axis] - 1), source - low]];
    })
  );
  const [, height, width] = size;
  const values: number[] = [];
  for (const planes of samples[0]) {
    for (const rows of samples[1]) {
      for (const columns of samples[2]) {
        let sum = 0;
        for (const [z, a] of planes) {
          for (const [y, b] of rows) {
            for (const [x, w] of columns) sum += a * b * w * map[(z * height + y) * width + x];
          }
        }
        values.push(sum);
      }
    }
  }
  return Float64Array.from(values);
}

const image: Triple = [1, 5, 7], volume: Triple = [3, 5, 4];
const cases: [Triple, Triple][] = [
  [image, image],
  [image, [1, 13, 29]],
  [image, [1, 40, 21]],
  [volume, volume],
  [volume, [11, 13, 9]],
  [[1, 1, 1], [3, 5, 4]],
];

for (const [size, output] of cases) {
  Deno.test(`Grad-CAM of a ${size.join("x")} map at ${output.join("x")} is that in float64`, async () => {
    const [depth, height, width] = size;
    const pixels = depth * height * width;
    const features = numbers(n * c * pixels, 1);
    const gradient = numbers(n * c * pixels, 2);
    const expected = Array.from({ length: n }, (_, item) => {
      const map = new Float64Array(pixels);
      for (let channel = 0; channel < c; channel++) {
        const at = (item * c + channel) * pixels;
        const weight = gradient.subarray(at, at + pixels).reduce((a, b) => a + b, 0) / pixels;
        for (let p = 0; p < pixels; p++) map[p] += weight * features[at + p];
      }
      return [...upsampled(map.map((value) => Math.max(0, value)), size, output)];
    }).flat();
    await onDevice(async (bench) => {
      const y = bench.buffer(expected.length * 4);
      const [found] = await bench.run((program) => {
        const map = gradCam(program, {
          shape: { batch: n, channels: c, depth, height, width },
          features: bench.buffer(toBlocks(features, n, c, pixels)),
          gradient: bench.buffer(toBlocks(gradient, n, c, pixels)),
          output: { depth: output[0], height: output[1], width: output[2] },
        });
        program.copy(map, y);
        return [y];
      });
      assertClose(found, expected, 1e-6);
    });
  });
}
