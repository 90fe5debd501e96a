/** An axial, a coronal and a sagittal slice of a volume, upright, the patient's left on the left. */
import type { Affine } from "./nifti/affine.ts";
import { type AxisDirection, axisDirections, spacingOf } from "./nifti/orientation.ts";

/** Voxels of three axes. */
export interface TensorVolume {
  shape: readonly number[];
  /** The last axis varies fastest. */
  data: Float32Array;
  /** Voxel indices to mm; absent where it is unknown: the axes then count as right, anterior, superior. */
  affine?: Affine;
}

/** A slice whose first index runs to the right and whose second runs upwards. */
export interface View {
  rows: number;
  columns: number;
  /** [rows][columns] */
  values: Float32Array;
  /** Extent of a voxel along rows and along columns, mm; 1 where it is unknown. */
  voxel: readonly [number, number];
  /** What lies to the left and to the right; absent where it is unknown. */
  sides?: readonly [left: string, right: string];
}

/** World axes that point to the right and up, and the one that a slice lies across. */
const VIEWS = [
  { right: 0, up: 1, across: 2, sides: ["L", "R"] },
  { right: 0, up: 2, across: 1, sides: ["L", "R"] },
  { right: 1, up: 2, across: 0, sides: ["P", "A"] },
] as const;

const RAS: readonly AxisDirection[] = [
  { world: 0, sign: 1 },
  { world: 1, sign: 1 },
  { world: 2, sign: 1 },
];

/**
 * The slices along the axes of the volume that cross at a voxel; oblique volumes are not resampled.
 *
 * @param at voxel indices along the three axes
 */
export function cutViews(
  { shape, data, affine }: TensorVolume,
  at: readonly number[],
): [axial: View, coronal: View, sagittal: View] {
  const known = affine && axisDirections(affine);
  const directions = known ?? RAS;
  const spacing = known ? spacingOf(affine) : [1, 1, 1];
  const strides = [shape[1] * shape[2], shape[2], 1];
  /** The voxel axis along a world axis: voxels, their size, and how to step along it from its low end. */
  const along = (world: number) => {
    const axis = directions.findIndex((direction) => direction.world === world);
    const { sign } = directions[axis];
    const extent = shape[axis];
    const start = sign < 0 ? (extent - 1) * strides[axis] : 0;
    return { extent, size: spacing[axis], start, step: sign * strides[axis], axis };
  };
  return VIEWS.map(({ right, up, across, sides }): View => {
    const [row, column] = [along(right), along(up)];
    const { axis } = along(across);
    const start = at[axis] * strides[axis] + row.start + column.start;
    const values = new Float32Array(row.extent * column.extent);
    for (let r = 0, to = 0; r < row.extent; r++) {
      for (let c = 0; c < column.extent; c++) {
        values[to++] = data[start + r * row.step + c * column.step];
      }
    }
    return {
      rows: row.extent,
      columns: column.extent,
      values,
      voxel: [row.size, column.size],
      ...(known && { sides }),
    };
  }) as [View, View, View];
}

/** The voxel in the middle; of an even number the one after it. */
export function middleOf(shape: readonly number[]): number[] {
  return shape.map((extent) => Math.floor(extent / 2));
}
