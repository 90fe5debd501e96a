import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type ImageSet, openImages, type Sample } from "../../../src/artifacts/images.ts";
import { DataError } from "../../../src/errors.ts";
import { writeSafetensors } from "../../../src/formats/safetensors.ts";
import { elementData } from "../../../src/steps/model/element_data.ts";
import { loadingOf } from "../../../src/steps/model/loading.ts";
import type { Artifact } from "../../../src/workflow/step.ts";

const AS_STORED = loadingOf({ normalize: false });

/** Counts how often each file was read. */
class Images {
  readonly reads = new Map<string, number>();

  constructor(
    readonly meta: Artifact["meta"],
    readonly file: (path: string) => Uint8Array<ArrayBuffer>,
  ) {}

  open(): Promise<ImageSet> {
    return openImages({
      type: "images",
      meta: this.meta,
      readText: () => Promise.resolve("participant_id\tsession_id\tsource_digest\tpath\n"),
      read: (path: string) => {
        this.reads.set(path, (this.reads.get(path) ?? 0) + 1);
        return Promise.resolve(this.file(path));
      },
    } as unknown as Artifact);
  }
}

const samples = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ path: String(i) }) as Sample);

const volume = (shape: readonly number[], first: number) => {
  const length = shape.reduce((product, size) => product * size);
  const data = Float32Array.from({ length }, (_, i) => first + i);
  return { data: { dtype: "float32", shape, data } } as const;
};

Deno.test("as many volumes stay on the host as fit its share, counted in bytes after their reduction", async () => {
  const shape = [1, 1, 4, 6, 8];
  const images = new Images(
    { mode: "image", elements: [0], element_shape: shape.slice(1), extraction: {} },
    (path) => writeSafetensors(volume(shape, Number(path))),
  );
  const bytes = 4 * 4 * 6 * 8;
  const readTwice = async (loading: ReturnType<typeof loadingOf>) => {
    images.reads.clear();
    const data = elementData(await images.open(), samples(4), loading, 2 * bytes);
    for (const sample of [0, 1, 2, 3, 3, 2, 1, 0]) await data.read(sample);
    return [...images.reads.values()];
  };
  assertEquals(await readTwice(AS_STORED), [2, 2, 1, 1]);
  const reduced = loadingOf({ normalize: false, size_reduction: true });
  assertEquals(await readTwice(reduced), [1, 1, 1, 1]);
});

Deno.test("a volume that can't be read is tried again", async () => {
  let broken = true;
  const images = new Images(
    { mode: "image", elements: [0], element_shape: [1, 2, 2, 2], extraction: {} },
    () => {
      if (broken) throw new DataError("0", "is corrupt");
      return writeSafetensors(volume([1, 1, 2, 2, 2], 5));
    },
  );
  const data = elementData(await images.open(), samples(1), AS_STORED);
  await assertRejects(async () => await data.read(0), DataError, "corrupt");
  broken = false;
  assertEquals((await data.read(0))[0], 5);
});

Deno.test("regions that differ in size are read one by one, by their own shape", async () => {
  const sizes = [[2, 3, 4], [1, 2, 2]];
  const images = new Images({
    mode: "roi",
    elements: [0, 1],
    element_shapes: sizes.map((size) => [1, ...size]),
    extraction: { roi_list: ["left", "right"] },
  }, (path) =>
    writeSafetensors({
      ...volume([24 + 4], 100 * Number(path)),
      shapes: { dtype: "int32", shape: [2, 3], data: Int32Array.from(sizes.flat()) },
    }));
  const data = elementData(await images.open(), samples(2), AS_STORED);
  assertEquals([data.varied, data.count, data.elements], [true, 4, 2]);
  const right = data.ofElement(1);
  assertEquals([right.shape, right.count], [[1, 1, 2, 2], 2]);
  assertEquals([...await right.read(1)], [124, 125, 126, 127]);
  assertEquals((await data.ofElement(0).read(1)).length, 24);
  assertThrows(
    () => data.shape,
    DataError,
    "images: the regions differ in size: left (2 x 3 x 4), right (1 x 2 x 2); extract each by a step " +
      "of its own, or all with roi_uncrop_output = true",
  );
});

Deno.test("elements of another shape than the artifact's are refused, naming the session", async () => {
  const images = new Images(
    { mode: "patch", elements: [0, 1], element_shape: [1, 2, 2, 2], extraction: {} },
    () => writeSafetensors(volume([2, 1, 2, 2, 3], 0)),
  );
  const [sample] = samples(1);
  const named = { ...sample, participant: "sub-1", session: "ses-M000" };
  const data = elementData(await images.open(), [named], AS_STORED);
  await assertRejects(
    async () => await data.read(1),
    DataError,
    "sub-1 ses-M000: its elements have shape 2 x 1 x 2 x 2 x 3, those of the others 2 x 1 x 2 x 2 x 2",
  );
});
