import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { bidsLayout, bidsPattern } from "../../../src/imaging/datasets/bids.ts";
import { capsLayout, capsPattern } from "../../../src/imaging/datasets/caps.ts";
import type { OpenOptions } from "../../../src/imaging/datasets/open.ts";
import { logged, open, space, t1, t1File, withTree } from "./trees.ts";

/** A layout as those of bids-examples, and what opening it gives. */
interface BidsCase {
  files: string[];
  type?: Parameters<typeof bidsPattern>[0];
  options?: OpenOptions;
  /** Images by name, or the end of the error's line. */
  gives: string[] | string;
  /** The reason that is logged for the first choice. */
  reason?: string;
}

const T1 = { modality: "t1" } as const;

const anat = (...names: string[]) => names.map((name) => `sub-01/anat/sub-01_${name}.nii.gz`);
const pet = (...names: string[]) => names.map((name) => `sub-01/pet/sub-01_${name}_pet.nii.gz`);
const bids: Record<string, BidsCase> = {
  "run-less beside run-2": {
    files: anat("T1w", "run-2_T1w"),
    gives: anat("run-2_T1w"),
    reason: "the highest run",
  },
  "runs of differing padding": {
    files: anat("run-09_T1w", "run-10_T1w", "run-2_T1w"),
    gives: anat("run-10_T1w"),
    reason: "the highest run",
  },
  "a run that was asked for": {
    files: anat("run-01_T1w", "run-02_T1w"),
    options: { selection: { run: ["1"] } },
    gives: anat("run-01_T1w"),
  },
  "two acquisitions": {
    files: anat("acq-mprage_T1w", "acq-space_T1w"),
    gives: 'choose one with entities = { acq = "mprage" } (of "mprage", "space")',
  },
  "an acquisition that was asked for": {
    files: anat("acq-mprage_T1w", "acq-space_T1w"),
    options: { selection: { acq: ["space"] } },
    gives: anat("acq-space_T1w"),
  },
  "the first of several acquisitions, or none": {
    files: [...anat("acq-mprage_T1w", "acq-space_T1w"), "sub-02/anat/sub-02_T1w.nii"],
    options: { selection: { acq: ["memprage", "mprage", ""] } },
    gives: [...anat("acq-mprage_T1w"), "sub-02/anat/sub-02_T1w.nii"],
  },
  "an acquisition that nobody has": {
    files: anat("acq-mprage_T1w"),
    options: { selection: { acq: ["x"] } },
    gives: 'no T1w image (anat/sub-*_T1w.nii*) found with entities = { acq = "x" }',
  },
  "a reconstruction beside the original": {
    files: anat("rec-norm_T1w", "T1w"),
    gives: anat("T1w"),
    reason: "no rec",
  },
  "two reconstructions": {
    files: anat("rec-norm_T1w", "rec-raw_T1w"),
    gives: 'choose one with entities = { rec = "norm" } (of "norm", "raw")',
  },
  "magnitude and phase": {
    files: anat("part-mag_T1w", "part-phase_T1w"),
    gives: anat("part-mag_T1w"),
    reason: "the magnitude",
  },
  "several echoes": {
    files: anat("echo-1_T1w", "echo-2_T1w"),
    gives: 'choose one with entities = { echo = "1" } (of "1", "2")',
  },
  "chunks": {
    files: anat("chunk-1_T1w", "chunk-2_T1w"),
    gives: 'choose one with entities = { chunk = "1" } (of "1", "2")',
  },
  "derivatives in several spaces": {
    files: anat("desc-preproc_T1w", "space-MNI152NLin6Asym_res-2_desc-preproc_T1w"),
    gives: anat("desc-preproc_T1w"),
    reason: "no space",
  },
  "derivatives in a space that was asked for": {
    files: anat("desc-preproc_T1w", "space-MNI152NLin6Asym_res-2_desc-preproc_T1w"),
    options: { selection: { space: ["MNI152NLin6Asym"] } },
    gives: anat("space-MNI152NLin6Asym_res-2_desc-preproc_T1w"),
  },
  "tasks, acquisitions and reconstructions": {
    files: anat(
      ...["still", "nodding", "shaking"].flatMap((task) =>
        ["mprage", "space"].map((acq) => `task-${task}_acq-${acq}_rec-wre_T1w`)
      ),
      "task-still_acq-mprage_rec-wore_T1w",
    ),
    gives: "sub-01_task-still_acq-mprage_rec-wre_T1w.nii.gz and 1 more; choose one with " +
      'entities = { task = "nodding", acq = "mprage", rec = "wre" } (task of "nodding", "shaking", ' +
      '"still"; acq of "mprage", "space"; rec of "wre", "wore")',
  },
  "a task, an acquisition and a reconstruction": {
    files: anat("task-still_acq-mprage_rec-wre_T1w", "task-still_acq-mprage_rec-wore_T1w"),
    options: { selection: { task: ["nodding", "still"], acq: ["mprage"], rec: ["wore"] } },
    gives: anat("task-still_acq-mprage_rec-wore_T1w"),
  },
  "an entity that can't be asked for": {
    files: anat("mod-a_T1w", "mod-b_T1w"),
    gives: "they differ in mod: choose one by the end of its name, with the modality or " +
      'preprocessing "custom" and custom_suffix',
  },
  "the end of a name": {
    files: anat("mod-a_T1w", "mod-b_T1w"),
    type: { modality: "custom", custom_suffix: "_mod-b_T1w.nii.gz" },
    gives: anat("mod-b_T1w"),
  },
  "two tracers": {
    files: pet("trc-18FFDG", "trc-18FAV45"),
    type: { modality: "pet" },
    gives: 'choose one with entities = { trc = "18FAV45" } (of "18FAV45", "18FFDG")',
  },
  "reconstructions of PET": {
    files: pet("rec-acdyn", "rec-acstat"),
    type: { modality: "pet" },
    gives: 'choose one with entities = { rec = "acdyn" } (of "acdyn", "acstat")',
  },
  "a reconstruction of PET": {
    files: pet("rec-acdyn", "rec-acstat"),
    type: { modality: "pet", reconstruction: "acstat" },
    gives: pet("rec-acstat"),
  },
  "sessions and images at once": {
    files: ["sub-01/ses-01/anat/sub-01_ses-01_T1w.nii.gz", "sub-02/anat/sub-02_T1w.nii.gz"],
    gives: ["sub-01/ses-01/anat/sub-01_ses-01_T1w.nii.gz", "sub-02/anat/sub-02_T1w.nii.gz"],
  },
  "a data set one folder further down": {
    files: ["rawdata/sub-01/anat/sub-01_T1w.nii.gz"],
    gives: "not a BIDS folder: it has no sub-* folders, but rawdata has: open that",
  },
  "derivatives of a data set without raw images": {
    files: ["derivatives/fmriprep/sub-01/anat/sub-01_desc-preproc_T1w.nii.gz"],
    gives: "it has no sub-* folders, but derivatives/fmriprep has: open that",
  },
  "templates": {
    files: ["tpl-MNI/anat/tpl-MNI_T1w.nii.gz"],
    gives: "it has templates (tpl-* folders), but no sub-* folders of participants",
  },
  "images of another suffix": {
    files: ["sub-01_ses-pre/analysis/nobias_sub-01_ses-pre_T1w.nii.gz"],
    gives: "no T1w image (anat/sub-*_T1w.nii*) found; there is " +
      "sub-01_ses-pre/analysis/nobias_sub-01_ses-pre_T1w.nii.gz: choose it by other parameters, or " +
      'by the end of its name, with the modality or preprocessing "custom" and custom_suffix',
  },
  "an end of a name that only looks like the images'": {
    files: ["sub-01/anat/sub-01_UNIT1.nii"],
    type: { modality: "custom", custom_suffix: "_UNIT1.nii.gz" },
    gives:
      "no image *_UNIT1.nii.gz found; there is sub-01/anat/sub-01_UNIT1.nii: choose it by other " +
      'parameters, or by the end of its name, with the modality or preprocessing "custom" and ' +
      "custom_suffix",
  },
  "derivatives beside their sessions": {
    files: ["sub-01/anat/sub-01_desc-preproc_T1w.nii.gz", "sub-01/ses-1/func/sub-01_bold.nii.gz"],
    gives: "none: open a folder in which its images are in a session, such as sub-01/ses-1/anat",
  },
};

