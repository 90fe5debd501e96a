import { assert, assertEquals, assertRejects } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { DataError } from "../../../src/errors.ts";
import { bidsLayout, bidsPattern } from "../../../src/imaging/datasets/bids.ts";
import { capsLayout, capsPattern } from "../../../src/imaging/datasets/caps.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import type { OpenOptions } from "../../../src/imaging/datasets/open.ts";
import { readCohorts } from "../../../src/imaging/datasets/sessions.ts";
import { image, open, progress, space, t1, t1File, volumes, warnings, withTree } from "./trees.ts";

Deno.test("each pipeline's images are found by its pattern alone", async () => {
  const file = (name: string, folder: string) => `subjects/sub-01/ses-M000/${folder}/${name}`;
  const names = {
    t1: t1File("sub-01", "ses-M000"),
    old: t1File("sub-02", "ses-M000", `T1w_${space}_T1w.nii.gz`),
    uncropped: t1File("sub-01", "ses-M000", "space-MNI152NLin2009cSym_res-1x1x1_T1w.nii.gz"),
    flair: file(`sub-01_ses-M000_${space}_flair.nii.gz`, "flair_linear"),
    pons: file(`sub-01_ses-M000_trc-18FFDG_${space}_suvr-pons2_pet.nii.gz`, "pet_linear"),
    amyloid: file(
      `sub-01_ses-M000_trc-18FAV45_${space}_suvr-cerebellumPons_pet.nii.gz`,
      "pet_linear",
    ),
    gray: file("sub-01_ses-M000_T1w_segm-graymatter_probability.nii.gz", "t1/spm/segmentation"),
    tensor: file("x_T1w.pt", "deeplearning_prepare_data/image_based/t1_linear"),
    mask: "masks/tpl-X/tpl-X_roi-left_mask.nii.gz",
  };
  await withTree(
    Object.fromEntries(Object.values(names).map((path) => [path, undefined])),
    async (root) => {
      const found = async (type: Parameters<typeof capsPattern>[0]) =>
        (await open(capsLayout, capsPattern(type), root)).paths;
      assertEquals(await found(t1), [names.t1, names.old]);
      assertEquals(await found({ ...t1, use_uncropped_image: true }), [names.uncropped]);
      assertEquals(await found({ ...t1, preprocessing: "flair-linear" }), [names.flair]);
      const pet = { ...t1, preprocessing: "pet-linear", tracer: "18FFDG" } as const;
      assertEquals(await found({ ...pet, suvr_reference_region: "pons2" }), [names.pons]);
      const custom = { ...t1, preprocessing: "custom" } as const;
      assertEquals(await found({ ...custom, custom_suffix: "graymatter*.nii.gz" }), [names.gray]);
      const { extras } = await open(capsLayout, capsPattern(t1), root);
      assertEquals(Object.keys(extras), [names.mask]);
    },
  );
});

Deno.test("what is missing, found twice, broken or unreadable is reported together", async () => {
  await withTree({
    [t1File("sub-01", "ses-M000")]: undefined,
    [t1File("sub-02", "ses-M000")]: undefined,
    [t1File("sub-02", "ses-M000", `acq-b_${space}_T1w.nii.gz`)]: undefined,
    [t1File("sub-03", "ses-M000")]: "not an image",
    [t1File("sub-04", "ses-M000", "pet.nii.gz")]: undefined,
    [t1File("sub-07", "ses-M000", `${space}_T1w.hdr`)]: undefined,
    [t1File("sub-07", "ses-M000", `${space}_T1w.img`)]: undefined,
    [t1File("sub-08", "ses-M000")]: volumes,
    "list.tsv":
      "participant_id\tsession_id\nsub-01\tses-M06\nsub-02\tses-M000\nsub-03\tses-M000\nsub-04\tses-M000\nsub-05\tses-M000\nsub-06\tses-M000\nsub-07\tses-M000\nsub-08\tses-M000\n",
  }, async (root) => {
    const folder = `${root}/subjects/sub-06/ses-M000/t1_linear`;
    await Deno.mkdir(folder, { recursive: true });
    await Deno.symlink(`${root}/nowhere`, `${folder}/sub-06_ses-M000_${space}_T1w.nii.gz`);
    const error = await assertRejects(
      () => open(capsLayout, capsPattern(t1), [{ name: "single", root, list: `${root}/list.tsv` }]),
      DataError,
      "8 images can't be used",
    );
    for (
      const line of [
        "sub-01 ses-M06: no such session; there is ses-M000",
        "sub-02 ses-M000: several images: subjects/sub-02/",
        "sub-03 ses-M000: subjects/sub-03/ses-M000/t1_linear/sub-03_ses-M000_" + space +
        "_T1w.nii.gz: not a NIfTI file",
        "sub-04 ses-M000: no T1w image",
        "sub-05 ses-M000: no such participant",
        `sub-06 ses-M000: ${root}/subjects/sub-06/ses-M000/t1_linear/sub-06_ses-M000_${space}` +
        `_T1w.nii.gz: a link to ${root}/nowhere, which is not there`,
        "sub-07 ses-M000: subjects/sub-07/ses-M000/t1_linear/sub-07_ses-M000_" + space +
        "_T1w.hdr: of a pair .hdr and .img",
        "sub-08 ses-M000: subjects/sub-08/ses-M000/t1_linear/sub-08_ses-M000_" + space +
        "_T1w.nii.gz: the image has 3 volumes",
      ]
    ) assert(error.message.includes(`\n  ${line}`), `${line}\nnot in\n${error.message}`);
    const names = [...error.message.matchAll(/\n {2}(sub-\d+)/g)].map(([, name]) => name);
    assertEquals(names, names.toSorted());
  });
});

