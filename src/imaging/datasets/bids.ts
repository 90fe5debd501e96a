/** Finds raw images in a BIDS folder. */
import { filesBelow } from "../../disk/folders.ts";
import { DataError } from "../../errors.ts";
import {
  CUSTOM_DESCRIPTION,
  directories,
  type ImageCandidate,
  type ImagePattern,
  type Layout,
} from "./dataset.ts";

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
    custom: [`*${type.custom_suffix}`, CUSTOM_DESCRIPTION],
  };
  const [pattern, description] = patterns[type.modality];
  return { pattern, description, needed_pipeline: "none" };
}

function checkRoot(root: string): void {
  const names = directories(root);
  if (names.some((name) => name.startsWith("sub-")) && !names.includes("subjects")) return;
  const hint = names.includes("subjects")
    ? "it holds a folder subjects, as a CAPS does: open it with caps.open"
    : names.some((name) => name.startsWith("tpl-"))
    ? "it has templates (tpl-* folders), but no sub-* folders of participants"
    : `it has no sub-* folders${adviseOtherRoot(root, names)}`;
  throw new DataError(root, `not a BIDS folder: ${hint}`);
}

/** Data sets often stand one folder further down, in `rawdata` or `derivatives/fmriprep`. */
function adviseOtherRoot(root: string, names: readonly string[]): string {
  const below = names.filter((name) => !name.startsWith(".")).flatMap((name) => [
    name,
    ...(name === "derivatives"
      ? directories(`${root}/${name}`).map((one) => `${name}/${one}`)
      : []),
  ]);
  const found = below.filter((path) =>
    directories(`${root}/${path}`).some((name) => name.startsWith("sub-"))
  );
  return found.length > 0 ? `, but ${found.join(" and ")} has: open that` : "";
}

/** Derivatives of several sessions may have their images beside them: these belong to no session. */
function hint(root: string): string | undefined {
  for (const participant of directories(root)) {
    if (!participant.startsWith("sub-")) continue;
    const folders = directories(`${root}/${participant}`);
    const beside = folders.find((name) => name === "anat" || name === "pet");
    const visit = folders.find((name) => name.startsWith("ses-"));
    if (beside === undefined || visit === undefined) continue;
    return `${participant}/${beside} is next to the sessions of ${participant}, and so belongs to ` +
      `none: open a folder in which its images are in a session, such as ${participant}/${visit}/${beside}`;
  }
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

export const bidsLayout: Layout = { checkRoot, sessions, subjects: "", hint };
