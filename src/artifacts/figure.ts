/** `figure` and `figures` artifacts: a picture for people to look at, and one of each image of a data set. */
import { SINGLE_COHORT } from "../tables/identity.ts";
import type { ArtifactType } from "./artifact_type.ts";
import type { CapsImage } from "./caps.ts";

export const figureType: ArtifactType = {
  type: "figure",
  privacy: () => "images",
  files: [["<name>.png", "one picture"]],
  meta: [],
};

export function figurePath(
  { participant, session, cohort }: Pick<CapsImage, "participant" | "session" | "cohort">,
): string {
  const folder = cohort === SINGLE_COHORT ? "" : `${cohort}/`;
  return `${folder}${participant}_${session}.png`;
}

export const figuresType: ArtifactType = {
  type: "figures",
  privacy: () => "images",
  files: [[
    "<participant>_<session>.png",
    "one picture an image; of several cohorts below a folder of each",
  ]],
  meta: [],
};
