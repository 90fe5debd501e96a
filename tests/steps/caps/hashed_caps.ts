/** A CAPS of tiny volumes that are an integer hash of participant and place; nothing is stored. */
import { writeNifti } from "../../../src/imaging/nifti/write.ts";
import { uniform } from "../../nn/fixture.ts";

const IDENTITY = Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);

export const participantName = (index: number) => `sub-${String(index).padStart(2, "0")}`;

/** Path of a participant's image below the CAPS. */
export function imagePath(index: number): string {
  const name = participantName(index);
  const file = `${name}_ses-M000_space-MNI152NLin2009cSym_desc-Crop_res-1x1x1_T1w.nii.gz`;
  return `subjects/${name}/ses-M000/t1_linear/${file}`;
}

/** Writes one participant's volume. @param stream of the hash; another one gives another image */
export async function writeImage(
  caps: string,
  index: number,
  shape: readonly number[],
  stream = 7000 + index,
): Promise<void> {
  const path = `${caps}/${imagePath(index)}`;
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  const count = shape.reduce((product, extent) => product * extent, 1);
  const voxels = Float32Array.from(uniform(stream, count));
  await Deno.writeFile(path, writeNifti({ shape, voxels, affine: IDENTITY }));
}

/** Table of the participants from `first` on; even ones have Alzheimer's disease. */
export function labelsOf(first: number, count: number): string {
  const rows = Array.from({ length: count }, (_, i) => {
    const index = first + i;
    return `${participantName(index)}\tses-M000\t${60 + index}\t${index % 2 ? "CN" : "AD"}\n`;
  });
  return "participant_id\tsession_id\tage\tdiagnosis\n" + rows.join("");
}

/** Writes a CAPS of `count` participants. */
export async function writeCaps(
  caps: string,
  count: number,
  shape: readonly number[],
): Promise<void> {
  for (let index = 0; index < count; index++) await writeImage(caps, index, shape);
}
