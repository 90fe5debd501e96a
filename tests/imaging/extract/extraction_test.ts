import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import {
  checkMask,
  elementsShape,
  extract,
  type Extraction,
  type Recipe,
} from "../../../src/imaging/extract/extraction.ts";
import { readNifti, type Volume } from "../../../src/imaging/nifti/nifti.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import expected from "../../fixtures/imaging/extraction.json" with { type: "json" };

const decode = (base64: string) => readNifti(Uint8Array.fromBase64(base64), "image.nii.gz");
const image = decode(expected.image);
const masks = new Map(
  Object.entries(expected.masks).map((
    [roi, base64],
  ) => [`digest of ${roi}`, checkMask(decode(base64), roi, "mask")]),
);
/** ClinicaDL cuts the array as it is stored; this image is LAS. */
const cut = (recipe: Recipe, volume: Volume = image) =>
  extract(volume, { orientation: "stored", ...recipe }, masks, "sub-01");

function assertTensor(actual: Extraction, wanted: { shape: number[]; values: number[] }): void {
  assertEquals(actual.shape, wanted.shape);
  assertEquals(actual.data, Float32Array.from(wanted.values));
}

Deno.test("slices have ClinicaDL's count, order and values along each axis", () => {
  const sagittal = cut({ mode: "slice", slice_direction: 0 });
  assertTensor(sagittal, expected.sagittal);
  assertEquals(sagittal.elements, [0, 1, 2, 3, 4, 5, 6]);
  const coronal = cut({ mode: "slice", slice_direction: 1, discarded_slices: [2, 1] });
  assertTensor(coronal, expected.coronal);
  assertEquals(coronal.elements, [2, 3, 4, 5, 6, 7]);
  const axial = cut({ mode: "slice", slice_direction: 2, discarded_slices: [1, 3] });
  assertTensor(axial, expected.axial);
});

Deno.test("listed slices are taken in the order of the list", () => {
  const all = cut({ mode: "slice", slice_direction: 2 });
  const listed = cut({ mode: "slice", slice_direction: 2, slices: [5, 0] });
  const size = 7 * 9;
  assertEquals(listed.elements, [5, 0]);
  assertEquals(listed.data.subarray(0, size), all.data.subarray(5 * size, 6 * size));
  assertEquals(listed.data.subarray(size), all.data.subarray(0, size));
});

Deno.test("slices that are not there are refused", () => {
  assertThrows(
    () => cut({ mode: "slice", slice_direction: 0, discarded_slices: [4, 3] }),
    DataError,
    "sub-01: no slice is left: 4 + 3 are discarded of 7 along axis 0",
  );
  assertThrows(
    () => cut({ mode: "slice", slice_direction: 2, slices: [3, 8] }),
    DataError,
    "no slice 8: there are 8 (0 to 7) along axis 2",
  );
});

Deno.test("patches have ClinicaDL's count, order and values", () => {
  assertTensor(cut({ mode: "patch", patch_size: 3, stride_size: 2 }), expected.patches);
  assertThrows(
    () => cut({ mode: "patch", patch_size: 8, stride_size: 2 }),
    DataError,
    "patches of 8 voxels do not fit the 7 of axis 0",
  );
});

Deno.test("a cropped template has 36 patches by default, as in the reference", () => {
  const voxels = new Uint8Array(169 * 208 * 179);
  const volume = { ...image, shape: [169, 208, 179], voxels, type: "uint8" } as const;
  assertEquals(cut({ mode: "patch", patch_size: 50, stride_size: 50 }, volume).shape, [
    36,
    1,
    50,
    50,
    50,
  ]);
});

Deno.test("regions are the image times the mask, cropped to its box or not", () => {
  const recipe = { mode: "roi", masks: [...masks.keys()] } as const;
  assertTensor(cut({ ...recipe, roi_uncrop_output: false }), expected.cropped);
  assertTensor(cut({ ...recipe, roi_uncrop_output: true }), expected.uncropped);
});

Deno.test("masks that hold other values, or do not match, are refused", () => {
  const mask = decode(expected.masks.left);
  const flat = { ...mask, voxels: new Uint8Array(mask.voxels.length) };
  assertThrows(() => checkMask(flat, "left", "mask.nii"), DataError, "has only 0");
  const two = { ...mask, voxels: Uint8Array.from(mask.voxels, (value) => 2 * value) };
  assertThrows(() => checkMask(two, "left", "mask.nii"), DataError, "but this one has 2");
  const other = { ...image, shape: [9, 7, 8] };
  assertThrows(
    () => cut({ mode: "roi", roi_uncrop_output: true, masks: ["digest of left"] }, other),
    DataError,
    "the image has 9 x 7 x 8 voxels, but the mask of left has 7 x 9 x 8",
  );
});

Deno.test("a mask on another grid of the same shape is refused", () => {
  const shape = [4, 4, 4];
  const affine = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  const inside = Uint8Array.from({ length: 64 }, (_, i) => Number(i % 4 === 0));
  const cutWith = (edit: (affine: Float64Array) => void, orientation?: "stored") => {
    const other = affine.slice();
    edit(other);
    const image = { shape, voxels: Float32Array.from({ length: 64 }, (_, i) => i + 1) };
    const volume = { ...image, slope: 1, intercept: 0, affine, type: "float32" } as const;
    const mask = { ...volume, voxels: inside, affine: other, type: "uint8" } as const;
    const known = new Map([["digest", checkMask(mask, "left", "mask")]]);
    const recipe = { mode: "roi", roi_uncrop_output: false, masks: ["digest"] } as const;
    return extract(volume, { ...recipe, ...(orientation && { orientation }) }, known, "sub-01")
      .data;
  };
  const same = cutWith(() => {});
  assertEquals(same.length, 16);
  assertEquals(cutWith((other) => other[7] = 0.09), same);
  assertThrows(
    () => cutWith((other) => other[7] = 1),
    DataError,
    "sub-01: the mask of left is elsewhere: its corners are up to 1 voxels from the image's",
  );
  // Stored from right to left: the same place, another array.
  const flip = (other: Float64Array) => [other[0], other[3]] = [-1, 3];
  assertEquals(cutWith(flip)[0], 4);
  assertThrows(() => cutWith(flip, "stored"), DataError, "3 voxels from the image's (LAS for RAS)");
});

