/** Registration on the device against that on the processor. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { openDevice } from "../../../src/gpu/device.ts";
import { sampleFixed } from "../../../src/imaging/registration/fixed_samples.ts";
import { prepareFixed, registerAffine } from "../../../src/imaging/registration/mod.ts";
import { MutualInformation } from "../../../src/imaging/registration/mutual_information.ts";
import { resample } from "../../../src/imaging/resampling/mod.ts";
import { measureOnDevice } from "../../../src/steps/preprocess/device_information.ts";
import {
  registerOnDevice,
  resampleOnDevice,
} from "../../../src/steps/preprocess/device_registration.ts";
import {
  affineOf,
  gridOf,
  largestDistance,
  paintHead,
} from "../../imaging/registration/phantoms.ts";

const SHAPE = [38, 46, 40];
const TEMPLATE = paintHead(gridOf(SHAPE, 5), affineOf({}), 1);
const PLACE = affineOf({ rotation: [4, -2, 6], scale: [1.05, 0.96, 1.02], shift: [6, -4, 3] });
const HEAD = paintHead(gridOf(SHAPE.map((extent) => extent + 4), 5), PLACE, 2);
const NEAR = affineOf({ rotation: [3, -1, 5], scale: [1.03, 0.97, 1.01], shift: [5, -3, 2] });

const device = await openDevice();
addEventListener("unload", () => device.destroy());

for (const outside of ["excluded", "background"] as const) {
  Deno.test(`the device measures the information of the processor, outside ${outside}`, async () => {
    const fixed = sampleFixed(TEMPLATE, [0, 0, 0], 10, 1);
    const here = new MutualInformation(fixed, HEAD, outside);
    const there = await measureOnDevice(device, fixed, HEAD, outside);
    try {
      assertAlmostEquals(await there.evaluate(NEAR), here.evaluate(NEAR), 1e-6);
      const close = (found: Float64Array, expected: Float64Array) => {
        const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        found.forEach((value, i) => assertAlmostEquals(value / scale, expected[i] / scale, 1e-4));
      };
      close(await there.gradient(), here.gradient());
      close(await there.gaussNewtonMatrix(), here.gaussNewtonMatrix());
      assertEquals(await there.evaluate(affineOf({ shift: [400, 0, 0] })), -Infinity);
    } finally {
      there.close();
    }
  });
}

Deno.test("the device's gradient is that of differences of its information", async () => {
  const fixed = sampleFixed(TEMPLATE, [0, 0, 0], 10, 1);
  const [nx, ny] = HEAD.shape;
  // Cut through the head, where samples leave the image.
  const cut = {
    ...HEAD,
    shape: [nx, ny, 26] as typeof HEAD.shape,
    data: HEAD.data.slice(0, nx * ny * 26),
  };
  const information = await measureOnDevice(device, fixed, cut, "excluded");
  try {
    await information.evaluate(NEAR);
    const gradient = await information.gradient();
    for (const [entry, step] of [[3, 0.02], [7, 0.02], [11, 0.02], [0, 3e-4], [6, 3e-4]]) {
      const moved = (by: number) =>
        information.evaluate(NEAR.map((value, i) => i === entry ? value + by : value));
      const slope = (await moved(step) - await moved(-step)) / (2 * step);
      assertAlmostEquals(slope / gradient[entry], 1, 0.02, `entry ${entry}`);
    }
  } finally {
    information.close();
  }
});

Deno.test("a head registered and resampled on the device is that of the processor", async () => {
  const fixed = prepareFixed(TEMPLATE);
  const here = await registerAffine(fixed, HEAD);
  // Of 8,740, 69,920 and 17,480 samples: the coarse level stays on the processor.
  const there = await registerOnDevice(device, fixed, HEAD, {}, 10_000);
  const distance = largestDistance(here.affine, there.affine);
  assert(distance < 0.02, `${distance} mm`);

  const resampled = resample(HEAD, TEMPLATE, here.affine);
  const onDevice = await resampleOnDevice(device, HEAD, TEMPLATE, here.affine);
  assertEquals(onDevice.affine, resampled.affine);
  const brightest = resampled.data.reduce((most, value) => Math.max(most, value));
  onDevice.data.forEach((value, at) =>
    assertAlmostEquals(value / brightest, resampled.data[at] / brightest, 1e-5)
  );
});
