import { assertEquals } from "@std/assert";
import { reading } from "../../src/steps/engine_options.ts";
import { readWorkflow } from "../../src/workflow/read.ts";
import { Project } from "../steps/workflows.ts";

const WORKFLOW = new URL("../../workflows/oasis_3d.toml", import.meta.url);
const full = Deno.env.get("GYRUS_TEST_FULL") === "1";

Deno.test("the workflow on real volumes trains networks of regions, patches and images in five folds", async () => {
  const { instances } = await readWorkflow(WORKFLOW.pathname, { ...reading, set: [] });
  for (const step of ["roi", "patch", "image", "predict_roi", "predict_patch", "predict_image"]) {
    assertEquals(instances.filter((instance) => instance.step === step).length, 5, step);
  }
});

Deno.test({
  name: "the workflow on real volumes runs on a CAPS with masks of the hippocampi",
  ignore: !full,
  fn: async () => {
    await using project = await Project.create();
    await project.run(`
[steps.caps]
uses = "generate.phantom"
[steps.caps.with]
n_subjects = 10
image_size = 32
roi_list = ["leftHippocampusBox", "rightHippocampusBox"]
[steps.labels]
uses = "labels.get"
in.caps = "caps"
[publish]
"caps" = "caps.caps"
"labels.tsv" = "labels"
`);
    await project.write("oasis/workflow.toml", await Deno.readTextFile(WORKFLOW));
    const { result } = await project.runFile(`${project.folder}/oasis/workflow.toml`, [
      `params.caps=${project.folder}/caps`,
      `params.labels=${project.folder}/labels.tsv`,
      "params.n_splits=2",
      "patches.patch_size=16",
      "patches.stride_size=16",
      "roi.epochs=1",
      "patch.epochs=1",
      "patch.selection_threshold=0",
      "image.epochs=1",
      "split.p_age_threshold=0.1",
      "split.p_sex_threshold=0.1",
    ]);
    assertEquals(result.status, "done");
  },
});
