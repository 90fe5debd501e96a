/** `folds` artifacts: the folds of a cross-validation, in ClinicaDL's folder a `split-<i>/` each. */
import { DataError } from "../errors.ts";
import type { Fold } from "../tables/kfold.ts";
import type { SessionTable } from "../tables/session_table.ts";
import { type ArtifactType, describeMeta } from "./artifact_type.ts";
import { assertDisjoint, readSubset, subsetFile, subsetFiles, type TableFolder } from "./split.ts";

export type FoldMeta = {
  split: number;
  n_splits: number;
  stratification: string | null;
};

/** Of the list; all but `n_splits` are absent where an existing tree was opened. */
export type FoldsMeta = {
  n_splits: number;
  stratification?: string | null;
  seed?: number;
  subset_name?: string;
};

export interface FoldOutput {
  meta: FoldMeta;
  files: Record<string, string>;
}

export function foldsOutput(items: readonly FoldOutput[], meta: FoldsMeta) {
  return { meta, items };
}

/** One fold of labels. */
export function foldOutput(labels: SessionTable, fold: Fold, meta: FoldMeta): FoldOutput {
  const [train, validation] = [fold.train, fold.validation].map((ids) => labels.of(new Set(ids)));
  return { meta, files: foldFiles(train, validation) };
}

/** @throws {DataError} when the two tables share a participant */
export function foldFiles(train: SessionTable, validation: SessionTable): Record<string, string> {
  assertDisjoint(train, validation, "validation", train.subject);
  return { ...subsetFiles("train", train), ...subsetFiles("validation", validation) };
}

/**
 * Reads a `<k>_fold` folder: `split-0`, `split-1`, … (or `split_0`, …).
 *
 * @throws {DataError} when there is none, a file is absent, or a fold's sides share a participant
 */
export async function readFolds(folder: TableFolder): Promise<FoldOutput[]> {
  const sides: { train: SessionTable; validation: SessionTable }[] = [];
  for (;;) {
    const split = await findFold(folder, sides.length);
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

async function findFold(folder: TableFolder, split: number): Promise<TableFolder | undefined> {
  for (const name of [foldFolder(split), `split_${split}`]) {
    for (const baseline of [false, true]) {
      const path = `${name}/${subsetFile("train", { baseline })}`;
      if (await folder.read(path) === undefined) continue;
      return {
        subject: `${folder.subject}/${name}`,
        read: (path) => folder.read(`${name}/${path}`),
      };
    }
  }
  return undefined;
}

/** Where a published fold is. */
export function foldFolder(split: number | string): string {
  return `split-${split}`;
}

export const foldType: ArtifactType = {
  type: "fold",
  files: [
    [subsetFile("train"), "training sessions"],
    [subsetFile("train", { baseline: true }), "the first of each participant"],
    [subsetFile("validation"), "validation sessions"],
    [subsetFile("validation", { baseline: true }), "the first of each participant"],
  ],
  meta: describeMeta<FoldMeta>({
    split: "index of the fold, from 0",
    n_splits: "number of folds",
    stratification: "column whose classes are equally frequent in all folds, or null",
  }),
};

export const foldsType: ArtifactType = {
  type: "folds",
  files: [[
    `${foldFolder("<i>")}/`,
    "where published: the files of each `fold`; stored as a list of them",
  ]],
  meta: describeMeta<FoldsMeta>({
    n_splits: "number of folds",
    stratification: "as in `fold`",
    seed: "of the draw",
    subset_name: "`validation`",
  }),
};
