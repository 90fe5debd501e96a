/** Movements while an image is acquired: parts of the spectrum come from moved copies of the item. */
import { itemsBytes } from "../../../kernels/augment/grid.ts";
import { filterLines, filterWords, packFilter } from "../../../kernels/augment/line_filter.ts";
import { affineWords, packAffine, transformAffine } from "../../../kernels/augment/spatial.ts";
import { leastValues, pixelRows } from "./affine.ts";
import { eulerMatrix, LPS_SIGNS, mirrored } from "./rotation.ts";
import type { MotionParams } from "./specification.ts";
import { type BatchTransform, boundsOf, type ItemGeometry, tripleAxis } from "./transform.ts";

/** Of each movement. */
export interface MotionDraw {
  /** About axes 0, 1, 2, in TorchIO's directions: left, posterior, superior. */
  degrees: readonly (readonly number[])[];
  /** Along them, mm. */
  translation: readonly (readonly number[])[];
  /** When it happens, as a share of the acquisition, ascending. */
  times: readonly number[];
}

/** Share of the time between movements by which each comes earlier or later, at most. */
const PERTURBATION = 0.3;

/** The axis along which the spectrum is acquired: the last. */
function acquisitionAxis({ dimensions }: ItemGeometry): number {
  return dimensions - 1;
}

/** Words of the records: a map of each movement, then a filter of each moved copy. */
function recordWords(movements: number, { size: [depth, height, width] }: ItemGeometry): number[] {
  return [
    ...new Array<number>(movements).fill(affineWords),
    ...new Array<number>(movements).fill(filterWords({ depth, height, width })),
  ];
}

/**
 * The records. The item itself gives the centre of the spectrum: it takes the part of the copy that is
 * acquired halfway, which takes the first. All parts together are the spectrum, so that those of the moved
 * copies, as differences from the item, are all that changes it.
 */
export function packMotion(
  { degrees, translation, times }: MotionDraw,
  geometry: ItemGeometry,
  into: readonly Float32Array<ArrayBuffer>[],
): void {
  const movements = times.length;
  degrees.forEach((angles, movement) => {
    const offset = translation[movement].map((mm, axis) => mm * LPS_SIGNS[axis]);
    const rows = pixelRows(mirrored(eulerMatrix(angles)), offset, geometry);
    packAffine(rows, 0, into[movement]);
  });
  const axis = tripleAxis(geometry, acquisitionAxis(geometry));
  const n = geometry.size[axis];
  const late = times.findIndex((time) => time > 0.5);
  const central = late < 0 ? movements : late;
  const order = Array.from({ length: movements + 1 }, (_, copy) => copy);
  [order[0], order[central]] = [order[central], order[0]];
  const ends = [...times.map((time) => Math.trunc(n * time)), n];
  order.forEach((copy, part) => {
    if (copy === 0) return;
    const start = part === 0 ? 0 : ends[part - 1];
    const gains = Float64Array.from(
      { length: n },
      (_, k) => k >= start && k < ends[part] ? 1 : 0,
    );
    packFilter(axis, gains, into[movements + copy - 1]);
  });
}

export function motionTransform(params: MotionParams, geometry: ItemGeometry): BatchTransform {
  const { num_transforms: movements } = params;
  const degrees = boundsOf(params.degrees);
  const translation = boundsOf(params.translation);
  const flat = geometry.dimensions === 2;
  return {
    words: recordWords(movements, geometry),
    draw(random, ...into) {
      const each = (bounds: readonly [number, number], still: (axis: number) => boolean) =>
        Array.from({ length: movements }, () =>
          [0, 1, 2].map((axis) => {
            const drawn = random.uniform(...bounds);
            return flat && still(axis) ? 0 : drawn;
          }));
      const step = 1 / (movements + 1);
      packMotion(
        {
          degrees: each(degrees, (axis) => axis < 2),
          translation: each(translation, (axis) => axis === 2),
          times: Array.from(
            { length: movements },
            (_, i) => step * (i + 1 + random.uniform(-PERTURBATION, PERTURBATION)),
          ),
        },
        geometry,
        into,
      );
    },
    record(program, batch, ...records) {
      const { shape, x } = batch;
      const outside = leastValues(program, batch);
      const y = program.tensor("with motion", itemsBytes(shape));
      for (let movement = 0; movement < movements; movement++) {
        const moved = program.tensor("moved", itemsBytes(shape));
        transformAffine(program, { shape, x, y: moved, maps: records[movement], outside });
        filterLines(program, {
          shape,
          x: moved,
          base: x,
          y,
          filters: records[movements + movement],
          accumulate: movement > 0,
          label: "motion",
        });
      }
      return y;
    },
  };
}
