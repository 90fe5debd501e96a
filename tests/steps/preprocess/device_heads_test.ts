/** The linear pipelines where a GPU is asked for; here it is a software adapter. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { capsOutput } from "../../../src/artifacts/caps.ts";
import { openDevice } from "../../../src/gpu/device.ts";
import { drawAnatomy } from "../../../src/imaging/generate/anatomy.ts";
import { renderPhantom } from "../../../src/imaging/generate/phantom.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import type { TemplateSpace } from "../../../src/imaging/preprocess/template_space.ts";
import { Random } from "../../../src/random.ts";
import { preprocessHeads } from "../../../src/steps/preprocess/preprocess_heads.ts";
import t1Linear from "../../../src/steps/preprocess/t1_linear.ts";
import { SINGLE_COHORT } from "../../../src/tables/identity.ts";
import { runPlace, type StepKind } from "../../../src/workflow/step.ts";
import { MemoryStore } from "../memory.ts";

const SIDE = 40;

function head(participant: number) {
  const subject = { diagnosis: "CN", age: 60, sex: "F", followUp: 0 } as const;
  const anatomy = drawAnatomy(5, participant, subject, 1);
  return renderPhantom(anatomy, [SIDE, SIDE, SIDE], new Random(5, participant));
}

const fileOf = ({ shape, affine, data }: ReturnType<typeof head>) =>
  writeNifti({ shape, affine, voxels: data });

Deno.test("the choice of a GPU is in the keys, and a software adapter is warned about", async () => {
  const store = new MemoryStore();
  const names = { participant: "sub-1", session: "ses-M000", cohort: SINGLE_COHORT };
  const raw = { ...names, path: "sub-1_T1w.nii.gz", ...await store.put(fileOf(head(1))) };
  const caps = await store.artifact(
    "caps",
    capsOutput({ source: "bids", preprocessing: "t1", use_uncropped_image: null }, {
      images: [raw],
      sessions: { columns: ["participant_id", "session_id"], rows: [["sub-1", "ses-M000"]] },
    }),
  );
  const template = await Deno.makeTempFile({ suffix: ".nii.gz" });
  await Deno.writeFile(template, fileOf(head(0)));
  const { shape, affine } = head(0);
  const space: TemplateSpace = { shape, affine, crop: { start: [4, 0, 5], shape: [32, 40, 33] } };
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
    const { caps: output } = await preprocessHeads(context, "t1-linear", space);
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
  } finally {
    device.destroy();
    await Deno.remove(template);
  }
});
