/** Elastic deformation: random displacements of a coarse grid of control points, a cubic B-spline between. */
import { itemsBytes } from "../../../kernels/augment/grid.ts";
import { deformElastically } from "../../../kernels/augment/spatial.ts";
import type { Triple } from "../../../kernels/tensors.ts";
import { leastValues } from "./affine.ts";
import { LPS_SIGNS } from "./rotation.ts";
import type { ElasticParams } from "./specification.ts";
import { type BatchTransform, eachAxis, type ItemGeometry, toAxes, toTriple } from "./transform.ts";

/** Control points along z, y, x: one alone across the plane of an image. */
export function controlPoints(
  count: ElasticParams["num_control_points"],
  geometry: ItemGeometry,
): Triple {
  const [i, j, k] = eachAxis(count);
  return toTriple(geometry, geometry.dimensions === 3 ? [i, j, k] : [i, j, 1]);
}

/**
 * The record.
 *
 * @param displacements `[i][j][k][3]` in mm: as TorchIO has them for an item of axes right, anterior,
 * superior, points and displacements along axes 0 and 1 go to the left and to the back
 */
export function packElastic(
  displacements: ArrayLike<number>,
  count: Triple,
  geometry: ItemGeometry,
  into: Float32Array<ArrayBuffer>,
): void {
  const spacing = toAxes(geometry, geometry.spacing);
  const [points, rows, columns] = toAxes(geometry, count);
  for (let i = 0; i < points; i++) {
    for (let j = 0; j < rows; j++) {
      for (let k = 0; k < columns; k++) {
        const given = 3 * (((points - 1 - i) * rows + rows - 1 - j) * columns + k);
        const moved = LPS_SIGNS.map((sign, axis) =>
          sign * displacements[given + axis] / spacing[axis]
        );
        into.set([...toTriple(geometry, moved), 1], 4 * ((i * rows + j) * columns + k));
      }
    }
  }
}

export function elasticTransform(params: ElasticParams, geometry: ItemGeometry): BatchTransform {
  const count = controlPoints(params.num_control_points, geometry);
  const [i, j, k] = toAxes(geometry, count);
  const largest = eachAxis(params.max_displacement);
  const locked = (at: number, points: number) =>
    points > 1 && (at < params.locked_borders || at >= points - params.locked_borders);
  return {
    words: [i * j * k * 4],
    draw(random, into) {
      const displacements = new Float64Array(i * j * k * 3);
      for (let point = 0; point < i * j * k; point++) {
        const place = [Math.floor(point / (j * k)), Math.floor(point / k) % j, point % k];
        const still = place.some((at, axis) => locked(at, [i, j, k][axis]));
        for (let axis = 0; axis < geometry.dimensions; axis++) {
          const drawn = random.uniform(-largest[axis], largest[axis]);
          displacements[3 * point + axis] = still ? 0 : drawn;
        }
      }
      packElastic(displacements, count, geometry, into);
    },
    record(program, batch, points) {
      const { shape, x } = batch;
      const y = program.tensor("deformed", itemsBytes(shape));
      deformElastically(program, {
        shape,
        x,
        y,
        count,
        points,
        outside: leastValues(program, batch),
      });
      return y;
    },
  };
}
