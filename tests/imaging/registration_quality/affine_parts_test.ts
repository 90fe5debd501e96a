import { assertAlmostEquals, assertThrows } from "@std/assert";
import { multiplyAffines } from "../../../src/imaging/nifti/affine.ts";
import { affineParts } from "../../../src/imaging/registration_quality/affine_parts.ts";

const CENTRE = [2, -18, 9] as const;

/** About the axis (1, 2, 2) / 3, by Rodrigues' formula. */
function rotation(degrees: number): Float64Array {
  const [x, y, z] = [1 / 3, 2 / 3, 2 / 3];
  const angle = degrees * Math.PI / 180;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const d = 1 - c;
  // deno-fmt-ignore
  return Float64Array.of(
    c + x * x * d, x * y * d - z * s, x * z * d + y * s, 5,
    y * x * d + z * s, c + y * y * d, y * z * d - x * s, -7,
    z * x * d - y * s, z * y * d + x * s, c + z * z * d, 11,
    0, 0, 0, 1,
  );
}

function matrix(...rows: [number, number, number][]): Float64Array {
  return Float64Array.from([...rows.flatMap((row) => [...row, 0]), 0, 0, 0, 1]);
}

Deno.test("rotation and stretches along the axes are those that the affine was made of", () => {
  const affine = multiplyAffines(rotation(25), matrix([1.1, 0, 0], [0, 0.95, 0], [0, 0, 1.02]));
  const { scale, shear, rotation: angle } = affineParts(affine, CENTRE);
  [1.1, 0.95, 1.02].forEach((value, axis) => assertAlmostEquals(scale[axis], value, 1e-12));
  assertAlmostEquals(angle, 25, 1e-9);
  assertAlmostEquals(shear, 0, 1e-12);
});

Deno.test("shear is the cosine between axes, whatever the head's rotation", () => {
  for (const degrees of [0, 10, 170]) {
    const affine = multiplyAffines(rotation(degrees), matrix([1, 0.2, 0], [0, 1, 0], [0, 0, 1]));
    assertAlmostEquals(affineParts(affine, CENTRE).shear, 0.2 / Math.hypot(0.2, 1), 1e-12);
  }
});

Deno.test("the shift is the centre's, not that of the origin", () => {
  const still = rotation(30);
  const [x, y, z] = CENTRE;
  [0, 4, 8].forEach((row, axis) => {
    const rotated = still[row] * x + still[row + 1] * y + still[row + 2] * z;
    still[row + 3] = CENTRE[axis] - rotated + [3, 4, 12][axis];
  });
  assertAlmostEquals(affineParts(still, CENTRE).shift, 13, 1e-12);
});

Deno.test("an affine that mirrors or flattens a head is refused", () => {
  const mirrored = matrix([-1, 0, 0], [0, 1, 0], [0, 0, 1]);
  assertThrows(() => affineParts(mirrored, CENTRE), RangeError, "mirrors");
  const flat = matrix([1, 0, 0], [0, 1, 0], [0, 0, 0]);
  assertThrows(() => affineParts(flat, CENTRE), RangeError, "singular");
});
