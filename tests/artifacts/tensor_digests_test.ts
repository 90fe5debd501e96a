import { assert, assertEquals } from "@std/assert";
import { digestRepeatedTensors, digestTensors } from "../../src/artifacts/tensor_digests.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { MemoryStore } from "../steps/memory.ts";

/** An image's file: its two slices of one voxel and something that networks do not see. */
function tensors(voxels: readonly number[], origin: number): Uint8Array {
  return writeSafetensors({
    data: { dtype: "float32", shape: [2, 1, 1, 1], data: Float32Array.from(voxels) },
    affine: { dtype: "float64", shape: [1], data: Float64Array.of(origin) },
  });
}

const FILES = {
  known: tensors([1, 2], 0),
  copied: tensors([1, 2], 0),
  moved: tensors([1, 2], 5),
  other: tensors([1, 3], 0),
  blank: tensors([4, 4], 0),
  "blank again": tensors([4, 4], 0),
};

const samples = Object.keys(FILES).map((path) => ({ path }));

Deno.test("digests of tensors are equal where all voxels are, and absent of blank images", async () => {
  const store = new MemoryStore();
  const images = await store.artifact("images", { files: FILES });
  const digested = await digestTensors(images, samples, store.context({}));
  const [known, copied, moved, other, ...blank] = digested.map((sample) => sample.tensorDigest);
  assert(known !== undefined && other !== undefined);
  assertEquals([copied, moved, other === known], [known, known, false]);
  assertEquals(blank, [undefined, undefined]);

  assertEquals(
    await digestTensors(images, samples.toReversed(), store.context({})),
    digested.toReversed(),
  );
  assertEquals(store.computed, 1);
});

Deno.test("digests of repeated tensors need only the files that are equal", async () => {
  const store = new MemoryStore();
  const images = await store.artifact("images", { files: FILES });
  const read: string[] = [];
  const watched = {
    ...images,
    read: (path: string) => {
      read.push(path);
      return images.read(path);
    },
  };
  const digested = await digestRepeatedTensors(watched, samples);
  const [known, ...others] = digested.map((sample) => sample.tensorDigest);
  assert(known !== undefined);
  assertEquals(others, [known, undefined, undefined, undefined, undefined]);
  assertEquals(read, ["blank", "copied"]);
});
