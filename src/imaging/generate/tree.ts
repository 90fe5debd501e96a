/** Where generated images stand in a CAPS, and the tables beside them. */
import { type Cell, writeTsv } from "../../formats/tsv.ts";
import { LINEAR_TEMPLATE } from "../datasets/caps.ts";
import { SINGLE_COHORT } from "../datasets/sessions.ts";
import type { GeneratedSession } from "./participants.ts";

/** A file of a generated CAPS. */
export interface PlacedImage {
  participantId: string;
  sessionId: string;
  /** Below the CAPS's root. */
  path: string;
  /** Of its source; absent: one cohort. */
  cohort?: string;
}

/** Path of a T1-weighted image as the t1-linear pipeline names it. */
export function t1LinearPath(
  participantId: string,
  sessionId: string,
  uncropped: boolean,
): string {
  const crop = uncropped ? "" : "_desc-Crop";
  return `subjects/${participantId}/${sessionId}/t1_linear/${participantId}_${sessionId}` +
    `_space-${LINEAR_TEMPLATE}${crop}_res-1x1x1_T1w.nii.gz`;
}

/** Path of an image of no pipeline, found by its suffix. */
export function customPath(participantId: string, sessionId: string, suffix: string): string {
  return `subjects/${participantId}/${sessionId}/custom/${participantId}_${sessionId}_${suffix}`;
}

/** A source's path under another participant and session. */
export function renamedPath(source: PlacedImage, participantId: string, sessionId: string): string {
  return source.path.replaceAll(source.participantId, participantId)
    .replaceAll(source.sessionId, sessionId);
}

/** A source's path with entities set before its suffix, and the suffix that finds it. */
export function markedPath(path: string, entities: string): { path: string; suffix: string } {
  const at = path.lastIndexOf("_");
  const suffix = `${entities}${path.slice(at)}`;
  return { path: `${path.slice(0, at)}_${suffix}`, suffix };
}

/** `images.tsv`: one row an image. */
export function imagesTsv(
  images: readonly (PlacedImage & { digest: string })[],
): string {
  return writeTsv(
    ["participant_id", "session_id", "path", "digest", "cohort"],
    images.map((image) => [
      image.participantId,
      image.sessionId,
      image.path,
      image.digest,
      image.cohort ?? SINGLE_COHORT,
    ]),
  );
}

/** `participants.tsv`: one row a session. */
export function participantsTsv(
  sessions: readonly GeneratedSession[],
  more: { columns: readonly string[]; of(session: GeneratedSession): readonly Cell[] },
): string {
  return writeTsv(
    [
      "participant_id",
      "session_id",
      "age",
      "sex",
      "diagnosis",
      "MMSE",
      "cdr_global",
      ...more.columns,
    ],
    sessions.map((session) => [
      session.participantId,
      session.sessionId,
      session.age.toFixed(1),
      session.sex,
      session.diagnosis,
      session.mmse,
      session.cdr,
      ...more.of(session),
    ]),
  );
}
