/** Reads a MAPS, of ClinicaDL 1.x or of ours: its description, splits, groups and weights. */
import { DataError } from "../errors.ts";
import {
  type Cell,
  columnIndices,
  readTsv,
  type Table,
  type Writable,
  writeTsv,
} from "../formats/tsv.ts";
import { type MapsDescription, readMapsJson } from "./description.ts";
import { DIGEST_COLUMNS, DIGESTS_FILE } from "./write.ts";

/** Access to the folder by relative paths. */
export interface MapsFolder {
  /** For errors. */
  name: string;
  /** Names in a subfolder, sorted; empty where there is none. */
  list(path: string): Promise<string[]>;
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
}

export interface OpenedMaps {
  description: MapsDescription;
  /** Splits that were trained, in rising order. */
  splits: readonly number[];
  /** Before 1.1 splits were called folds. */
  splitWord: "split" | "fold";
  /** Predicted data groups, besides train and validation. */
  dataGroups: readonly string[];
}

/** @throws {DataError} when it is no MAPS, or has networks that can't be run here */
export async function openMaps(folder: MapsFolder): Promise<OpenedMaps> {
  const names = await folder.list("");
  if (!names.includes("maps.json")) {
    throw new DataError(folder.name, "is not a MAPS: it has no maps.json");
  }
  const subject = `${folder.name}/maps.json`;
  const text = new TextDecoder().decode(await folder.read("maps.json"));
  const splitWord = names.some((name) => /^fold-\d+$/.test(name)) ? "fold" : "split";
  const prefix = `${splitWord}-`;
  const splits = names.filter((name) => new RegExp(`^${prefix}\\d+$`).test(name))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b);
  if (splits.length === 0) throw new DataError(folder.name, "holds no trained split");
  const groups = await folder.list("groups");
  const description = readMapsJson(text, subject);
  const maps: OpenedMaps = {
    description,
    splits,
    splitWord,
    dataGroups: groups.filter((name) => !/^(train|validation)$|\.tsv$/.test(name)),
  };
  if (description.mode !== "slice") return maps;
  const elements = await readSliceIds(folder, maps);
  const known = new Set(description.elements);
  const same = elements.length !== known.size || elements.every((id) => known.has(id));
  return same ? maps : { ...maps, description: { ...description, elements } };
}

/**
 * Ids in a table of predictions, in their order; none where there is no table. Older versions of
 * Gyrus wrote slices that are not consecutive nowhere else.
 */
async function readSliceIds(
  folder: MapsFolder,
  { description: { mode }, splits, splitWord }: OpenedMaps,
): Promise<number[]> {
  for (const split of splits) {
    for (const best of await folder.list(`${splitWord}-${split}`)) {
      if (!best.startsWith("best-")) continue;
      const group = `${splitWord}-${split}/${best}/validation`;
      const file = `validation_${mode}_level_prediction.tsv`;
      if (!(await folder.list(group)).includes(file)) continue;
      const table = readTsv(
        await folder.read(`${group}/${file}`),
        `${folder.name}/${group}/${file}`,
      );
      const id = table.columns.indexOf(`${mode}_id`);
      if (id >= 0) return [...new Set(table.rows.map((row) => Number(row[id])))];
    }
  }
  return [];
}

export interface WeightsFile {
  selectionMetric: string;
  /** Of a multi-network. */
  network?: number;
  path: string;
}

/** @throws {DataError} when the split is absent, has no weights, or lacks those of a network */
export async function weightsFiles(
  folder: MapsFolder,
  { description, splits, splitWord }: OpenedMaps,
  split: number,
): Promise<WeightsFile[]> {
  if (!splits.includes(split)) {
    throw new DataError(folder.name, `has no split ${split}; it has ${splits.join(", ")}`);
  }
  const root = `${splitWord}-${split}`;
  const files: WeightsFile[] = [];
  for (const name of await folder.list(root)) {
    const selectionMetric = /^best-(.+)$/.exec(name)?.[1];
    if (selectionMetric === undefined) continue;
    const present = await folder.list(`${root}/${name}`);
    const networks = description.multi_network
      ? description.elements.map((_, network) => network)
      : [undefined];
    for (const network of networks) {
      const file = network === undefined ? "model.pth.tar" : `network-${network}_model.pth.tar`;
      if (!present.includes(file)) {
        throw new DataError(folder.name, `${root}/${name} lacks ${file}`);
      }
      files.push({ selectionMetric, network, path: `${root}/${name}/${file}` });
    }
  }
  if (files.length === 0) throw new DataError(folder.name, `${root} holds no best-<metric> folder`);
  return files;
}

/** Participants of a predicted data group: ids, cohort and, where it is known, the label. */
export async function readDataGroup(
  folder: MapsFolder,
  { dataGroups }: OpenedMaps,
  name: string,
): Promise<Table> {
  if (!dataGroups.includes(name)) {
    const known = dataGroups.length > 0 ? `; it has ${dataGroups.join(", ")}` : "";
    throw new DataError(folder.name, `has no data group "${name}"${known}`);
  }
  const path = `groups/${name}/data.tsv`;
  return readTsv(await folder.read(path), `${folder.name}/${path}`);
}