Deno.test("an image whose affine is singular is cut as stored on request only", () => {
  const volume = { ...image, affine: new Float64Array(16) };
  const recipe = { mode: "image", orientation: "stored" } as const;
  assertEquals(extract(volume, recipe, masks, "sub-01").shape, [1, 1, 7, 9, 8]);
  assertThrows(
    () => extract(volume, { mode: "image" }, masks, "sub-01"),
    DataError,
    'where its axes point is not known; orientation = "stored" cuts it as it is stored',
  );
});

Deno.test("regions that differ in size are cut one after another, each to its own box", () => {
  const volume = decode(expected.masks.left);
  volume.voxels.fill(0).fill(1, 0, 2);
  const uneven = new Map([...masks, ["odd", checkMask(volume, "odd", "mask")]]);
  const only = (mask: string) =>
    extract(
      image,
      { mode: "roi", roi_uncrop_output: false, masks: [mask], orientation: "stored" },
      uneven,
      "sub-01",
    );
  const [left, odd] = [only("digest of left"), only("odd")];
  assertEquals([left.shape, odd.shape], [[1, 1, 3, 5, 4], [1, 1, 2, 1, 1]]);
  const both = extract(
    image,
    {
      mode: "roi",
      roi_uncrop_output: false,
      masks: ["digest of left", "odd"],
      orientation: "stored",
    },
    uneven,
    "sub-01",
  );
  assertEquals([both.shape, both.shapes], [[62], [[3, 5, 4], [2, 1, 1]]]);
  assertEquals([...both.data], [...left.data, ...odd.data]);
  assertEquals(both.elements, [0, 1]);
});

Deno.test("images are whole, in NumPy's order", () => {
  const { shape, data } = cut({ mode: "image" });
  assertEquals(shape, [1, 1, 7, 9, 8]);
  const sagittal = Float32Array.from(expected.sagittal.values);
  assertEquals(data, sagittal);
});

Deno.test("resampling agrees with SciPy's trilinear interpolation in world space", () => {
  const { shape, values, affine } = expected.resampled;
  const target_grid = { shape: [6, 8, 10], spacing: [1.25, 1, 1.5] } as const;
  const result = cut({ mode: "image", target_grid });
  assertEquals(result.shape, [1, 1, ...shape]);
  values.forEach((value, i) => assertAlmostEquals(result.data[i], value, 1e-3));
  affine.forEach((value, i) => assertAlmostEquals(result.affine[i], value, 1e-5));
  assert(values.some((value) => value === 0) && values.some((value) => value !== 0));
});

Deno.test("resampling to its own grid changes no voxel", () => {
  const voxels = Float32Array.from({ length: 24 }, (_, i) => i * i - 40);
  const affine = Float64Array.of(2, 0, 0, 5, 0, 2, 0, 6, 0, 0, 2, 7, 0, 0, 0, 1);
  const volume = readNifti(writeNifti({ shape: [4, 3, 2], voxels, affine }), "image.nii.gz");
  const target_grid = { shape: [4, 3, 2], spacing: [2, 2, 2] } as const;
  const { data } = cut({ mode: "image", target_grid }, volume);
  assertEquals(data, cut({ mode: "image" }, volume).data);
});

Deno.test("NaN becomes 0 in every extraction, and infinity is refused", () => {
  const voxels = new Float32Array(24).fill(2);
  voxels[5] = NaN;
  const volume = { ...image, shape: [4, 3, 2], voxels, slope: 1, intercept: 0, type: "float32" };
  const sound = volume as Volume;
  assertEquals(cut({ mode: "image" }, sound).data.filter((value) => value === 0).length, 1);
  const target_grid = { shape: [2, 2, 2], spacing: [1, 1, 1] } as const;
  assert(cut({ mode: "image", target_grid }, sound).data.every(Number.isFinite));
  voxels[7] = -Infinity;
  const problem = "the image has voxels that are infinite, or beyond float32";
  assertThrows(() => cut({ mode: "image" }, sound), DataError, problem);
  const wide = { ...volume, voxels: new Float64Array(24).fill(1e39), type: "float64" } as Volume;
  assertThrows(() => cut({ mode: "image" }, wide), DataError, problem);
});

Deno.test("images of several volumes are refused", () => {
  assertThrows(
    () => cut({ mode: "image" }, { ...image, shape: [7, 9, 4, 2] }),
    DataError,
    "the image has 2 volumes",
  );
});

Deno.test("the shape of what a recipe cuts is known before it is cut, but for regions in their boxes", () => {
  const masked = { mode: "roi", masks: [...masks.keys()] } as const;
  const recipes: Recipe[] = [
    { mode: "slice", slice_direction: 1, discarded_slices: [2, 1] },
    { mode: "slice", slice_direction: 2, slices: [5, 0] },
    { mode: "patch", patch_size: 3, stride_size: 2 },
    { mode: "image" },
    { ...masked, roi_uncrop_output: true },
  ];
  for (const recipe of recipes) {
    assertEquals(elementsShape(recipe, image.shape, ""), [...cut(recipe).shape], recipe.mode);
  }
  assertEquals(elementsShape({ ...masked, roi_uncrop_output: false }, image.shape, ""), undefined);
});
