import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../src/errors.ts";
import { readHeader } from "../../../src/imaging/nifti/nifti.ts";
import { agreedAffine } from "../../../src/imaging/nifti/stated_transform.ts";
import { editHeader, niftiFile } from "../raw_heads.ts";

// deno-fmt-ignore
const LAS = Float64Array.of(-1, 0, 0, 45, 0, 1, 0, -54, 0, 0, 1, -40, 0, 0, 0, 1);
const RAS = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
const GRID = { shape: [91, 109, 91] as [number, number, number], affine: LAS };

/** A header whose qform has another first row of offsets, quaternion or code than its sform. */
function header(edit: (view: DataView) => void) {
  return readHeader(editHeader(niftiFile(GRID), edit), "sub-1.nii.gz");
}

const QFORM_CODE = 252, SFORM_CODE = 254, QUATERNION_D = 264, QOFFSET_X = 268, SFORM = 280;

const set = (at: number, value: number) => (view: DataView) => view.setFloat32(at, value, true);
const turn = (degrees: number) => set(QUATERNION_D, Math.sin(degrees * Math.PI / 360));

Deno.test("transforms that agree within 1 mm and 1 degree are the sform, as in nibabel", () => {
  const moved = header(set(QOFFSET_X, 45.9));
  assertEquals(agreedAffine(moved, undefined, "sub-1"), LAS);
  assertEquals(agreedAffine(moved, "qform", "sub-1"), LAS);
});

Deno.test("transforms more than 1 mm apart are refused with both, and with what programs take", () => {
  const moved = header(set(QOFFSET_X, 57));
  assertThrows(
    () => agreedAffine(moved, undefined, "sub-1"),
    DataError,
    "sub-1: its header states two transforms, 12 mm and 0 degrees apart: " +
      "sform (code 2) LAS, 1 x 1 x 1 mm, grid centred at (0, 0, 5) mm; " +
      "qform (code 2) LAS, 1 x 1 x 1 mm, grid centred at (12, 0, 5) mm. nibabel takes the sform, " +
      'ITK and ANTs the qform; look at the image and choose with header = "sform" or "qform"',
  );
  assertEquals(agreedAffine(moved, "sform", "sub-1"), LAS);
  assertEquals(agreedAffine(moved, "qform", "sub-1"), LAS.with(3, 57));
});

Deno.test("transforms turned against each other by more than 1 degree are refused", () => {
  const small = { shape: [4, 4, 4] as [number, number, number], affine: RAS };
  const turned = (degrees: number) =>
    readHeader(editHeader(niftiFile(small), turn(degrees)), "sub-1.nii.gz");
  // A grid of four voxels moves by less than a millimetre.
  agreedAffine(turned(0.9), undefined, "sub-1");
  assertThrows(
    () => agreedAffine(turned(1.5), undefined, "sub-1"),
    DataError,
    "mm and 1.5 degrees apart",
  );
});

Deno.test("left and right exchanged in one of the transforms is refused", () => {
  const mirrored = header((view) => {
    view.setFloat32(SFORM, 1, true);
    view.setFloat32(SFORM + 12, -45, true);
    view.setInt16(SFORM_CODE, 1, true);
  });
  assertThrows(
    () => agreedAffine(mirrored, undefined, "sub-1"),
    DataError,
    "90 mm and 180 degrees apart: sform (code 1) RAS, 1 x 1 x 1 mm, grid centred at (0, 0, 5) mm; " +
      "qform (code 2) LAS, 1 x 1 x 1 mm, grid centred at (0, 0, 5) mm. nibabel takes the sform, " +
      "ITK and ANTs the sform",
  );
});

Deno.test("one transform alone, or none, leaves nothing to choose", () => {
  const noQform = (view: DataView) => {
    view.setInt16(QFORM_CODE, 0, true);
    view.setFloat32(QOFFSET_X, 400, true);
  };
  assertEquals(agreedAffine(header(noQform), "qform", "sub-1"), LAS);
  const noSform = header((view) => {
    view.setInt16(SFORM_CODE, 0, true);
    view.setFloat32(SFORM + 12, 400, true);
  });
  assertEquals(agreedAffine(noSform, "sform", "sub-1"), LAS);
  // A quaternion longer than 1 is no transform.
  assertEquals(agreedAffine(header(set(QUATERNION_D, 2)), undefined, "sub-1"), LAS);
});