Deno.test("hidden files, checksums and backups are no images", async () => {
  const bids = "sub-01/ses-M000/anat/sub-01_ses-M000_T1w.nii.gz";
  const mask = "masks/tpl-X/tpl-X_roi-left_mask.nii.gz";
  const beside = (path: string) => [
    path.replace(/([^/]+)$/, "._$1"),
    `${path}.md5`,
    `${path}~`,
    path.replace(/([^/]+)$/, ".snapshot/$1"),
  ];
  const junk = (path: string) => Object.fromEntries(beside(path).map((name) => [name, "no image"]));
  await withTree({ [bids]: undefined, ...junk(bids) }, async (root) => {
    assertEquals((await open(bidsLayout, bidsPattern({ modality: "t1" }), root)).paths, [bids]);
  });
  const caps = t1File("sub-01", "ses-M000");
  await withTree(
    { [caps]: undefined, ...junk(caps), [mask]: undefined, ...junk(mask) },
    async (root) => {
      const { paths, extras } = await open(capsLayout, capsPattern(t1), root);
      assertEquals([paths, Object.keys(extras)], [[caps], [mask]]);
    },
  );
});

Deno.test("images that Git LFS or git-annex has not fetched are named with the command", async () => {
  const path = (n: number) => `sub-0${n}/anat/sub-0${n}_T1w.nii.gz`;
  await withTree({
    [path(1)]: "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    [path(2)]: "/annex/objects/MD5E-s12345--abcdef.nii.gz\n",
    "sub-03/anat/sub-03_bold.json": "{}",
    "sub-04/anat/sub-04_bold.json": "{}",
  }, async (root) => {
    await Deno.symlink("../../.git/annex/objects/zq/W1/K.nii.gz/K.nii.gz", `${root}/${path(3)}`);
    await Deno.symlink("elsewhere.nii.gz", `${root}/${path(4)}`);
    const error = await assertRejects(
      () => open(bidsLayout, bidsPattern({ modality: "t1" }), root),
      DataError,
    );
    const problems = [
      "git lfs pull",
      "git annex get",
      "git annex get",
      "a link to elsewhere.nii.gz",
    ];
    for (const [i, problem] of problems.entries()) {
      const line = error.message.split("\n").find((line) => line.includes(`sub-0${i + 1} `));
      assert(line?.includes(problem), error.message);
    }
  });
});

Deno.test("a mask that git-annex has not fetched is named with the command", async () => {
  await withTree({ [t1File("sub-01", "ses-M000")]: undefined }, async (root) => {
    await Deno.mkdir(`${root}/masks`);
    await Deno.symlink("../.git/annex/objects/a/b/K/K", `${root}/masks/x_roi-left_mask.nii.gz`);
    await assertRejects(
      () => open(capsLayout, capsPattern(t1), root),
      DataError,
      "x_roi-left_mask.nii.gz: a git-annex link whose content is not here; fetch it with `git annex",
    );
  });
});

