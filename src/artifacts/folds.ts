/** `folds` artifacts: the folds of a cross-validation, in ClinicaDL's folder a `split-<i>/` each. */
import { DataError } from "../errors.ts";
import { decodeText } from "../formats/text.ts";
import { isJsonObject, parseJson } from "../json.ts";
import type { Fold } from "../tables/kfold.ts";
import { personName } from "../tables/identity.ts";
import { nameSome, type SessionTable } from "../tables/session_table.ts";
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
 * Reads a `<k>_fold` folder: `split-0`, `split-1`, … (or `split_0`, or `split-00`, …).
 *
 * @throws {DataError} when there is none, one of the sequence or a file is absent, `kfold.json` counts
 *   other folds, a fold's sides share a participant, or a participant is validated on twice
 */
export async function readFolds(folder: TableFolder): Promise<FoldOutput[]> {
  const names = findFolds(folder);
  await checkCount(folder, names.length);
  const sides: { train: SessionTable; validation: SessionTable }[] = [];
  for (const name of names) {
    const split: TableFolder = {
      subject: `${folder.subject}/${name}`,
      read: (path) => folder.read(`${name}/${path}`),
      names: [],
    };
    sides.push({
      train: await readSubset(split, "train"),
      validation: await readSubset(split, "validation"),
    });
  }
  checkValidatedOnce(sides.map(({ validation }) => validation), names, folder.subject);
  return sides.map(({ train, validation }, split) => ({
    meta: { split, n_splits: sides.length, stratification: null },
    files: foldFiles(train, validation),
  }));
}

/** Names of the folders of the folds, in order. */
function findFolds({ subject, names }: TableFolder): string[] {
  const found = new Map<number, string>();
  for (const name of names) {
    const digits = /^split[-_](\d{1,6})$/.exec(name)?.[1];
    if (digits === undefined) continue;
    const split = Number(digits);
    const other = found.get(split);
    if (other !== undefined) throw new DataError(subject, `${other} and ${name} are one fold`);
    found.set(split, name);
  }
  if (found.size === 0) throw new DataError(subject, "no split-0 is in it: not a k-fold tree");
  const last = Math.max(...found.keys());
  const missing = Array.from({ length: last + 1 }, (_, split) => split)
    .filter((split) => !found.has(split));
  if (missing.length > 0) {
    throw new DataError(
      subject,
      `a fold is missing: ${missing.map(foldFolder).join(", ")}; there ${
        found.size === 1 ? "is" : "are"
      } ${[...found.values()].sort().join(", ")}`,
    );
  }
  return [...found].sort(([a], [b]) => a - b).map(([, name]) => name);
}

/** @throws {DataError} naming participants who are in the validation sets of two folds */
function checkValidatedOnce(
  validations: readonly SessionTable[],
  names: readonly string[],
  subject: string,
): void {
  const foldOf = new Map<string, string>();
  const twice: string[] = [];
  validations.forEach((validation, split) => {
    for (const person of validation.byPerson().keys()) {
      const fold = foldOf.get(person);
      if (fold === undefined) foldOf.set(person, names[split]);
      else twice.push(`${personName(person)} (${fold} and ${names[split]})`);
    }
  });
  if (twice.length === 0) return;
  throw new DataError(
    subject,
    `${twice.length} participants are in two validation sets, but cross-validation uses each once: ` +
      `${nameSome(twice, 3)}; a copied fold? Sets that may overlap open one by one, with ` +
      'content = "split" and subset_name = "validation"',
  );
}

/** @throws {DataError} when `kfold.json` has another number of folds */
async function checkCount(folder: TableFolder, found: number): Promise<void> {
  const source = await folder.read("kfold.json");
  if (source === undefined) return;
  const subject = `${folder.subject}/kfold.json`;
  const split = parseJson(
    typeof source === "string" ? source : decodeText(source, subject),
    subject,
  );
  const count = isJsonObject(split) ? split.n_splits : undefined;
  if (typeof count !== "number" || count === found) return;
  throw new DataError(folder.subject, `${found} folds are in it, but kfold.json has ${count}`);
}

/** Where a published fold is. */
export function foldFolder(split: number | string): string {
  return `split-${split}`;
}

export const foldType: ArtifactType = {
  type: "fold",
  privacy: () => "participants",
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
  privacy: () => "participants",
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
