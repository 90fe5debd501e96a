import { assertEquals, assertRejects } from "@std/assert";
import { capsMeta, capsOutput, listImages } from "../../src/artifacts/caps.ts";
import { DataError } from "../../src/errors.ts";
import type { Geometry } from "../../src/imaging/datasets/dataset.ts";
import { MemoryStore } from "../steps/memory.ts";

const meta = { source: "caps", preprocessing: "t1-linear", use_uncropped_image: true };
const sessions = { columns: ["participant_id", "session_id"], rows: [["sub-1", "ses-M000"]] };

const geometry = {
  shape: [169, 208, 179],
  orientation: "LAS",
  spacing: [1, 1.0000001, 0.5],
  affine: [-1, 0, 0, 90.5, 0, 1, 0, -126, 0, 0, 0.5, -72, 0, 0, 0, 1],
};
const { orientation: _, ...singular } = geometry;

async function open(store: MemoryStore, known?: Partial<Geometry>) {
  const blob = await store.put("an image");
  const image = { participant: "sub-1", session: "ses-M000", cohort: "single", path: "a.nii" };
  const images = [{ ...image, ...blob, ...known }];
  return { images, output: capsOutput(meta, { images, sessions, extras: { "m.nii": blob } }) };
}

Deno.test("a caps artifact gives back its images, with their geometry where it is known", async () => {
  for (const known of [undefined, geometry, singular]) {
    const store = new MemoryStore();
    const { images, output } = await open(store, known);
    const caps = await store.artifact("caps", output);
    assertEquals(await listImages(caps), images);
    assertEquals(capsMeta(caps), meta);
    assertEquals(caps.files.map(({ path }) => path), [
      "a.nii",
      "images.tsv",
      "m.nii",
      "participants.tsv",
    ]);
    const [columns] = (await caps.readText("images.tsv")).split("\n");
    assertEquals(columns.split("\t").at(-1), known ? "affine" : "cohort");
  }
});

Deno.test("an image that is not among the files of a caps artifact is an error", async () => {
  const store = new MemoryStore();
  const { output: { files: { "a.nii": _, ...files } = {} } } = await open(store);
  const caps = await store.artifact("caps", { files });
  await assertRejects(() => listImages(caps), DataError, "a.nii: is not among");
});
