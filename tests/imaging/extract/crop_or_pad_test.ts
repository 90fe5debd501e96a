import { assertAlmostEquals, assertEquals } from "@std/assert";
import { cropOrPad } from "../../../src/imaging/extract/crop_or_pad.ts";
import { extract } from "../../../src/imaging/extract/extraction.ts";
import { readNifti } from "../../../src/imaging/nifti/nifti.ts";
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import expected from "../../fixtures/imaging/torchio_preprocessing.json" with { type: "json" };

const [width, height, depth] = expected.shape;

/** The volume of make_torchio_preprocessing.py, as NIfTI has it: the first axis fastest. */
function volume() {
  const voxels = new Float32Array(width * height * depth);
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      for (let z = 0; z < depth; z++) {
        const at = (x * height + y) * depth + z;
        voxels[(z * height + y) * width + x] = at * 37 % 101 - 30;
      }
    }
  }
  const affine = Float64Array.from(expected.affine);
  return readNifti(writeNifti({ shape: expected.shape, voxels, affine }), "image.nii.gz");
}

for (const { shape, affine, values } of expected.crop_or_pad) {
  Deno.test(`a volume cropped or padded to ${shape.join("x")} has TorchIO's voxels and affine`, () => {
    const result = cropOrPad(volume(), shape as [number, number, number], "image");
    result.affine.forEach((value, i) => assertAlmostEquals(value, affine[i], 1e-6));
    const [columns, rows, planes] = shape;
    const found: number[] = [];
    for (let x = 0; x < columns; x++) {
      for (let y = 0; y < rows; y++) {
        for (let z = 0; z < planes; z++) {
          found.push(result.voxels[(z * rows + y) * columns + x] as number);
        }
      }
    }
    assertEquals(found, values);
  });
}

Deno.test("slices are cut from the cropped volume", () => {
  const recipe = { mode: "slice", slice_direction: 2, crop_or_pad: [4, 9, 2] } as const;
  const { shape, grid } = extract(volume(), recipe, new Map(), "image");
  assertEquals([...shape], [2, 1, 4, 9]);
  assertEquals([...grid], [4, 9, 2]);
});
