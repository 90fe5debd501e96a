import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import type { MaskFile } from "../../../src/imaging/extract/extract_file.ts";
import { ExtractionPool } from "../../../src/imaging/extract/extract_pool.ts";
import type { Recipe } from "../../../src/imaging/extract/extraction.ts";
import expected from "../../fixtures/imaging/extraction.json" with { type: "json" };

const image = () => Uint8Array.fromBase64(expected.image);
const slices: Recipe = { mode: "slice", slice_direction: 2 };
const masks = (): MaskFile[] => [{
  digest: "left",
  roi: "left",
  subject: "mask.nii.gz",
  bytes: Uint8Array.fromBase64(expected.masks.left),
}];

async function withPool(threads: number, test: (pool: ExtractionPool) => Promise<void>) {
  const pool = new ExtractionPool(threads, masks());
  try {
    await test(pool);
  } finally {
    pool.close();
  }
}

Deno.test("threads give the bytes that one thread gives, however many calls wait", async () => {
  const region: Recipe = { mode: "roi", roi_uncrop_output: false, masks: ["left"] };
  await withPool(1, async (alone) => {
    const wanted = [
      await alone.extract(image(), slices, "sub-01"),
      await alone.extract(image(), region, "sub-01"),
    ];
    await withPool(2, async (pool) => {
      const recipes = [slices, region, region, slices, slices, region, slices];
      const found = await Promise.all(
        recipes.map((recipe) => pool.extract(image(), recipe, "sub-01")),
      );
      found.forEach((bytes, i) => assertEquals(bytes, wanted[recipes[i] === slices ? 0 : 1]));
    });
  });
});

Deno.test("a refused image comes back as such, and the thread goes on", async () => {
  await withPool(2, async (pool) => {
    const broken = image().subarray(0, 100).slice();
    await assertRejects(
      () => pool.extract(broken, slices, "sub-02"),
      DataError,
      "sub-02: broken gzip file (unexpected end of file)",
    );
    await pool.extract(image(), slices, "sub-01");
    await pool.extract(image(), slices, "sub-01");
  });
});

Deno.test("a file that is no mask is refused before any image is cut", () => {
  const [mask] = masks();
  const wrong = [{ ...mask, bytes: image() }];
  for (const threads of [1, 2]) {
    try {
      new ExtractionPool(threads, wrong);
    } catch (error) {
      assertEquals(error instanceof DataError && error.subject, "mask.nii.gz");
      continue;
    }
    throw new Error("it was taken");
  }
});
