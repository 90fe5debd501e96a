/** Paths of generated images in a CAPS or BIDS folder. */

/** An image of a CAPS, read or generated. */
export interface DatasetImage {
  participant: string;
  session: string;
  /** Below the CAPS's root. */
  path: string;
  cohort: string;
}

/** Path of a raw T1-weighted image in a BIDS folder. */
export function rawPath(participant: string, session: string): string {
  return `${participant}/${session}/anat/${participant}_${session}_T1w.nii.gz`;
}

/** Path of an image of no pipeline, found by its suffix. */
export function customPath(participant: string, session: string, suffix: string): string {
  return `subjects/${participant}/${session}/custom/${participant}_${session}_${suffix}`;
}

/** A source's path under another participant and session. */
export function renamedPath(source: DatasetImage, participant: string, session: string): string {
  return source.path.replaceAll(source.participant, participant)
    .replaceAll(source.session, session);
}

/** A source's path with entities set before its suffix, and the suffix that finds it. */
export function markedPath(path: string, entities: string): { path: string; suffix: string } {
  const at = path.lastIndexOf("_");
  const suffix = `${entities}${path.slice(at)}`;
  return { path: `${path.slice(0, at)}_${suffix}`, suffix };
}
