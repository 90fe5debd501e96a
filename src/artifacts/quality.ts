/** `quality` artifacts: how well each image of a data set was registered, and which are outliers. */
import { columnIndices, readTsv, writeTsv } from "../formats/tsv.ts";
import {
  type Measure,
  MEASURES,
  type RegistrationMeasures,
} from "../imaging/registration_quality/measures.ts";
import { findOutliers } from "../imaging/registration_quality/outliers.ts";
import { sessionKey, SINGLE_COHORT } from "../tables/identity.ts";
import type { SessionTable } from "../tables/session_table.ts";
import type { Artifact, StepOutput } from "../workflow/step.ts";
import { type ArtifactType, describeMeta } from "./artifact_type.ts";

export type QualityMeta = {
  heads: number;
  outliers: number;
  failed: number;
};

const FILE = "quality.tsv";

const MEASURE_COLUMNS = Object.keys(MEASURES) as Measure[];

const COLUMNS = ["participant_id", "session_id", "cohort", ...MEASURE_COLUMNS, "outlier", "reason"];

/** A session of a data set, with its measures or the reason why it has none. */
export interface AssessedHead {
  participant: string;
  session: string;
  cohort: string;
  result: RegistrationMeasures | { failure: string };
}

/** One row of the table. */
export interface HeadQuality extends Omit<AssessedHead, "result"> {
  /** Absent where the image failed. */
  measures?: RegistrationMeasures;
  outlier: boolean;
  /** Why it is an outlier, or failed; empty otherwise. */
  reason: string;
}

/** @param heads all of a data set, since outliers are found by comparison */
export function qualityOutput(heads: readonly AssessedHead[]): StepOutput {
  const measured = heads.filter(({ result }) => !("failure" in result));
  const reasons = findOutliers(measured.map(({ result }) => result as RegistrationMeasures));
  const reasonOf = new Map(measured.map((head, i) => [head, reasons[i]]));
  const rows = heads.map((head) => {
    const { participant, session, cohort, result } = head;
    const ids = [participant, session, cohort];
    if ("failure" in result) {
      return [
        ...ids,
        ...MEASURE_COLUMNS.map(() => null),
        null,
        result.failure,
      ];
    }
    const reason = reasonOf.get(head)!;
    const values = MEASURE_COLUMNS.map((name) => Number(result[name].toPrecision(6)));
    return [...ids, ...values, String(reason !== ""), reason || null];
  });
  const meta: QualityMeta = {
    heads: heads.length,
    outliers: reasons.filter((reason) => reason !== "").length,
    failed: heads.length - measured.length,
  };
  return { meta, files: { [FILE]: writeTsv(COLUMNS, rows) } };
}

export function qualityMeta({ meta }: Pick<Artifact, "meta">): QualityMeta {
  return meta as QualityMeta;
}

/** @throws {DataError} when the table is damaged */
export async function readQuality(artifact: Pick<Artifact, "readText">): Promise<HeadQuality[]> {
  const table = readTsv(await artifact.readText(FILE), FILE);
  const at = columnIndices(table, COLUMNS, FILE);
  return table.rows.map((row) => ({
    participant: row[at.participant_id] ?? "",
    session: row[at.session_id] ?? "",
    cohort: row[at.cohort] ?? SINGLE_COHORT,
    ...(row[at.outlier] !== null && {
      measures: Object.fromEntries(
        MEASURE_COLUMNS.map((name) => [name, Number(row[at[name]])]),
      ) as RegistrationMeasures,
    }),
    outlier: row[at.outlier] === "true",
    reason: row[at.reason] ?? "",
  }));
}

/**
 * Keys of the sessions whose image was registered and is no outlier.
 *
 * @param labels keys have cohorts where these have
 */
export function registeredWell(
  heads: readonly HeadQuality[],
  labels: Pick<SessionTable, "has">,
): Set<string> {
  const cohorts = labels.has("cohort");
  return new Set(
    heads.filter(({ measures, outlier }) => measures !== undefined && !outlier)
      .map(({ participant, session, cohort }) =>
        sessionKey(participant, session, cohorts ? cohort : undefined)
      ),
  );
}

export const qualityType: ArtifactType = {
  type: "quality",
  privacy: () => "participants",
  files: [[
    FILE,
    "one row an image: `participant_id`, `session_id`, `cohort`; `mutual_information` with the " +
    "template in nats and `correlation` with it in the head; `scale_x`, `scale_y`, `scale_z` relative " +
    "to the template; `shear`, a cosine; `rotation` in degrees; `shift` of the centre in mm; " +
    "`field_range`, largest over smallest value of the bias field; `outlier`, `true` or `false`, n/a " +
    "for an image that failed; `reason`",
  ]],
  meta: describeMeta<QualityMeta>({
    heads: "images, those that failed included",
    outliers: "of them that are outliers",
    failed: "of them that failed",
  }),
};
