/** Registration and resampling of heads where a device takes the large parts of them. */
import { resampleVolume } from "../../../kernels/registration/resample.ts";
import { fitsDevice, uploadVolume } from "../../../kernels/registration/volume.ts";
import type { Device } from "../../gpu/device.ts";
import { ProgramBuilder } from "../../gpu/program.ts";
import { type Affine, invertAffine, multiplyAffines } from "../../imaging/nifti/affine.ts";
import {
  type FixedImage,
  measureHere,
  registerAffine,
  type Registration,
  type RegistrationOptions,
} from "../../imaging/registration/mod.ts";
import { resample } from "../../imaging/resampling/mod.ts";
import type { ScalarImage } from "../../imaging/scalar_image.ts";
import { type DeviceInformation, measureOnDevice } from "./device_information.ts";

/**
 * Fewer samples are measured by the processor: reading a result back takes 11 ms, in which it measures
 * as many.
 */
const FEWEST_SAMPLES = 100_000;

/**
 * As {@link registerAffine}, with the levels of many samples on the device.
 *
 * @param fewest samples of a level that the device measures
 * @throws {DataError} as {@link registerAffine}; {DeviceError} when the device failed
 */
export async function registerOnDevice(
  device: Device,
  fixed: FixedImage,
  moving: ScalarImage,
  options: Omit<RegistrationOptions, "measure"> = {},
  fewest = FEWEST_SAMPLES,
): Promise<Registration> {
  const opened: DeviceInformation[] = [];
  try {
    return await registerAffine(fixed, moving, {
      ...options,
      measure: async (samples, image, outside) => {
        if (samples.count < fewest || !fitsDevice(device, image.shape)) {
          return measureHere(samples, image, outside);
        }
        const information = await measureOnDevice(device, samples, image, outside);
        opened.push(information);
        return information;
      },
    });
  } finally {
    for (const information of opened) information.close();
  }
}

/**
 * As {@link resample}, on the device; an image too large for it, on the processor.
 *
 * @throws {DeviceError} when the grid does not fit the device, or it failed
 */
export async function resampleOnDevice(
  device: Device,
  moving: ScalarImage,
  grid: Pick<ScalarImage, "shape" | "affine">,
  transform: Affine,
): Promise<ScalarImage> {
  if (!fitsDevice(device, moving.shape)) return resample(moving, grid, transform);
  const [nx, ny, nz] = grid.shape;
  const toMoving = multiplyAffines(
    invertAffine(moving.affine),
    multiplyAffines(transform, grid.affine),
  );
  const y = device.buffer("resampled image", 4 * nx * ny * nz);
  const map = device.buffer("map", Float32Array.from(toMoving.subarray(0, 12)));
  const volume = uploadVolume(device, "moving image", moving);
  try {
    const builder = new ProgramBuilder(device, "resampling");
    resampleVolume(builder, { volume, shape: grid.shape, toMoving: map, y });
    (await builder.build()).run();
    return { shape: grid.shape, data: await device.readFloats(y), affine: grid.affine };
  } finally {
    for (const buffer of [...volume.slabs, map, y]) device.free(buffer);
  }
}
