import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { reading } from "../../src/steps/engine_options.ts";
import { readWorkflow } from "../../src/workflow/read.ts";
import { niftiFile } from "../imaging/raw_heads.ts";
import { toyHead } from "../imaging/preprocess/toy_heads.ts";
import { Project } from "../steps/workflows.ts";

const WORKFLOW = new URL("../../workflows/from_bids.toml", import.meta.url);

Deno.test("the workflow from raw BIDS images registers before it cuts, and labels what was registered", async () => {
  const { instances } = await readWorkflow(WORKFLOW.pathname, { ...reading, set: [] });
  const inputsOf = (name: string) =>
    JSON.stringify(instances.find((instance) => instance.name === name)?.inputs);
  assertStringIncludes(inputsOf("slices"), '"registered"');
  assertStringIncludes(inputsOf("labels"), '"quality"');
  assertEquals(instances.filter(({ step }) => step === "train").length, 4);
});

Deno.test("without its template the workflow names the parameter for it", async () => {
  await using project = await Project.create();
  const anat = `${project.folder}/bids/sub-1/ses-M000/anat`;
  await Deno.mkdir(anat, { recursive: true });
  await Deno.writeFile(`${anat}/sub-1_ses-M000_T1w.nii.gz`, niftiFile(toyHead(1)));
  await project.write("from_bids.toml", await Deno.readTextFile(WORKFLOW));
  const error = await assertRejects(() =>
    project.runFile(`${project.folder}/from_bids.toml`, ["params.bids=bids"])
  );
  assertStringIncludes(
    (error as Error).message,
    "mni_icbm152_t1_tal_nlin_sym_09c.nii: no such file; the parameter registered.template names it",
  );
});
