/** The linear pipelines where a GPU is asked for; here it is a software adapter. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { capsOutput } from "../../../src/artifacts/caps.ts";
import { openDevice } from "../../../src/gpu/device.ts";
import { preprocessHeads } from "../../../src/steps/preprocess/preprocess_heads.ts";
import t1Linear from "../../../src/steps/preprocess/t1_linear.ts";
import { SINGLE_COHORT } from "../../../src/tables/identity.ts";
import { runPlace, type StepKind } from "../../../src/workflow/step.ts";
import { TOY_SPACE, TOY_TEMPLATE, toyHead } from "../../imaging/preprocess/toy_heads.ts";
import { niftiFile } from "../../imaging/raw_heads.ts";
import { MemoryStore } from "../memory.ts";

Deno.test("the choice of a GPU is in the keys, and a software adapter is warned about", async () => {
  const store = new MemoryStore();
  const names = { participant: "sub-1", session: "ses-M000", cohort: SINGLE_COHORT };
  const raw = { ...names, path: "sub-1_T1w.nii.gz", ...await store.put(niftiFile(toyHead(1))) };
  const caps = await store.artifact(
    "caps",
    capsOutput({ source: "bids", preprocessing: "t1", use_uncropped_image: null }, {
      images: [raw],
      sessions: { columns: ["participant_id", "session_id"], rows: [["sub-1", "ses-M000"]] },
    }),
  );
  const template = await Deno.makeTempFile({ suffix: ".nii.gz" });
  await Deno.writeFile(template, niftiFile(TOY_TEMPLATE));
  const device = await openDevice();
  const run = async (compute: "processor" | "gpu", driver: string) => {
    const params = t1Linear.params.parse({ template, compute });
    const kind = t1Linear as unknown as StepKind;
    assertEquals(runPlace({ kind, params }), compute === "gpu" ? "device" : "worker");
    const context = {
      ...store.context(params, { caps }),
      services: { numericClass: { driver }, device: () => Promise.resolve(device) },
    };
    const before = store.computed;
    const { caps: output } = await preprocessHeads(context, "t1-linear", TOY_SPACE);
    const registered = await store.artifact("caps", output);
    const path = registered.files.find(({ path }) => path.endsWith("T1w.json"))!.path;
    return {
      description: JSON.parse(await registered.readText(path)),
      computed: store.computed - before,
    };
  };
  try {
    const here = await run("processor", "");
    assertEquals(here.description.parameters.compute, "processor");
    assertEquals(store.warnings, []);

    const there = await run("gpu", "A");
    assertEquals(there.description.parameters.compute, "gpu");
    assertStringIncludes(store.warnings[0], "the only adapter is a software one (llvmpipe");
    // Where the header puts the voxels is cached for both; image and registration are not.
    assertEquals([here.computed, there.computed], [3, 2]);

    assertEquals((await run("gpu", "A")).computed, 0);
    assertEquals((await run("gpu", "B")).computed, 2);
  } finally {
    device.destroy();
    await Deno.remove(template);
  }
});
