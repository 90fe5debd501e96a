/** `anomaly` artifacts: how far images are from what an autoencoder gives back of healthy ones. */
import type { Artifact } from "../workflow/step.ts";
import { type ArtifactType, describeMeta } from "./artifact_type.ts";
import type { AttributionMeta } from "./attribution.ts";
import { mapsPath } from "./attribution.ts";
import {
  appliedDescriptions,
  type AppliedMeta,
  PARTICIPANTS_FILE,
  participantsDescription,
} from "./participants_table.ts";
import { comparisonPath } from "./reconstructions.ts";

/** Which differences count: any, or where the image is lower, or higher, than it is given back. */
export type Direction = "both" | "lower" | "higher";

export type AnomalyMeta = AppliedMeta & Pick<AttributionMeta, "elements" | "extraction"> & {
  direction: Direction;
  threshold: number;
  healthy_labels: readonly string[];
  healthy_sessions: number;
  regions: readonly string[];
  residual_limit: Readonly<Record<string, number>>;
};

export function anomalyMeta({ meta }: Pick<Artifact, "meta">): AnomalyMeta {
  return meta as AnomalyMeta;
}

/** A row a session. */
export const SCORES_FILE = "scores.tsv";
/** A row a score. */
export const AUC_FILE = "auc.tsv";

/** Mean or standard deviation of healthy residuals. */
export function healthyStem(statistic: "mean" | "sd"): string {
  return `healthy_${statistic}`;
}

/** Stem of the map of one session. */
export function anomalyStem(name: string): string {
  return `individual/${name}`;
}

const METRIC = "<selection metric>";
const SESSION = "sub-X_ses-Y";

export const anomalyType: ArtifactType = {
  type: "anomaly",
  privacy: (path) =>
    path === AUC_FILE
      ? "open"
      : [SCORES_FILE, PARTICIPANTS_FILE].includes(path)
      ? "participants"
      : "images",
  files: [
    [
      SCORES_FILE,
      "one row a session: ids, label, `score`, `mean`, `share`, and of every region `<region>_score` …",
    ],
    [
      AUC_FILE,
      "one row a score: area under the ROC curve and its interval, where labels are known",
    ],
    [
      mapsPath(healthyStem("mean")),
      "mean of the residuals of healthy sessions, as the maps of `attribution`; `healthy_sd` likewise",
    ],
    [mapsPath(anomalyStem(SESSION)), "of one session, on request"],
    [
      comparisonPath(METRIC, SESSION, "input"),
      "pictures of some sessions: `input`, `output` and `residual`, which shows the map",
    ],
    [PARTICIPANTS_FILE, participantsDescription],
  ],
  meta: describeMeta<AnomalyMeta>({
    direction: "`both`, `lower` or `higher`: which differences count",
    threshold: "of the normalised residual, above which a voxel is in `share`",
    healthy_labels: "labels that count as healthy; empty where none are known",
    healthy_sessions: "number of sessions whose residuals normalise the maps",
    regions: "names of the masks",
    residual_limit: "by selection metric, value at which the colours of pictures end",
    elements: "as in `images`",
    extraction: "as in `images`",
    ...appliedDescriptions,
  }),
};