for (
  const [name, { files, type = T1, options = {}, gives, reason }] of Object.entries(
    bids,
  )
) {
  Deno.test(`bids.open: ${name}`, async () => {
    await withTree(Object.fromEntries(files.map((path) => [path, undefined])), async (root) => {
      const opening = () =>
        open(bidsLayout, bidsPattern(type), root, { selection: {}, ...options });
      if (typeof gives === "string") {
        const { message } = await assertRejects(opening, DataError);
        assert(message.endsWith(gives), message);
        return;
      }
      assertEquals((await opening()).paths, gives);
      assertEquals(/\((.+?)\), not /.exec(logged[1] ?? "")?.[1], reason);
    });
  });
}

Deno.test("images of a CAPS are chosen as those of BIDS", async () => {
  const name = (entity: string) => t1File("sub-01", "ses-M000", `${entity}_${space}_T1w.nii.gz`);
  await withTree({ [name("rec-a")]: undefined, [name("rec-b")]: undefined }, async (root) => {
    await assertRejects(
      () => open(capsLayout, capsPattern(t1), root),
      DataError,
      'choose one with entities = { rec = "a" } (of "a", "b")',
    );
    const options = { selection: { rec: ["b"] } };
    assertEquals((await open(capsLayout, capsPattern(t1), root, options)).paths, [name("rec-b")]);
  });
  await withTree({ [name("run-1")]: undefined, [name("run-2")]: undefined }, async (root) => {
    assertEquals((await open(capsLayout, capsPattern(t1), root)).paths, [name("run-2")]);
    assertEquals(
      logged[1],
      `sub-01 ses-M000: ${name("run-2")} (the highest run), not ${name("run-1")}`,
    );
    const options = { selection: { run: ["1"] } };
    assertEquals((await open(capsLayout, capsPattern(t1), root, options)).paths, [name("run-1")]);
  });
});
