/** Headers whose sform and qform put the image in two places. */
import { DataError } from "../../errors.ts";
import { type Affine, type Point, transformPoint } from "./affine.ts";
import type { NiftiHeader, StatedTransform } from "./header.ts";
import { orientationOf, spacingOf } from "./orientation.ts";

/** Which transform counts where a header states two that differ. */
export type HeaderChoice = "sform" | "qform";

/** Differences up to these are rounding, or an old tool's. */
const TOLERANCE_MM = 1;
const TOLERANCE_DEGREES = 1;

/**
 * The voxel-to-world matrix of an image whose sform and qform agree, and of any other the one that was
 * chosen. Programs differ in what they take: nibabel the sform; ITK, and so ANTs, the sform only if its
 * code is 1 or there is no qform.
 *
 * @throws {DataError} when they differ by more than 1 mm or 1 degree and there is no choice
 */
export function agreedAffine(
  header: NiftiHeader,
  choice: HeaderChoice | undefined,
  subject: string,
): Affine {
  const { sform, qform, shape, affine } = header;
  if (sform === undefined || qform === undefined) return affine;
  const distance = largestDistance(sform.affine, qform.affine, shape);
  const angle = largestAngle(sform.affine, qform.affine);
  if (distance <= TOLERANCE_MM && angle <= TOLERANCE_DEGREES) return affine;
  if (choice !== undefined) return header[choice]!.affine;
  const byItk = sform.code === 1 ? "sform" : "qform";
  throw new DataError(
    subject,
    `its header states two transforms, ${round(distance)} mm and ${round(angle)} degrees apart: ` +
      `sform ${describe(sform, shape)}; qform ${
        describe(qform, shape)
      }. nibabel takes the sform, ` +
      `ITK and ANTs the ${byItk}; look at the image and choose with header = "sform" or "qform"`,
  );
}

/** How far apart two transforms put a corner of the grid, mm. */
function largestDistance(a: Affine, b: Affine, shape: readonly number[]): number {
  let largest = 0;
  for (let corner = 0; corner < 8; corner++) {
    const extent = (axis: number) => corner >> axis & 1 ? (shape[axis] ?? 1) - 1 : 0;
    const voxel: Point = [extent(0), extent(1), extent(2)];
    const there = transformPoint(b, voxel);
    const difference = transformPoint(a, voxel).map((value, axis) => value - there[axis]);
    largest = Math.max(largest, Math.hypot(...difference));
  }
  return largest;
}

/** Between the directions of an axis of the grid, degrees. */
function largestAngle(a: Affine, b: Affine): number {
  const angles = [0, 1, 2].map((axis) => {
    const column = (m: Affine) => [m[axis], m[4 + axis], m[8 + axis]];
    const [u, v] = [column(a), column(b)];
    const cosine = u.reduce((sum, value, row) => sum + value * v[row], 0) /
      (Math.hypot(...u) * Math.hypot(...v));
    return Math.acos(Math.min(1, Math.max(-1, cosine))) * 180 / Math.PI;
  });
  return Math.max(...angles);
}

/** `(code 1) LAS, 1 x 1 x 1.2 mm, grid centred at (0.5, -12, 3)` */
function describe({ code, affine }: StatedTransform, shape: readonly number[]): string {
  const centre = transformPoint(affine, [
    ((shape[0] ?? 1) - 1) / 2,
    ((shape[1] ?? 1) - 1) / 2,
    ((shape[2] ?? 1) - 1) / 2,
  ]);
  return `(code ${code}) ${orientationOf(affine) ?? "without volume"}, ` +
    `${spacingOf(affine).map(round).join(" x ")} mm, grid centred at (${
      centre.map(round).join(", ")
    }) mm`;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
