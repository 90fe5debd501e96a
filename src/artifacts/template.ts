/** `template` artifacts: the image that others are registered to. */
import type { ArtifactType } from "./artifact_type.ts";

const FILE = "template.nii.gz";

/** @param nifti a `.nii.gz` file */
export function templateOutput(nifti: Uint8Array) {
  return { files: { [FILE]: nifti } };
}

export const templateType: ArtifactType = {
  type: "template",
  // A user's own template may be a person's head.
  privacy: () => "images",
  files: [[FILE, "a head with its skull, on the grid of MNI152NLin2009cSym"]],
  meta: [],
};