Deno.test("tables that git-annex has not fetched are no absent tables", async () => {
  for (const table of ["participants.tsv", "participants.json", "sub-01/sub-01_sessions.tsv"]) {
    await withTree({
      "sub-01/anat/sub-01_T1w.nii.gz": undefined,
      ...(table.endsWith(".json") && { "participants.tsv": "participant_id\tsex\nsub-01\t1\n" }),
    }, async (root) => {
      await Deno.symlink("../.git/annex/objects/a/b/K/K", `${root}/${table}`);
      await assertRejects(
        () => open(bidsLayout, bidsPattern({ modality: "t1" }), root),
        DataError,
        `${root}/${table}: a git-annex link whose content is not here; fetch it with \`git annex`,
      );
    });
  }
});

Deno.test("without a list sessions that lack the image are left out, and reported", async () => {
  await withTree({
    [t1File("sub-01", "ses-M000")]: undefined,
    [t1File("sub-01", "ses-M006", "other.nii.gz")]: undefined,
  }, async (root) => {
    assertEquals((await open(capsLayout, capsPattern(t1), root)).paths.length, 1);
    assertEquals(warnings.length, 1);
    assert(warnings[0].includes("1 session(s) without T1w image"));
    assert(warnings[0].includes("sub-01 ses-M006"));
  });
});

Deno.test("of several runs the highest is taken, as a number", async () => {
  const run = (n: string) => t1File("sub-01", "ses-M000", `run-${n}_${space}_T1w.nii.gz`);
  await withTree({ [run("9")]: undefined, [run("10")]: undefined }, async (root) => {
    assertEquals((await open(capsLayout, capsPattern(t1), root)).paths, [run("10")]);
  });
});

Deno.test("a BIDS folder is not taken for a CAPS, nor a CAPS for a BIDS folder", async () => {
  await withTree({ "sub-01/ses-M000/anat/sub-01_ses-M000_T1w.nii.gz": undefined }, async (root) => {
    await assertRejects(() => open(capsLayout, capsPattern(t1), root), DataError, "bids.open");
    const { paths } = await open(bidsLayout, bidsPattern({ modality: "t1" }), root);
    assertEquals(paths, ["sub-01/ses-M000/anat/sub-01_ses-M000_T1w.nii.gz"]);
  });
  await withTree({ [t1File("sub-01", "ses-M000")]: undefined }, async (root) => {
    const pattern = bidsPattern({ modality: "t1" });
    await assertRejects(() => open(bidsLayout, pattern, root), DataError, "caps.open");
  });
});

Deno.test("BIDS images of each modality are found, and sessions may be implied", async () => {
  const [visit, only] = ["sub-01/ses-M012", "sub-02"];
  await withTree({
    [`${visit}/anat/sub-01_ses-M012_T1w.nii.gz`]: undefined,
    [`${visit}/anat/sub-01_ses-M012_flair.nii`]: undefined,
    [`${visit}/pet/sub-01_ses-M012_trc-18FFDG_rec-acdyn_pet.nii.gz`]: undefined,
    [`${visit}/pet/sub-01_ses-M012_trc-18FAV45_pet.nii.gz`]: undefined,
    [`${only}/anat/sub-02_T1w.nii.gz`]: undefined,
  }, async (root) => {
    const found = async (type: Parameters<typeof bidsPattern>[0]) =>
      (await open(bidsLayout, bidsPattern(type), root)).paths;
    assertEquals(await found({ modality: "t1" }), [
      `${visit}/anat/sub-01_ses-M012_T1w.nii.gz`,
      `${only}/anat/sub-02_T1w.nii.gz`,
    ]);
    assertEquals((await found({ modality: "flair" })).length, 1);
    assertEquals(await found({ modality: "pet", tracer: "18FFDG" }), [
      `${visit}/pet/sub-01_ses-M012_trc-18FFDG_rec-acdyn_pet.nii.gz`,
    ]);
    const reconstructed = { modality: "pet", reconstruction: "acdyn" } as const;
    assertEquals((await found(reconstructed)).length, 1);
    const { participants } = await open(bidsLayout, bidsPattern({ modality: "t1" }), root);
    assertEquals(participants.rows, [["sub-01", "ses-M012"], ["sub-02", "ses-M000"]]);
  });
});

