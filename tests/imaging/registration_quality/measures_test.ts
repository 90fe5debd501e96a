import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { headRegion } from "../../../src/imaging/registration_quality/head_region.ts";
import {
  fieldRange,
  measureRegistration,
} from "../../../src/imaging/registration_quality/measures.ts";
import { Random } from "../../../src/random.ts";
import type { ScalarImage } from "../../../src/imaging/scalar_image.ts";

const IDENTITY = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
const SIZE = 24;

function image(value: (radius: number, at: number) => number): ScalarImage {
  const data = Float32Array.from({ length: SIZE ** 3 }, (_, at) => {
    const [x, y, z] = [at % SIZE, Math.floor(at / SIZE) % SIZE, Math.floor(at / SIZE ** 2)];
    const middle = (SIZE - 1) / 2;
    return value(Math.hypot(x - middle, y - middle, z - middle), at);
  });
  return { shape: [SIZE, SIZE, SIZE], data, affine: IDENTITY };
}

/** A bright shell of skin around dark bone around a brain. */
const head = (radius: number) => radius > 10 ? 0 : radius > 8.5 ? 90 : radius > 7 ? 5 : 60 + radius;

const measure = (registered: ScalarImage, affine = IDENTITY) =>
  measureRegistration({
    registered,
    template: image(head),
    affine,
    mutualInformation: 0.7,
    fieldRange: 1.4,
  });

Deno.test("the head is all between its surfaces, dark bone included", () => {
  const { data, shape } = image(head);
  const expected = image((radius) => radius <= 10 ? 1 : 0).data;
  assertEquals(headRegion({ data, shape }), Uint8Array.from(expected));
  assertEquals(headRegion(image(() => 7)).some((inside) => inside === 1), false);
});

Deno.test("correlation is Pearson's over the template's head, whatever the image is elsewhere", () => {
  assertAlmostEquals(measure(image((radius) => 3 * head(radius) + 20)).correlation, 1, 1e-9);
  assertAlmostEquals(measure(image((radius) => 500 - head(radius))).correlation, -1, 1e-9);
  const random = new Random(1, "air");
  const noisy = image((radius) => radius > 10 ? random.uniform(0, 1000) : head(radius));
  assertAlmostEquals(measure(noisy).correlation, 1, 1e-9);
  assertEquals(measure(image(() => 3)).correlation, 0);
});

Deno.test("a part that the image lacks lowers the correlation", () => {
  const cut = image((radius, at) => at < SIZE ** 3 / 2 ? 0 : head(radius));
  assertEquals(measure(cut).correlation < 0.6, true);
});

Deno.test("the centre of the template's grid is what shifts", () => {
  const shifted = IDENTITY.slice();
  shifted.set([3], 3);
  shifted.set([4], 7);
  const { shift, rotation, scale_x, mutual_information, field_range } = measure(
    image(head),
    shifted,
  );
  assertAlmostEquals(shift, 5, 1e-12);
  assertEquals([rotation, scale_x, mutual_information, field_range], [0, 1, 0.7, 1.4]);
});

Deno.test("images on different grids are refused", () => {
  const other: ScalarImage = { ...image(head), shape: [SIZE * SIZE, SIZE, 1] };
  assertThrows(() => measure(other), RangeError, "the template 24 x 24 x 24");
});

Deno.test("the range of the bias field is that within the head", () => {
  const field = image((radius, at) => radius > 10 ? 50 : at % SIZE < SIZE / 2 ? 0.8 : 1.2);
  assertAlmostEquals(fieldRange(field, image(head)), 1.5, 1e-6);
  assertEquals(fieldRange(field, image(() => 0)), 1);
});
