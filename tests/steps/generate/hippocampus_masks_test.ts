/** `generate.phantom` with masks of the hippocampi. */
import { assertEquals } from "@std/assert";
import { imagesMeta } from "../../../src/artifacts/images.ts";
import rois from "../../../src/steps/extract/rois.ts";
import phantom from "../../../src/steps/generate/phantom.ts";
import { MemoryStore } from "../memory.ts";

const BOXES = { roi_list: ["leftHippocampusBox", "rightHippocampusBox"] };
const MASKS = ["left", "right"].map((side) =>
  "masks/tpl-MNI152NLin2009cSym/tpl-MNI152NLin2009cSym_desc-Crop_res-1x1x1_" +
  `roi-${side}HippocampusBox_mask.nii.gz`
);

async function generate(store: MemoryStore, more = {}) {
  const params = phantom.params.parse({ n_subjects: 1, image_size: 32, ...more });
  const { caps } = await phantom.run(store.context(params));
  return await store.artifact("caps", caps);
}

Deno.test("regions are cut by the masks of a generated data set", async () => {
  const store = new MemoryStore();
  const caps = await generate(store, BOXES);
  const { images } = await rois.run(store.context(rois.params.parse(BOXES), { caps }));
  const { element_shape, mask_files } = imagesMeta(await store.artifact("images", images));
  assertEquals(element_shape, [1, 9, 9, 9]);
  assertEquals(mask_files, MASKS.map((path) => path.split("/").at(-1)!));
});

Deno.test("masks are written where they are asked for, and change nothing else", async () => {
  const store = new MemoryStore();
  const [plain, masked] = [await generate(store), await generate(store, BOXES)];
  assertEquals(masked.files.filter(({ path }) => !path.startsWith("masks/")), plain.files);
  assertEquals(masked.files.length, plain.files.length + MASKS.length);
  assertEquals(
    Object.hasOwn(phantom.params.parse({}), "roi_list"),
    false,
    "the key of a data set without masks stays",
  );
});

Deno.test("raw heads have no masks: roi_list is refused for them", () => {
  const problemsOf = (given: Record<string, unknown>) =>
    phantom.checkParams!(phantom.params.parse(given)).map(({ message }) => message);
  assertEquals(problemsOf(BOXES), []);
  assertEquals(problemsOf({ ...BOXES, space: "native" }), [
    "masks lie on the grid of registered heads, and these are raw",
  ]);
});
