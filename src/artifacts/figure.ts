/** `figure` artifacts: a picture for people to look at. */
import type { ArtifactType } from "./artifact_type.ts";

export const figureType: ArtifactType = {
  type: "figure",
  privacy: () => "images",
  files: [["<name>.png", "one picture"]],
  meta: [],
};
