import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { listImages } from "../../../src/artifacts/caps.ts";
import { DataError } from "../../../src/errors.ts";
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

Deno.test("of one image compressed and not the compressed one is taken, of two with one name none", () =>
  inFolder(async (folder) => {
    const anat = `${folder}/sub-1/anat`;
    await Deno.mkdir(anat, { recursive: true });
    const store = new MemoryStore();
    const logs: string[] = [];
    const open = async (bytes: Uint8Array, given: Record<string, unknown> = {}) => {
      await Deno.writeFile(`${anat}/sub-1_T1w.nii`, bytes);
      await Deno.writeFile(`${anat}/sub-1_T1w.nii.gz`, image);
      logs.length = 0;
      const params = bidsOpen.params.parse({ bids_directory: folder, ...given });
      const context = { ...store.context(params), log: (text: string) => void logs.push(text) };
      const { caps } = await bidsOpen.run(context);
      return (await listImages(await store.artifact("caps", caps))).map(({ path }) => path);
    };
    const plain = new Uint8Array(gunzipSync(image));
    const edited = (at: number) => plain.with(at, plain[at] ^ 1);
    const described = edited(148);
    for (const bytes of [plain, described]) {
      assertEquals(await open(bytes), ["sub-1/anat/sub-1_T1w.nii.gz"]);
      assertStringIncludes(
        logs.join("\n"),
        "sub-1/anat/sub-1_T1w.nii.gz (compressed), not sub-1/anat/sub-1_T1w.nii",
      );
    }
    // The last voxel, and a number of the affine.
    for (const at of [plain.length - 1, 282]) {
      const { message } = await assertRejects(() => open(edited(at)), DataError);
      assertStringIncludes(
        message,
        "is another image than sub-1/anat/sub-1_T1w.nii, which has its",
      );
    }
    const custom = { modality: "custom", custom_suffix: "_T1w.nii.gz" };
    assertEquals(await open(edited(282), custom), ["sub-1/anat/sub-1_T1w.nii.gz"]);
  }));

Deno.test("an entity that is misspelt is refused", () => {
  const parse = (entities: unknown) => bidsOpen.params.parse({ bids_directory: "/x", entities });
  assertThrows(() => parse({ aqc: "b" }), Error, "aqc");
  assertThrows(() => parse({ acq: "b/c" }), Error, "must be the value of an entity");
});