export interface TrainedOn {
  /** `participants.tsv` of a model. */
  table: string;
  /** Whether the MAPS lists them; a MAPS from a model hub has only weights. */
  known: boolean;
}

/**
 * Everyone the networks of a split have seen: its training and validation sets, and with the role
 * `other` those of other splits or of a transferred network.
 */
export async function readTrainedOn(
  folder: MapsFolder,
  { description: { label }, splitWord }: OpenedMaps,
  split: number,
): Promise<TrainedOn> {
  const ids = ["participant_id", "session_id"] as const;
  const digests = await readDigests(folder);
  const rows: Writable[][] = [];
  const seen = new Set<string>();
  let known = true;
  const add = async (path: string, role: string): Promise<void> => {
    const [parent, file] = [path.slice(0, path.lastIndexOf("/")), path.split("/").at(-1)!];
    if (!(await folder.list(parent)).includes(file)) {
      known = false;
      return;
    }
    const subject = `${folder.name}/${path}`;
    const table = readTsv(await folder.read(path), subject);
    const at = columnIndices(table, ids, subject);
    const cohort = table.columns.indexOf("cohort");
    const value = table.columns.indexOf(label);
    for (const row of table.rows) {
      const [participant, session] = [row[at.participant_id], row[at.session_id]];
      const key = `${participant}\t${session}`;
      if (role === "other" && seen.has(key)) continue;
      seen.add(key);
      const known = digests?.get(key) ?? [null, null];
      rows.push([
        participant,
        session,
        row[cohort] ?? "single",
        role,
        ...(digests ? known : [null]),
        row[value] ?? null,
      ]);
    }
  };
  await add(`groups/train/${splitWord}-${split}/data.tsv`, "train");
  await add(`groups/validation/${splitWord}-${split}/data.tsv`, "validation");
  await add("groups/train+validation.tsv", "other");
  const columns = digests ? ["source_digest", "tensor_digest"] : ["source_digest"];
  const table = writeTsv([...ids, "cohort", "role", ...columns, label], rows);
  return { table, known };
}

/**
 * Digest of the image and of its voxels by participant and session; undefined where the MAPS has none,
 * as those of ClinicaDL.
 *
 * @throws {DataError} when the table is damaged
 */
async function readDigests(
  folder: MapsFolder,
): Promise<Map<string, readonly [source: Cell, tensor: Cell]> | undefined> {
  if (!(await folder.list("")).includes(DIGESTS_FILE)) return undefined;
  const subject = `${folder.name}/${DIGESTS_FILE}`;
  const table = readTsv(await folder.read(DIGESTS_FILE), subject);
  const at = columnIndices(table, DIGEST_COLUMNS, subject);
  return new Map(table.rows.map((row) => [
    `${row[at.participant_id]}\t${row[at.session_id]}`,
    [row[at.source_digest], row[at.tensor_digest]],
  ]));
}

/**
 * Predictions of the split's training and validation sets, as a model stores them, by path; those
 * that the MAPS lacks are left out.
 */
export async function readPredictionTables(
  folder: MapsFolder,
  { description: { mode }, splitWord }: OpenedMaps,
  split: number,
  selectionMetric: string,
): Promise<Map<string, string>> {
  const root = `${splitWord}-${split}/best-${selectionMetric}`;
  const tables = new Map<string, string>();
  for (const group of ["train", "validation"]) {
    const present = await folder.list(`${root}/${group}`);
    for (const level of mode === "image" ? ["image"] : [mode, "image"]) {
      const file = `${group}_${level}_level_prediction.tsv`;
      if (!present.includes(file)) continue;
      const path = `${root}/${group}/${file}`;
      const table = readTsv(await folder.read(path), `${folder.name}/${path}`);
      tables.set(`best-${selectionMetric}/${file}`, knownLabels(table, mode));
    }
  }
  return tables;
}

/** ClinicaDL writes -1 for an unknown label, and calls the elements of an only image `image_id`. */
function knownLabels({ columns, rows }: Table, mode: string): string {
  const label = columns.indexOf("true_label");
  return writeTsv(
    columns.map((column) => column === "image_id" ? `${mode}_id` : column),
    rows.map((row) => row[label] === "-1" ? row.with(label, null) : row),
  );
}

/** `training.tsv` without the times; undefined where there is none. */
export async function readTraining(
  folder: MapsFolder,
  { splitWord }: OpenedMaps,
  split: number,
  network?: number,
): Promise<string | undefined> {
  const root = `${splitWord}-${split}/training_logs${
    network === undefined ? "" : `/network-${network}`
  }`;
  if (!(await folder.list(root)).includes("training.tsv")) return undefined;
  const subject = `${folder.name}/${root}/training.tsv`;
  const { columns, rows } = readTsv(await folder.read(`${root}/training.tsv`), subject);
  const time = columns.indexOf("time");
  if (time < 0) return writeTsv(columns, rows);
  return writeTsv(columns.toSpliced(time, 1), rows.map((row) => row.toSpliced(time, 1)));
}
