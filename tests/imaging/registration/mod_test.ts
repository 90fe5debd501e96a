/**
 * Registration of phantom heads. The random starts are 2, or 20 with GYRUS_TEST_FULL=1.
 */
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { Random } from "../../../src/random.ts";
import { type Affine, invertAffine, multiplyAffines } from "../../../src/imaging/nifti/affine.ts";
import { prepareFixed, registerAffine } from "../../../src/imaging/registration/mod.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";
import { affineOf, gridOf, largestDistance, paintHead } from "./phantoms.ts";

const RANDOM_STARTS = Deno.env.get("GYRUS_TEST_FULL") ? 20 : 2;

/** mm */
const COARSE = 5;
const COARSE_SHAPE = [38, 46, 40];
const TEMPLATE = prepareFixed(paintHead(gridOf(COARSE_SHAPE, COARSE), affineOf({}), 1));
const PLACE = affineOf({ rotation: [4, -2, 6], scale: [1.05, 0.96, 1.02], shift: [6, -4, 3] });
const HEAD = paintHead(gridOf(COARSE_SHAPE.map((extent) => extent + 4), COARSE), PLACE, 2);
const REGISTRATION = await registerAffine(TEMPLATE, HEAD);

Deno.test("a known affine of a phantom head is recovered within 0.1 mm in the brain", async () => {
  const spacing = 2.5;
  const shape = [77, 90, 78];
  const place = affineOf({
    rotation: [8, -5, 12],
    scale: [1.06, 0.95, 1.03],
    shear: 0.04,
    shift: [12, -18, 9],
  });
  const grid = gridOf(shape.map((extent) => extent + 8), spacing);
  const oblique = affineOf({ rotation: [3, 5, -4], shift: [12, -18, 9] });
  const head = paintHead({ ...grid, affine: multiplyAffines(oblique, grid.affine) }, place, 2);
  const template = paintHead(gridOf(shape, spacing), affineOf({}), 1);
  const { affine } = await registerAffine(prepareFixed(template), head);
  const distance = largestDistance(affine, place);
  assert(distance < 0.1, `${distance} mm`);
});

Deno.test("the same head is registered to the same bytes again", async () => {
  assertEquals(await registerAffine(TEMPLATE, HEAD), REGISTRATION);
});

Deno.test("a head stored along other axes has the same transform in the world", async () => {
  const stored = storeAlong(HEAD, [2, 0, 1], [true, false, true]);
  const { affine, mutualInformation } = await registerAffine(TEMPLATE, stored);
  const distance = largestDistance(affine, REGISTRATION.affine);
  assert(distance < 0.05, `${distance} mm`);
  assertAlmostEquals(mutualInformation, REGISTRATION.mutualInformation, 1e-3);
});

Deno.test("heads turned by up to 30 degrees and shifted by up to 40 mm come to one result", async () => {
  const random = new Random(7, "starts");
  for (let start = 0; start < RANDOM_STARTS; start++) {
    const motion = randomMotion(random);
    const moved = { ...HEAD, affine: multiplyAffines(motion, HEAD.affine) };
    const order = random.shuffle([0, 1, 2]);
    const flips = order.map(() => random.integer(2) === 1);
    const { affine } = await registerAffine(TEMPLATE, storeAlong(moved, order, flips));
    const back = multiplyAffines(invertAffine(motion), affine);
    const distance = largestDistance(back, REGISTRATION.affine);
    assert(distance < 0.5, `start ${start}: ${distance} mm`);
  }
});

Deno.test("a head whose header mirrors it stays mirrored", async () => {
  const affine = HEAD.affine.map((value, entry) => entry < 4 ? -value : value);
  const { affine: m } = await registerAffine(TEMPLATE, { ...HEAD, affine });
  const volume = m[0] * (m[5] * m[10] - m[6] * m[9]) - m[1] * (m[4] * m[10] - m[6] * m[8]) +
    m[2] * (m[4] * m[9] - m[5] * m[8]);
  assert(volume > 0.8);
});

Deno.test("images that can't be registered are refused by name", async () => {
  const refused = (image: ScalarImage, problem: string) =>
    assertRejects(
      () => registerAffine(TEMPLATE, image, { subject: "sub-01" }),
      DataError,
      `sub-01: ${problem}`,
    );
  await refused({ ...HEAD, data: HEAD.data.map(() => 3) }, "99 % of its voxels have one value, 3");
  await refused(
    { ...HEAD, data: HEAD.data.map((v, at) => at === 9 ? NaN : v) },
    "has values that are",
  );
  await refused({ ...HEAD, affine: new Float64Array(16) }, "its affine is singular");
  const [x, y, z] = HEAD.shape;
  await refused(
    { ...HEAD, shape: [x, y * z, 1] },
    `is no volume: its shape is ${x} x ${y * z} x 1`,
  );
  const inMetres = HEAD.affine.map((value, entry) => entry < 12 ? value / 1000 : value);
  await refused({ ...HEAD, affine: inMetres }, "covers less than a tenth of the template");
  assertThrows(
    () => prepareFixed({ ...HEAD, data: HEAD.data.map(() => 0) }, "template.nii.gz"),
    DataError,
    "template.nii.gz: 99 % of its voxels have one value, 0",
  );
});

Deno.test("a registration ends at the iteration at which it is aborted", async () => {
  let calls = 0;
  const throwIfAborted = () => {
    if (++calls === 5) throw new DOMException("stopped", "AbortError");
  };
  await assertRejects(
    () => registerAffine(TEMPLATE, HEAD, { throwIfAborted }),
    DOMException,
    "stopped",
  );
  assertEquals(calls, 5);
});

/** Turns about a random axis by 10 to 30 degrees and shifts by up to 40 mm along each axis. */
function randomMotion(random: Random): Affine {
  const axis = [random.normal(), random.normal(), random.normal()];
  const degrees = random.uniform(10, 30) / Math.hypot(...axis);
  const shift = [0, 1, 2].map(() => random.uniform(-40, 40));
  return affineOf({ rotation: axis.map((value) => value * degrees), shift });
}

/** The same image with its voxels stored in another order of axes, some of them backwards. */
function storeAlong(
  { shape, data, affine }: ScalarImage,
  order: readonly number[],
  flips: readonly boolean[],
): ScalarImage {
  const strides = [1, shape[0], shape[0] * shape[1]];
  const [nx, ny, nz] = order.map((axis) => shape[axis]);
  const stored = new Float32Array(data.length);
  const voxel = [0, 0, 0];
  let at = 0;
  for (voxel[2] = 0; voxel[2] < nz; voxel[2]++) {
    for (voxel[1] = 0; voxel[1] < ny; voxel[1]++) {
      for (voxel[0] = 0; voxel[0] < nx; voxel[0]++) {
        let from = 0;
        order.forEach((axis, i) =>
          from += strides[axis] * (flips[i] ? shape[axis] - 1 - voxel[i] : voxel[i])
        );
        stored[at++] = data[from];
      }
    }
  }
  const turned = affine.slice();
  for (const row of [0, 4, 8]) {
    order.forEach((axis, i) => {
      const step = affine[row + axis];
      turned[row + i] = flips[i] ? -step : step;
      if (flips[i]) turned[row + 3] += step * (shape[axis] - 1);
    });
  }
  return { shape: [nx, ny, nz], data: stored, affine: turned };
}
