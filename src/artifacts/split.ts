/** `split` artifacts: ClinicaDL's folder `split/`, a training set and a subset that is set aside. */
import { DataError } from "../errors.ts";
import { assertNoLeakage, guardedSessions } from "../tables/leakage.ts";
import { SessionTable } from "../tables/session_table.ts";
import type { Json } from "../workflow/step.ts";
import { type ArtifactType, describeMeta } from "./artifact_type.ts";

type SplitParameters = { readonly [name: string]: Json } & {
  subset_name: string;
  valid_longitudinal: boolean;
};

type SplitResult = {
  n_train_participants: number;
  n_subset_participants: number;
  p_age: number | null;
  p_sex: number | null;
  draws: number;
  matched: boolean;
};

export type SplitMeta = SplitParameters & SplitResult;

const ARGUMENTS = "split.json";

/** `train.tsv` with every session, or `train_baseline.tsv` with the first of each participant. */
export function subsetFile(
  subset: string,
  { baseline }: { baseline: boolean } = { baseline: false },
): string {
  return `${subset}${baseline ? "_baseline" : ""}.tsv`;
}

/** @throws {DataError} when the two tables share a participant */
export function splitOutput(train: SessionTable, subset: SessionTable, meta: SplitMeta) {
  return { meta, files: splitFiles(train, subset, meta) };
}

/**
 * @param meta written to `split.json` as it is; the subset's sessions are written if longitudinal
 * @throws {DataError} when the two tables share a participant
 */
export function splitFiles(
  train: SessionTable,
  subset: SessionTable,
  meta: SplitParameters,
): Record<string, string> {
  const { subset_name, valid_longitudinal } = meta;
  assertDisjoint(train, subset, subset_name, train.subject);
  return {
    [ARGUMENTS]: JSON.stringify(meta, null, 4) + "\n",
    ...subsetFiles("train", train),
    [subsetFile(subset_name, { baseline: true })]: subset.baseline().toTsv(),
    ...valid_longitudinal && { [subsetFile(subset_name)]: subset.toTsv() },
  };
}

/** Every session, and the first of each participant. */
export function subsetFiles(subset: string, table: SessionTable): Record<string, string> {
  return {
    [subsetFile(subset)]: table.toTsv(),
    [subsetFile(subset, { baseline: true })]: table.baseline().toTsv(),
  };
}

/** @throws {DataError} naming participants who are in both tables */
export function assertDisjoint(
  train: SessionTable,
  subset: SessionTable,
  subsetName: string,
  subject: string,
): void {
  assertNoLeakage([
    { role: "train", sessions: guardedSessions(train) },
    { role: subsetName, sessions: guardedSessions(subset) },
  ], subject);
}

/** A folder of files that may be absent. */
export interface TableFolder {
  subject: string;
  /** Names of the files and folders in it. */
  names: readonly string[];
  /** Undefined when there is no such file. */
  read(path: string): Promise<string | Uint8Array | undefined>;
}

/** One table of a folder: all sessions if they are there, the first of each otherwise. */
export async function readSubset(folder: TableFolder, subset: string): Promise<SessionTable> {
  const paths = [false, true].map((baseline) => subsetFile(subset, { baseline }));
  for (const path of paths) {
    const text = await folder.read(path);
    if (text !== undefined) return SessionTable.read(text, `${folder.subject}/${path}`);
  }
  throw new DataError(folder.subject, `neither ${paths.join(" nor ")} is in it`);
}

export const splitType: ArtifactType = {
  type: "split",
  privacy: (path) => path === ARGUMENTS ? "open" : "participants",
  files: [
    [ARGUMENTS, "the fields of meta, as ClinicaDL keeps its arguments"],
    [subsetFile("train"), "training sessions"],
    [subsetFile("train", { baseline: true }), "the first of each participant"],
    [subsetFile("<subset_name>", { baseline: true }), "first sessions of participants set aside"],
    [subsetFile("<subset_name>"), "all their sessions, if longitudinal"],
  ],
  meta: [
    ["<parameter>", "every parameter of `split.holdout`"],
    ...describeMeta<SplitResult>({
      n_train_participants: "participants left for training",
      n_subset_participants: "participants set aside",
      p_age: "p-values of the differences; null where there was no test",
      p_sex: "p-values of the differences; null where there was no test",
      draws: "draws until this one was taken",
      matched: "whether both p-values reached their thresholds",
    }),
  ],
};
