/** Tables as files: of artifacts, and in the folders that ClinicaDL reads and writes. */
import { DataError } from "../errors.ts";
import type { Fold } from "../tables/kfold.ts";
import { assertNoLeakage, guardedSessions } from "../tables/leakage.ts";
import { SessionTable } from "../tables/session_table.ts";

type Meta = Record<string, string | number | boolean | null>;

/** Files and description of an artifact. */
export interface TableOutput {
  meta: Meta;
  files: Record<string, string>;
}

/** Something that has text files by path, such as an artifact. */
export interface TextFiles {
  readText(path: string): Promise<string>;
}

/** The table of a `labels` or `participants` artifact: every session, or the first of each. */
export async function readTable(
  artifact: TextFiles,
  subject: string,
  sessions: "all" | "baseline" = "all",
): Promise<SessionTable> {
  const file = sessions === "all" ? "table.tsv" : "baseline.tsv";
  return SessionTable.read(await artifact.readText(file), subject);
}

/** What a step's context gives those who read tables. */
interface TableContext<Blob> {
  inputs: Readonly<Record<string, unknown>>;
  external(path: string): Promise<Blob>;
  get(blob: Blob): Promise<Uint8Array>;
}

/**
 * Everything known of sessions: a merged table where a path is given, else the data set's.
 *
 * @throws {DataError} when there is neither
 */
export async function readMetadata<Blob>(
  context: TableContext<Blob>,
  mergedTsv: string | undefined,
): Promise<SessionTable> {
  if (mergedTsv !== undefined) {
    return SessionTable.read(await context.get(await context.external(mergedTsv)), mergedTsv);
  }
  const caps = context.inputs.caps as TextFiles | undefined;
  if (caps === undefined) {
    throw new DataError("metadata", "give it a data set (in.caps) or a table (merged_tsv)");
  }
  return SessionTable.read(await caps.readText("participants.tsv"), "participants.tsv");
}

/** A `labels` or `participants` artifact. */
export function tableOutput(table: SessionTable, role: string): TableOutput {
  const baseline = table.baseline();
  return {
    meta: { role, participants: baseline.rows.length, sessions: table.rows.length },
    files: { "table.tsv": table.toTsv(), "baseline.tsv": baseline.toTsv() },
  };
}

/** The files of a `fold`. @throws {DataError} when its sides share a participant */
export function foldFiles(train: SessionTable, validation: SessionTable): Record<string, string> {
  assertNoLeakage([
    { role: "train", sessions: guardedSessions(train) },
    { role: "validation", sessions: guardedSessions(validation) },
  ], train.subject);
  return {
    "train.tsv": train.toTsv(),
    "train_baseline.tsv": train.baseline().toTsv(),
    "validation.tsv": validation.toTsv(),
    "validation_baseline.tsv": validation.baseline().toTsv(),
  };
}

/** A `fold` artifact. */
export function foldOutput(
  labels: SessionTable,
  fold: Fold,
  position: { split: number; nSplits: number; stratification: string | null },
): TableOutput {
  return {
    meta: {
      split: position.split,
      n_splits: position.nSplits,
      stratification: position.stratification,
    },
    files: foldFiles(labels.of(new Set(fold.train)), labels.of(new Set(fold.validation))),
  };
}

/** ClinicaDL's `split/`: its arguments, `train.tsv`, baselines, and the subset's sessions if asked. */
export function splitTree(
  train: SessionTable,
  heldOut: SessionTable,
  subset: string,
  account: Meta,
): Record<string, string> {
  assertNoLeakage([
    { role: "train", sessions: guardedSessions(train) },
    { role: subset, sessions: guardedSessions(heldOut) },
  ], train.subject);
  return {
    "split.json": JSON.stringify(account, null, 4) + "\n",
    "train.tsv": train.toTsv(),
    "train_baseline.tsv": train.baseline().toTsv(),
    [`${subset}_baseline.tsv`]: heldOut.baseline().toTsv(),
    ...account.valid_longitudinal ? { [`${subset}.tsv`]: heldOut.toTsv() } : {},
  };
}

/** A folder of files that may or may not be there. */
export interface TableFolder {
  subject: string;
  /** Undefined when there is no such file. */
  read(path: string): Promise<string | undefined>;
}

/** One table of a folder: all sessions if they are there, the first of each otherwise. */
export async function readSubset(folder: TableFolder, subset: string): Promise<SessionTable> {
  for (const path of [`${subset}.tsv`, `${subset}_baseline.tsv`]) {
    const text = await folder.read(path);
    if (text !== undefined) return SessionTable.read(text, `${folder.subject}/${path}`);
  }
  throw new DataError(folder.subject, `neither ${subset}.tsv nor ${subset}_baseline.tsv is in it`);
}

/**
 * Folds of a `<k>_fold` folder: `split-0`, `split-1`, … (`split_0`, … as some write them).
 *
 * @throws {DataError} when there is none, a file is absent, or a fold's sides share a participant
 */
export async function readFolds(folder: TableFolder): Promise<TableOutput[]> {
  const sides: { train: SessionTable; validation: SessionTable }[] = [];
  for (;;) {
    const split = await foldFolder(folder, sides.length);
    if (split === undefined) break;
    sides.push({
      train: await readSubset(split, "train"),
      validation: await readSubset(split, "validation"),
    });
  }
  if (sides.length === 0) {
    throw new DataError(
      folder.subject,
      "no split-0 with a train table is in it: not a k-fold tree",
    );
  }
  return sides.map(({ train, validation }, split) => ({
    meta: { split, n_splits: sides.length, stratification: null },
    files: foldFiles(train, validation),
  }));
}

async function foldFolder(folder: TableFolder, split: number): Promise<TableFolder | undefined> {
  for (const name of [`split-${split}`, `split_${split}`]) {
    for (const file of ["train.tsv", "train_baseline.tsv"]) {
      if (await folder.read(`${name}/${file}`) === undefined) continue;
      return {
        subject: `${folder.subject}/${name}`,
        read: (path) => folder.read(`${name}/${path}`),
      };
    }
  }
  return undefined;
}
