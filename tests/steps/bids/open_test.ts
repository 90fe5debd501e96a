import { assertEquals, assertThrows } from "@std/assert";
import { listImages } from "../../../src/artifacts/caps.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import bidsOpen from "../../../src/steps/bids/open.ts";
import { describeImages } from "../../../src/steps/extract/extract_images.ts";
import { inFolder } from "../../engine/scratch.ts";
import { MemoryStore } from "../memory.ts";

const image = writeNifti({
  shape: [2, 2, 2],
  voxels: new Uint8Array(8),
  affine: Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1),
});

Deno.test("entities are asked for in a table, and stay with the data set and what is cut of it", () =>
  inFolder(async (folder) => {
    const names = ["acq-b_run-01", "acq-b_run-02", "acq-c", ""];
    await Deno.mkdir(`${folder}/sub-1/anat`, { recursive: true });
    for (const name of names) {
      await Deno.writeFile(
        `${folder}/sub-1/anat/${["sub-1", name, "T1w"].filter(Boolean).join("_")}.nii.gz`,
        image,
      );
    }
    const store = new MemoryStore();
    const open = async (given: Record<string, unknown>) => {
      const params = bidsOpen.params.parse({ bids_directory: folder, ...given });
      const { caps } = await bidsOpen.run(store.context(params));
      const artifact = await store.artifact("caps", caps);
      const [{ path }] = await listImages(artifact);
      return { path, meta: artifact.meta, extraction: describeImages(artifact) };
    };
    const { path, meta, extraction } = await open({ entities: { acq: ["a", "b"], run: 1 } });
    assertEquals(path, "sub-1/anat/sub-1_acq-b_run-01_T1w.nii.gz");
    const entities = { acq: ["a", "b"], run: ["1"] };
    assertEquals([meta.entities, extraction.entities], [entities, entities]);
    const plain = await open({ entities: { acq: "" } });
    assertEquals(plain.path, "sub-1/anat/sub-1_T1w.nii.gz");
  }));

Deno.test("an entity that is misspelt is refused", () => {
  const parse = (entities: unknown) => bidsOpen.params.parse({ bids_directory: "/x", entities });
  assertThrows(() => parse({ aqc: "b" }), Error, "aqc");
  assertThrows(() => parse({ acq: "b/c" }), Error, "must be the value of an entity");
});
