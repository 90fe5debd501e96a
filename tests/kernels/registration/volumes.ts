/** Odd volumes, on the device in one buffer or in two. */
import type { DeviceVolume } from "../../../kernels/registration/volume.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";
import { type Bench, numbers } from "../on_device.ts";

/** A smooth image and noise, its axes oblique and of unlike spacing. */
export function oddImage(shape: [number, number, number], seed: number): ScalarImage {
  const [nx, ny, nz] = shape;
  const noise = numbers(nx * ny * nz, seed);
  const data = noise.map((value, at) => {
    const [x, y, z] = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / (nx * ny))];
    return 40 + 30 * Math.sin(x / 2 + y / 3) + 20 * Math.cos(z / 2 - x / 4) + 2 * value;
  });
  // deno-fmt-ignore
  const affine = Float64Array.of(
    1.9, 0.3, 0, -8,
    -0.2, 2.1, 0.4, -11,
    0.1, -0.3, 2.4, -13,
    0, 0, 0, 1,
  );
  return { shape, data, affine };
}

/** @param planes of the first buffer; all when absent */
export function volumeOf(
  bench: Bench,
  { shape, data }: ScalarImage,
  planes = shape[2],
): DeviceVolume {
  const split = shape[0] * shape[1] * planes;
  const parts = [data.slice(0, split), data.slice(split)].filter((part) => part.length > 0);
  return { shape, slabs: parts.map((part) => bench.buffer(part)) };
}