Deno.test("columns of all tables are kept, the list's values last", async () => {
  await withTree({
    [t1File("sub-01", "ses-M000")]: undefined,
    [t1File("sub-01", "ses-M006")]: undefined,
    "participants.tsv": "participant_id\tsex\tage\nsub-01\tF\t70\nsub-09\tM\t60\n",
    "subjects/sub-01/sub-01_sessions.tsv": "session_id\tage\tMMSE\nses-M006\t70.5\t28\n",
    "list.tsv":
      "participant_id\tsession_id\tdiagnosis\nsub-01\tses-M000\tCN\nsub-01\tses-M006\tMCI\n",
  }, async (root) => {
    const cohort = { name: "single", root, list: `${root}/list.tsv` };
    const { participants } = await open(capsLayout, capsPattern(t1), [cohort]);
    assertEquals(participants.columns, [
      "participant_id",
      "session_id",
      "sex",
      "age",
      "diagnosis",
      "MMSE",
    ]);
    assertEquals(participants.rows, [
      ["sub-01", "ses-M000", "F", "70", "CN", null],
      ["sub-01", "ses-M006", "F", "70.5", "MCI", "28"],
    ]);
  });
});

Deno.test("several cohorts are opened together, and may not share a session's name", async () => {
  await withTree({
    [`a/${t1File("sub-01", "ses-M000")}`]: undefined,
    [`b/${t1File("sub-02", "ses-M000")}`]: undefined,
    "cohorts.tsv": "cohort\tpath\nADNI\ta\nAIBL\tb\n",
    "same.tsv": "cohort\tpath\nADNI\ta\nOTHER\t./a\n",
    "lists.tsv": "cohort\tpath\nADNI\ta.tsv\nAIBL\tb.tsv\n",
    "a.tsv": "participant_id\tsession_id\nsub-01\tses-M000\n",
    "b.tsv": "participant_id\tsession_id\nsub-03\tses-M000\n",
  }, async (root) => {
    const cohorts = readCohorts(`${root}/cohorts.tsv`);
    const { paths, participants } = await open(capsLayout, capsPattern(t1), cohorts);
    assertEquals(paths, [
      `ADNI/${t1File("sub-01", "ses-M000")}`,
      `AIBL/${t1File("sub-02", "ses-M000")}`,
    ]);
    assertEquals(participants.rows.map((row) => row[2]), ["ADNI", "AIBL"]);
    await assertRejects(
      () => open(capsLayout, capsPattern(t1), readCohorts(`${root}/same.tsv`)),
      DataError,
      "sub-01 ses-M000: the same name in cohorts ADNI and OTHER",
    );
    const listed = readCohorts(`${root}/cohorts.tsv`, `${root}/lists.tsv`);
    await assertRejects(() => open(capsLayout, capsPattern(t1), listed), DataError, "sub-03");
  });
});

Deno.test("of several volumes a frame or the mean is opened on request", async () => {
  const path = "sub-01/anat/sub-01_T1w.nii.gz";
  await withTree({ [path]: volumes }, async (root) => {
    const openFrame = (frame?: OpenOptions["frame"]) =>
      open(bidsLayout, bidsPattern({ modality: "t1" }), root, { selection: {}, frame });
    await assertRejects(() => openFrame(), DataError, 'their mean with frame = "mean"');
    await assertRejects(() => openFrame(3), DataError, "there is no frame 3 among 3 (from 0)");
    for (const frame of [0, 2, "mean"] as const) {
      assertEquals((await openFrame(frame)).images[0].shape, [2, 2, 2]);
    }
  });
});

Deno.test("how images lie is read at opening, and a header that does not state it is reported", async () => {
  const affine = Float64Array.of(0, 0, 3, 0, -1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1);
  const psr = writeNifti({ shape: [2, 3, 4], voxels: new Uint8Array(24), affine });
  const silent = new Uint8Array(gunzipSync(image));
  silent.fill(0, 252, 256);
  await withTree({
    "sub-01/anat/sub-01_T1w.nii.gz": psr,
    "sub-02/anat/sub-02_T1w.nii": silent,
  }, async (root) => {
    const { images } = await open(bidsLayout, bidsPattern({ modality: "t1" }), root);
    const [{ shape, orientation, spacing, affine: read }] = images;
    assertEquals([shape, orientation, spacing], [[2, 3, 4], "PSR", [1, 2, 3]]);
    assertEquals(read, [...affine]);
    assertEquals(images[1].orientation, "LAS");
    assertEquals(warnings.length, 1);
    assert(warnings[0].includes("1 image(s) do not state their orientation"), warnings[0]);
    assert(warnings[0].endsWith("as nibabel takes them: sub-02 ses-M000"), warnings[0]);
    assertEquals(progress, ["1/2 images read", "2/2 images read"]);
  });
});
