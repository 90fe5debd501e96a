import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type CapsImage, capsMeta, capsOutput, listImages } from "../../../src/artifacts/caps.ts";
import { readQuality } from "../../../src/artifacts/quality.ts";
import { DataError } from "../../../src/errors.ts";
import { readTsv } from "../../../src/formats/tsv.ts";
import { readNifti } from "../../../src/imaging/nifti/nifti.ts";
import { SINGLE_COHORT } from "../../../src/tables/identity.ts";
import flairLinear from "../../../src/steps/preprocess/flair_linear.ts";
import { preprocessHeads } from "../../../src/steps/preprocess/preprocess_heads.ts";
import t1Linear from "../../../src/steps/preprocess/t1_linear.ts";
import { editHeader, niftiFile } from "../../imaging/raw_heads.ts";
import {
  isBrain,
  maskHead,
  TOY_SPACE,
  TOY_TEMPLATE,
  toyHead,
} from "../../imaging/preprocess/toy_heads.ts";
import type { Artifact } from "../../../src/workflow/step.ts";
import { MemoryStore } from "../memory.ts";

const QOFFSET_X = 268;

/** Two good heads, one whose header contradicts itself by 3 cm, and a brain without skull. */
const HEADS: Readonly<Record<string, () => Uint8Array<ArrayBuffer>>> = {
  good: () => niftiFile(toyHead(1)),
  moved: () =>
    editHeader(niftiFile(toyHead(2)), (header) => {
      header.setFloat32(QOFFSET_X, header.getFloat32(QOFFSET_X, true) + 30, true);
    }),
  stripped: () => niftiFile(maskHead(toyHead(1), isBrain)),
  other: () => niftiFile(toyHead(3)),
};

/** A project whose raw images are `names`, in this order. */
class Study {
  readonly store = new MemoryStore();

  constructor(readonly names: readonly string[]) {}

  async caps(preprocessing = "t1") {
    const images: CapsImage[] = [];
    for (const name of this.names) {
      const blob = await this.store.put(HEADS[name]());
      const ids = { participant: `sub-${name}`, session: "ses-M000" };
      images.push({ ...ids, cohort: SINGLE_COHORT, path: `sub-${name}_T1w.nii.gz`, ...blob });
    }
    const sessions = {
      columns: ["participant_id", "session_id", "age"],
      rows: images.map(({ participant, session }, i) => [participant, session, String(60 + i)]),
    };
    const meta = { source: "bids", preprocessing, use_uncropped_image: null };
    return await this.store.artifact("caps", capsOutput(meta, { images, sessions }));
  }

  /** Runs the inner part of the step on a toy space. */
  async run(given: { header?: "qform"; uncropped_image?: boolean } = {}, cpus = 0) {
    const template = await Deno.makeTempFile({ suffix: ".nii.gz" });
    await Deno.writeFile(template, niftiFile(TOY_TEMPLATE));
    try {
      const params = t1Linear.params.parse({ template, ...given });
      const context = { ...this.store.context(params, { caps: await this.caps() }), cpus };
      const { caps, quality } = await preprocessHeads(context, "t1-linear", TOY_SPACE);
      return {
        caps: await this.store.artifact("caps", caps),
        quality: await this.store.artifact("quality", quality),
      };
    } finally {
      await Deno.remove(template);
    }
  }
}

const SPACE = "space-MNI152NLin2009cSym";
const folder = (name: string) => `subjects/sub-${name}/ses-M000/t1_linear/sub-${name}_ses-M000_`;

const NAMES = ["good", "moved", "stripped", "other"];
const study = new Study(NAMES);
let first: ReturnType<Study["run"]> | undefined;
const firstRun = () => first ??= study.run();

