/** Masks of the hippocampi of generated heads, named as those that ClinicaDL provides. */
import { maskPath } from "../datasets/masks.ts";
import { writeNifti } from "../nifti/write.ts";
import { phantomAffine, voxelSize } from "./phantom.ts";

export type HippocampusBox = "leftHippocampusBox" | "rightHippocampusBox";

/** Middle of the right hippocampus of the mean head, mm; the left one is its mirror image. */
const HIPPOCAMPUS_CENTRE = [23, -19, -14] as const;

/** Edge of the cubes, mm; on a grid of 64 voxels 18 of them, where five poolings need 17 in ClinicaDL. */
const BOX_EDGE = 56;

/**
 * Files of a CAPS: 1 in a cube of 56 mm around the hippocampus, 0 elsewhere. Both cubes have as many
 * voxels.
 *
 * @param shape of the images, as `renderPhantom` takes it
 */
export function hippocampusMasks(
  shape: readonly [number, number, number],
  boxes: readonly HippocampusBox[],
): Record<string, Uint8Array<ArrayBuffer>> {
  return Object.fromEntries(boxes.map((box) => [
    maskPath(box),
    writeNifti({
      shape,
      voxels: paintBox(shape, box),
      affine: phantomAffine(shape),
      space: "mni152",
      description: `gyrus ${box}`,
    }),
  ]));
}

function paintBox(shape: readonly [number, number, number], box: HippocampusBox): Uint8Array {
  const [x, y, z] = HIPPOCAMPUS_CENTRE;
  const centre = [box === "leftHippocampusBox" ? -x : x, y, z];
  const voxel = voxelSize(shape);
  const edge = Math.ceil(BOX_EDGE / voxel);
  const start = centre.map((at, axis) =>
    Math.round(at / voxel + (shape[axis] - 1) / 2 - (edge - 1) / 2)
  );
  const voxels = new Uint8Array(shape[0] * shape[1] * shape[2]);
  for (let k = start[2]; k < start[2] + edge; k++) {
    for (let j = start[1]; j < start[1] + edge; j++) {
      const row = (k * shape[1] + j) * shape[0] + start[0];
      voxels.fill(1, row, row + edge);
    }
  }
  return voxels;
}
