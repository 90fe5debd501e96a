import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { WorkflowError } from "../../../src/errors.ts";
import { readTsv } from "../../../src/formats/tsv.ts";
import capsGenerate from "../../../src/steps/caps/generate.ts";
import { MemoryStore } from "../memory.ts";
import { Project } from "../workflows.ts";

const PHANTOMS = `
[steps.caps]
uses = "caps.generate"
with = { kind = "phantom", n_subjects = 3, n_sessions = 2, image_size = 16, seed = 1 }
[steps.labels]
uses = "labels.get"
in.caps = "caps"
[steps.slices]
uses = "extract.slices"
in.caps = "caps"
with = { slice_direction = 2, discarded_slices = 7 }
[publish]
"caps" = "caps.caps"
"sheet.png" = "caps.contact_sheet"
"labels.tsv" = "labels"
`;

Deno.test("a generated data set is a CAPS: standard names, one row a session, ready to extract", async () => {
  await using project = await Project.create();
  await project.run(PHANTOMS);
  const table = readTsv(await project.read("caps/participants.tsv"), "participants.tsv");
  assertEquals(table.rows.length, 12);
  assertEquals(table.rows[1].slice(0, 2), ["sub-PHAN0000", "ses-M012"]);
  for (const [participant, session] of table.rows) {
    const stem = `${participant}_${session}_space-MNI152NLin2009cSym_desc-Crop_res-1x1x1_T1w`;
    const path = `caps/subjects/${participant}/${session}/t1_linear/${stem}.nii.gz`;
    assert((await Deno.stat(`${project.folder}/${path}`)).size > 1000);
  }
  const labels = readTsv(await project.read("labels.tsv"), "labels.tsv");
  assertEquals(labels.columns, ["participant_id", "session_id", "age", "sex", "diagnosis"]);
  const png = await Deno.readFile(`${project.folder}/sheet.png`);
  assertEquals([...png.subarray(1, 4)], [...new TextEncoder().encode("PNG")]);
});

Deno.test("a generated data set is opened by caps.open as any other", async () => {
  await using project = await Project.create();
  await project.run(PHANTOMS);
  await project.run(`
[steps.caps]
uses = "caps.open"
with.caps_directory = "caps"
[steps.labels]
uses = "labels.get"
in.caps = "caps"
[publish]
"again.tsv" = "labels"
`);
  assertEquals(await project.read("again.tsv"), await project.read("labels.tsv"));
});

Deno.test("more participants generate the new images alone, and the others keep their bytes", async () => {
  const store = new MemoryStore();
  const images = async (n_subjects: number) => {
    const params = capsGenerate.params.parse({ kind: "phantom", n_subjects, image_size: 16 });
    const { caps } = await capsGenerate.run(store.context(params));
    return readTsv(await (await store.artifact("caps", caps)).readText("images.tsv"), "").rows;
  };
  const before = await images(2);
  assertEquals(store.computed, 4);
  const after = await images(3);
  assertEquals(store.computed, 6);
  assertEquals(after.slice(0, before.length), before);
  assertEquals(new Set(after.map((row) => row[3])).size, 6);
});

Deno.test("parameters of another kind are refused, and so is a kind without its image", async () => {
  await using project = await Project.create();
  const error = await assertRejects(
    () =>
      project.run(`
[steps.caps]
uses = "caps.generate"
with = { kind = "phantom", atrophy_percent = 30 }
`),
    WorkflowError,
  );
  assertStringIncludes(error.message, "atrophy_percent belongs to trivial, not to phantom");
  const missing = await assertRejects(() =>
    project.run(`
[steps.caps]
uses = "caps.generate"
with.kind = "trivial"
`)
  );
  assertStringIncludes(
    (missing as Error).message,
    "give it a data set (in.caps) or a NIfTI file (image)",
  );
});

Deno.test("an image with its name twice is one person to the labels, which say so", async () => {
  await using project = await Project.create();
  const { warnings } = await project.run(`
[steps.caps]
uses = "caps.generate"
with = { kind = "phantom", n_subjects = 1, image_size = 16 }
[steps.same]
uses = "caps.generate"
in.caps = "caps"
with = { kind = "random", n_subjects = 1, sigma = 0 }
[steps.labels]
uses = "labels.get"
in.caps = "same"
`);
  assertEquals(warnings, [
    "sub-RAND0000 and sub-RAND0001 have the same image: the check for leakage counts them as one person",
  ]);
});
