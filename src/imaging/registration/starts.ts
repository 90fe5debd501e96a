/**
 * Where a registration starts: mutual information has many local maxima, so a set of rotations and
 * shifts about the centres of mass is compared at the coarsest resolution.
 */
import type { Affine } from "../nifti/affine.ts";
import { align, type Alignment } from "./align.ts";
import type { InformationMeasure } from "./mutual_information.ts";
import { affineFrom, RADIUS, rigidFrom, rotationOf } from "./parametrisation.ts";

/** Rotations about each of the three axes, in radians. */
const TURNS = [-Math.PI / 6, 0, Math.PI / 6];
/**
 * Shifts along the body axis of the fixed image, mm: a neck, or a head that is cut below, moves the
 * centre of mass.
 */
const BODY_SHIFTS = [-20, 0, 20, 45];
/** The best starts that are refined as rigid transforms, and the distinct best of them as affine ones. */
const RIGID_CANDIDATES = 12;
const AFFINE_CANDIDATES = 3;
/** Starts closer than this lead to one maximum, mm. */
const DISTINCT = 5;

/**
 * Finds the rigid transform from which an affine registration is best.
 *
 * @param information at the coarsest resolution, outside counted as background
 * @param movingCentre centre of mass of the moving image, mm
 */
export async function findStart(
  information: InformationMeasure,
  movingCentre: readonly number[],
  throwIfAborted?: () => void,
): Promise<Affine> {
  const candidates: Alignment[] = [];
  for (const transform of starts(movingCentre)) {
    candidates.push({ transform, mutualInformation: await information.evaluate(transform) });
  }
  const rigid: Alignment[] = [];
  for (const { transform } of best(candidates, RIGID_CANDIDATES)) {
    rigid.push(
      await align(information, rigidFrom(transform), {
        iterations: 15,
        firstStep: 4,
        tolerance: 0.5,
        throwIfAborted,
      }),
    );
  }
  const limits = { firstStep: 2, tolerance: 0.1, throwIfAborted };
  const refined: Alignment[] = [];
  for (const { transform: start } of distinct(best(rigid, rigid.length))) {
    const { transform } = await align(information, rigidFrom(start), {
      ...limits,
      iterations: 40,
    });
    const { mutualInformation } = await align(information, affineFrom(transform), {
      ...limits,
      iterations: 30,
    });
    refined.push({ transform, mutualInformation });
  }
  return best(refined, 1)[0].transform;
}

function starts([x, y, z]: readonly number[]): Affine[] {
  const transforms: Affine[] = [];
  for (const pitch of TURNS) {
    for (const roll of TURNS) {
      for (const yaw of TURNS) {
        const r = rotationOf([pitch, roll, yaw]);
        for (const shift of BODY_SHIFTS) {
          // deno-fmt-ignore
          transforms.push(Float64Array.of(
            r[0], r[1], r[2], x + r[2] * shift,
            r[3], r[4], r[5], y + r[5] * shift,
            r[6], r[7], r[8], z + r[8] * shift,
            0, 0, 0, 1,
          ));
        }
      }
    }
  }
  return transforms;
}

function best(alignments: readonly Alignment[], count: number): Alignment[] {
  return alignments.toSorted((a, b) => b.mutualInformation - a.mutualInformation).slice(0, count);
}

function distinct(ordered: readonly Alignment[]): Alignment[] {
  const chosen: Alignment[] = [];
  for (const alignment of ordered) {
    if (chosen.length === AFFINE_CANDIDATES) break;
    if (chosen.every((other) => distance(other.transform, alignment.transform) > DISTINCT)) {
      chosen.push(alignment);
    }
  }
  return chosen;
}

/** Root mean square distance in mm of two transforms over a ball of 70 mm about the centre. */
function distance(a: Affine, b: Affine): number {
  const squared = a.reduce((sum, value, entry) => {
    const weight = entry % 4 === 3 ? 1 : RADIUS ** 2 / 5;
    return sum + weight * (value - b[entry]) ** 2;
  }, 0);
  return Math.sqrt(squared);
}
