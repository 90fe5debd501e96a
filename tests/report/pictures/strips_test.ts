import { assertEquals, assertRejects } from "@std/assert";
import { decode } from "fast-png";
import { DataError } from "../../../src/errors.ts";
import { writeSafetensors } from "../../../src/formats/safetensors.ts";
import type { Tensor } from "../../../src/formats/tensor.ts";
import { ImageStrips, spread } from "../../../src/report/pictures/strips.ts";
import type { Artifact } from "../../../src/workflow/step.ts";

const INDEX = "participant_id\tsession_id\tpath\nsub-1\tses-1\tsub-1/ses-1.safetensors\n";

/** An `images` artifact of one session. */
function imagesOf(
  data: Tensor,
  elements: readonly number[],
  { regions, ...others }: { regions?: string[]; affine?: Tensor; shapes?: Tensor } = {},
): Artifact {
  const bytes = writeSafetensors({ data, ...others });
  const files: Record<string, Uint8Array<ArrayBuffer>> = {
    "index.tsv": new TextEncoder().encode(INDEX),
    "sub-1/ses-1.safetensors": Uint8Array.from(bytes),
  };
  return {
    type: "images",
    digest: "sha256-0",
    meta: { elements: [...elements], extraction: { ...(regions && { roi_list: regions }) } },
    files: [],
    read: (path) => Promise.resolve(files[path]),
    readText: (path) => Promise.resolve(new TextDecoder().decode(files[path])),
  };
}

async function pixelsOf(images: Artifact): Promise<{ rows: number[][]; elements: unknown }> {
  const strips = await ImageStrips.open(images);
  const { image, elements } = await strips.strip(strips.find("sub-1", "ses-1")!);
  const png = decode(Uint8Array.fromBase64(image.slice("data:image/png;base64,".length)));
  const rows = Array.from(
    { length: png.height },
    (_, y) => [...png.data.subarray(y * png.width, (y + 1) * png.width)],
  );
  return { rows, elements };
}

Deno.test("a slice's first axis runs to the right and its second upwards", async () => {
  // [1, 1, 2, 3]: x is the first index, so that the largest value is at the right, on top.
  const data = { dtype: "float32", shape: [1, 1, 2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) };
  const { rows, elements } = await pixelsOf(imagesOf(data as Tensor, [40]));
  const [darkest, brightest] = [0, 255];
  assertEquals([rows.length, rows[0].length], [3, 2]);
  assertEquals(rows[2][0], darkest);
  assertEquals(rows[0][1], brightest);
  assertEquals(rows.map(([left]) => left), rows.map(([left]) => left).sort((a, b) => b - a));
  assertEquals(elements, [40]);
});

Deno.test("of many slices six are shown", async () => {
  const data = Float32Array.from({ length: 12 * 6 }, (_, i) => i);
  const tensor = { dtype: "float32", shape: [12, 1, 2, 3], data } as Tensor;
  const { rows, elements } = await pixelsOf(imagesOf(tensor, [...data.keys()].slice(0, 12)));
  assertEquals(elements, [1, 3, 5, 7, 9, 11]);
  assertEquals([rows.length, rows[0].length], [3, 6 * 2 + 5 * 2]);
});

const IDENTITY: Tensor = {
  dtype: "float64",
  shape: [4, 4],
  data: Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1),
};

/** Volumes of 10 x 16 x 8 whose right half is bright. */
function halves(count: number): Tensor {
  const data = Float32Array.from({ length: count * 1280 }, (_, i) => i % 1280 < 640 ? 0 : 1);
  return { dtype: "float32", shape: [count, 1, 10, 16, 8], data };
}

Deno.test("a whole image is shown by an axial, a coronal and a sagittal slice, with its sides named", async () => {
  const { rows } = await pixelsOf(imagesOf(halves(1), [0], { affine: IDENTITY }));
  // 10 + 10 + 16 voxels of 226 / 16 pixels, and two gaps; the highest is the axial slice of 16.
  assertEquals([rows.length, rows[0].length], [226, 141 + 141 + 226 + 4]);
  assertEquals([rows[150][20], rows[150][120], rows[150][300]], [0, 255, 255], "axial, sagittal");
  assertEquals(rows[2][2], 200, "the L of left, on the left");
  const unknown = await pixelsOf(imagesOf(halves(1), [0]));
  assertEquals(unknown.rows[2][2], 0, "no letter without an affine");
});

Deno.test("of patches six are shown, two a line, each by three slices", async () => {
  const { rows, elements } = await pixelsOf(imagesOf(halves(12), [...Array(12).keys()]));
  assertEquals(elements, [1, 3, 5, 7, 9, 11]);
  assertEquals([rows.length, rows[0].length], [3 * 112 + 2 * 8, 2 * (70 + 70 + 112 + 2 * 2) + 8]);
});

Deno.test("regions that differ in size are shown on one scale and called by their names", async () => {
  const data = new Float32Array(1280 + 5 * 16 * 8).map((_, i) => i % 7);
  const tensor = { dtype: "float32", shape: [data.length], data } as Tensor;
  const shapes: Tensor = {
    dtype: "int32",
    shape: [2, 3],
    data: Int32Array.of(10, 16, 8, 5, 16, 8),
  };
  const regions = ["leftHippocampus", "rightHippocampus"];
  const { rows, elements } = await pixelsOf(imagesOf(tensor, [0, 1], { shapes, regions }));
  assertEquals(elements, regions);
  assertEquals([rows.length, rows[0].length], [112, 70 + 70 + 112 + 35 + 35 + 112 + 4 * 2 + 8]);
});

Deno.test("large slices shrink, and a tensor that holds no images is refused", async () => {
  const large = {
    dtype: "float32",
    shape: [1, 1, 300, 150],
    data: new Float32Array(300 * 150).map((_, i) => i),
  } as Tensor;
  const { rows } = await pixelsOf(imagesOf(large, [0]));
  assertEquals([rows.length, rows[0].length], [56, 112]);
  const vector = { dtype: "float32", shape: [4], data: new Float32Array(4) } as Tensor;
  await assertRejects(() => pixelsOf(imagesOf(vector, [0])), DataError, "not images");
});

Deno.test("a few of many are taken evenly from the inside", () => {
  assertEquals(spread(3, 6), [0, 1, 2]);
  assertEquals(spread(129, 6), [10, 32, 53, 75, 96, 118]);
});
