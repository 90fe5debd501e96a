/** `generate.phantom` with heads as scanners store them. */
import { assert, assertEquals } from "@std/assert";
import { readTsv } from "../../../src/formats/tsv.ts";
import { Project } from "../workflows.ts";

Deno.test("heads in native space are a BIDS folder that bids.open reads", async () => {
  await using project = await Project.create();
  await project.run(`
[steps.heads]
uses = "generate.phantom"
with = { n_subjects = 2, image_size = 16, space = "native" }
[publish]
"bids" = "heads.caps"
`);
  const outcome = await project.run(`
[steps.raw]
uses = "bids.open"
with.bids_directory = "bids"
[steps.labels]
uses = "labels.get"
in.caps = "raw"
`);
  const images = readTsv(
    await project.artifact(outcome, "raw", "caps").readText("images.tsv"),
    "images.tsv",
  );
  const column = (name: string) => images.rows.map((row) => row[images.columns.indexOf(name)]!);
  assertEquals(column("path")[0], "sub-PHAN0000/ses-M000/anat/sub-PHAN0000_ses-M000_T1w.nii.gz");
  assert(new Set(column("orientation")).size > 1 && new Set(column("spacing")).size === 4);
  const labels = project.artifact(outcome, "labels", "labels").meta;
  assertEquals(labels.sessions, 4);
});

Deno.test("a registered head is the same as ever, whatever native ones are", async () => {
  await using project = await Project.create();
  const bytes = async (space: string) => {
    const outcome = await project.run(`
[steps.heads]
uses = "generate.phantom"
with = { n_subjects = 1, image_size = 16${space} }
`);
    return project.artifact(outcome, "heads", "caps").digest;
  };
  assertEquals(await bytes(""), await bytes(', space = "template"'));
  assert(await bytes("") !== await bytes(', space = "native"'));
});