Deno.test("two of four heads are registered as Clinica names them, and the others listed with the reason", async () => {
  const { caps, quality } = await firstRun();

  assertEquals(capsMeta(caps), {
    source: "t1_linear",
    preprocessing: "t1-linear",
    use_uncropped_image: false,
  });
  assertEquals(
    caps.files.map(({ path }) => path),
    [
      "images.tsv",
      "participants.tsv",
      ...["good", "other"].flatMap((name) => [
        `${folder(name)}${SPACE}_desc-Crop_res-1x1x1_T1w.json`,
        `${folder(name)}${SPACE}_desc-Crop_res-1x1x1_T1w.nii.gz`,
        `${folder(name)}${SPACE}_res-1x1x1_affine.mat`,
      ]),
    ],
  );
  const sessions = readTsv(await caps.readText("participants.tsv"), "participants.tsv");
  assertEquals(sessions.rows, [["sub-good", "ses-M000", "60"], ["sub-other", "ses-M000", "63"]]);

  const [image] = await listImages(caps);
  const volume = readNifti(await caps.read(image.path), image.path);
  assertEquals(image.shape, TOY_SPACE.crop.shape);
  assertEquals(volume.shape, TOY_SPACE.crop.shape);
  assertEquals(image.orientation, "RAS");
  for (let i = 0; i < 16; i++) assert(Math.abs(volume.affine[i] - image.affine![i]) < 1e-4);

  const description = JSON.parse(await caps.readText(image.path.replace(".nii.gz", ".json")));
  assertEquals(description.source.path, "sub-good_T1w.nii.gz");
  assert(/^sha256-[0-9a-f]{64}$/.test(description.template.digest));
  assert(description.mutual_information > 0.5);
  const mat = await caps.read(`${folder("good")}${SPACE}_res-1x1x1_affine.mat`);
  // The first number of the file is the affine's: LPS and RAS differ in the signs of others.
  assertEquals(
    new DataView(mat.buffer, mat.byteOffset).getFloat64(47, true),
    description.template_to_source[0][0],
  );

  const reasons = (await readQuality(quality)).map(({ reason }) => reason.slice(0, 37));
  assertEquals(reasons, [
    "",
    "its header states two transforms, 30 ",
    "the image shows a brain without skull",
    "",
  ]);
  const [warning] = study.store.warnings;
  assertStringIncludes(warning, "2 of 4 images are left out:\n  sub-moved ses-M000: its header");
  assertStringIncludes(warning, "\n  sub-stripped ses-M000: the image shows a brain without skull");
});

Deno.test("two threads and another order of participants give the same bytes", async () => {
  const contentOf = (caps: Artifact) =>
    new Map(
      caps.files.filter(({ path }) => path.startsWith("subjects/"))
        .map(({ path, digest }) => [path, digest]),
    );
  const again = new Study(["other", "good"]);
  assertEquals(contentOf((await again.run({}, 1)).caps), contentOf((await firstRun()).caps));
});

Deno.test("a choice of header registers the image that needs it, and no other again", async () => {
  const { caps } = await firstRun();
  const { store } = study;
  const before = store.computed;
  const chosen = await study.run({ header: "qform" });
  // The four headers; the image and its transform; the brain without skull, which is no result.
  assertEquals(store.computed - before, 4 + 2 + 1);
  const images = await listImages(chosen.caps);
  assertEquals(images.map(({ participant }) => participant), [
    "sub-good",
    "sub-moved",
    "sub-other",
  ]);
  assertEquals(images[0], (await listImages(caps))[0]);
});

Deno.test("the template's full grid is kept on request", async () => {
  const { caps } = await new Study(["good"]).run({ uncropped_image: true });
  assertEquals(capsMeta(caps).use_uncropped_image, true);
  const [image] = await listImages(caps);
  assertEquals(image.path, `${folder("good")}${SPACE}_res-1x1x1_T1w.nii.gz`);
  assertEquals(readNifti(await caps.read(image.path), image.path).shape, TOY_SPACE.shape);
});

Deno.test("no head at all is an error that lists them", async () => {
  await assertRejects(
    () => new Study(["moved", "stripped"]).run(),
    DataError,
    "t1-linear: 2 images can't be used:\n  sub-moved ses-M000: its header states two transforms",
  );
});

Deno.test("a template that can't be used is an error of the step, not of each head", async () => {
  const template = await Deno.makeTempFile({ suffix: ".nii.gz" });
  await Deno.writeFile(template, niftiFile(TOY_TEMPLATE));
  const { store } = study;
  const params = flairLinear.params.parse({ template });
  const context = store.context(params, { caps: await study.caps("flair") });
  await assertRejects(
    async () => await flairLinear.run(context),
    DataError,
    `${template}: this template is 40 x 40 x 40 voxels`,
  );
  await Deno.remove(template);
});

Deno.test("a plan knows the registered images, and refuses those of another modality", async () => {
  const params = t1Linear.params.parse({ template: "template.nii" });
  const check = async (preprocessing: string) => {
    const caps = await study.caps(preprocessing);
    return await t1Linear.preflight!.check({ params, inputs: { caps }, unknown: [] });
  };
  const { caps } = await check("t1") as { caps: Record<string, unknown> };
  assertEquals([caps.images, caps.shape, caps.orientation], [4, [169, 208, 179], "RAS"]);
  await assertRejects(
    () => check("pet"),
    DataError,
    'its images are pet, but t1-linear takes those of bids.open with modality = "t1"',
  );
  await assertRejects(() => check("t1-linear"), DataError, "its images are t1-linear already");
});
