import { assertEquals, assertRejects } from "@std/assert";
import { decode } from "fast-png";
import { DataError } from "../../src/errors.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import type { Tensor } from "../../src/formats/tensor.ts";
import { ImageStrips, spread } from "../../src/report/strips.ts";
import type { Artifact } from "../../src/workflow/step.ts";

const INDEX = "participant_id\tsession_id\tpath\nsub-1\tses-1\tsub-1/ses-1.safetensors\n";

/** An `images` artifact of one session. */
function imagesOf(data: Tensor, elements: readonly number[]): Artifact {
  const bytes = writeSafetensors(new Map([["data", data]]));
  const files: Record<string, Uint8Array<ArrayBuffer>> = {
    "index.tsv": new TextEncoder().encode(INDEX),
    "sub-1/ses-1.safetensors": Uint8Array.from(bytes),
  };
  return {
    type: "images",
    digest: "sha256-0",
    meta: { mode: "slice", elements: [...elements] },
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

Deno.test("of a volume the slice in the middle is shown, of many elements six", async () => {
  const size = 2 * 2 * 3;
  const data = Float32Array.from({ length: 12 * size }, (_, i) => i % 3 === 1 ? 1 + i : -1e6);
  const tensor = { dtype: "float32", shape: [12, 1, 2, 2, 3], data } as Tensor;
  const { rows, elements } = await pixelsOf(imagesOf(tensor, [...data.keys()].slice(0, 12)));
  assertEquals(elements, [1, 3, 5, 7, 9, 11]);
  assertEquals([rows.length, rows[0].length], [2, 6 * 2 + 5 * 2]);
  assertEquals(Math.max(...rows.flat()), 255);
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
