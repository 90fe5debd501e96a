import { assert, assertRejects } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { transformPoint } from "../../../src/imaging/nifti/affine.ts";
import { readNifti } from "../../../src/imaging/nifti/nifti.ts";
import { type HeadJob, preprocessHead } from "../../../src/imaging/preprocess/head.ts";
import { prepareTemplate } from "../../../src/imaging/preprocess/template_space.ts";
import { resample } from "../../../src/imaging/resampling/mod.ts";
import { niftiFile } from "../raw_heads.ts";
import { isBrain, maskHead, TOY_SPACE, TOY_TEMPLATE, toyHead } from "./toy_heads.ts";

const TEMPLATE = prepareTemplate(niftiFile(TOY_TEMPLATE), TOY_SPACE, "template.nii");

function job(bytes: Uint8Array<ArrayBuffer>): HeadJob {
  const { affine } = readNifti(bytes, "sub-1");
  return {
    bytes,
    subject: "sub-1",
    affine: [...affine],
    crop: TOY_SPACE.crop,
    splineDistance: 200,
    description: "toy",
  };
}

Deno.test("a head whose sform is sheared is registered as its voxels lie", async () => {
  // The template itself on a grid that leans by a fifth to the right and an eighth forwards.
  // deno-fmt-ignore
  const sheared = Float64Array.of(
    2.5, 0, 0.5, -60,
    0, 2.5, 0.3, -57,
    0, 0, 2.5, -50,
    0, 0, 0, 1,
  );
  const shape: [number, number, number] = [48, 44, 40];
  const identity = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  const leaning = niftiFile(resample(TOY_TEMPLATE, { shape, affine: sheared }, identity));
  const { affine, measures } = await preprocessHead(job(leaning), TEMPLATE);
  for (const place of [[0, 0, 0], [30, -10, 15], [-20, 25, 20], [0, -35, 10]] as const) {
    const there = transformPoint(Float64Array.from(affine), place);
    const error = Math.hypot(...there.map((value, axis) => value - place[axis]));
    // A shear that is passed over moves them by more than 5 mm; voxels are 2.6 mm.
    assert(error < 1, `${place} is ${error} mm away`);
  }
  assert(measures.correlation > 0.8, `${measures.correlation}`);
});

Deno.test("what is no head of three dimensions, or shows no skull, is refused by name", async () => {
  const refuses = (bytes: Uint8Array<ArrayBuffer>, problem: string, affine?: number[]) =>
    assertRejects(
      () => preprocessHead({ ...job(bytes), ...(affine && { affine }) }, TEMPLATE),
      DataError,
      `sub-1: ${problem}`,
    );
  const stripped = niftiFile(maskHead(toyHead(1), isBrain));
  await refuses(
    stripped,
    "the image shows a brain without skull, which would be inflated to the template's head; open the " +
      "images as they were before skull-stripping",
  );
  await refuses(stripped, "its affine is singular; correct the header", new Array(16).fill(0));
  const empty = niftiFile({ ...TOY_TEMPLATE, data: new Float32Array(TOY_TEMPLATE.data.length) });
  await refuses(empty, "every voxel of the image is 0");
});
