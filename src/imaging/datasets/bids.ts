/** Finds raw images in a BIDS folder. */
import { filesBelow } from "../../disk.ts";
import { DataError } from "../../errors.ts";
import { directories, type ImageCandidate, type ImagePattern, type Layout } from "./dataset.ts";

export type BidsModality = "t1" | "pet" | "flair" | "custom";

export interface BidsImageType {
  modality: BidsModality;
  /** PET: such as `18FFDG`; any when absent. */
  tracer?: string;
  /** PET: reconstruction, the `rec-` entity; any when absent. */
  reconstruction?: string;
  /** `custom`: how the file names end. */
  custom_suffix?: string;
}

/** The session that images of a data set without `ses-*` folders are given. */
export const ONLY_SESSION = "ses-M000";

export function bidsPattern(type: BidsImageType): ImagePattern {
  const entity = (name: string, value?: string) => value === undefined ? "" : `*_${name}-${value}`;
  const patterns: Record<BidsModality, [pattern: string, description: string]> = {
    t1: ["anat/sub-*_T1w.nii*", "T1w image"],
    flair: ["anat/sub-*_flair.nii*", "FLAIR image"],
    pet: [
      `pet/sub-*${entity("trc", type.tracer)}${entity("rec", type.reconstruction)}*_pet.nii*`,
      "PET image",
    ],
    custom: [`*${type.custom_suffix}`, "Custom suffix"],
  };
  const [pattern, description] = patterns[type.modality];
  return { pattern, description, needed_pipeline: "none" };
}

function checkRoot(root: string): void {
  const names = directories(root);
  if (names.some((name) => name.startsWith("sub-")) && !names.includes("subjects")) return;
  const hint = names.includes("subjects")
    ? "it holds a folder subjects, as a CAPS does: open it with caps.open"
    : "it has no sub-* folders";
  throw new DataError(root, `not a BIDS folder: ${hint}`);
}

/** Sessions of a BIDS folder; a participant without `ses-*` folders has one session. */
function* sessions(root: string): Generator<ImageCandidate> {
  for (const participant of directories(root)) {
    if (!participant.startsWith("sub-")) continue;
    const visits = directories(`${root}/${participant}`)
      .filter((name) => name.startsWith("ses-"));
    for (const session of visits) {
      yield { participant, session, files: () => filesBelow(root, `${participant}/${session}`) };
    }
    if (visits.length === 0) {
      yield { participant, session: ONLY_SESSION, files: () => filesBelow(root, participant) };
    }
  }
}

export const bidsLayout: Layout = { checkRoot, sessions, subjects: "" };
