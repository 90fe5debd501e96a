/** Makes the files of a MAPS, path by path: the folder in which ClinicaDL 1.6.1 stores a training and its predictions. */
import type { Table } from "../formats/tsv.ts";
import { writeTsv } from "../formats/tsv.ts";
import { tensorboardCurves } from "./curves.ts";
import { type MapsDescription, writeMapsJson } from "./description.ts";
import {
  dataTable,
  elementMetricsTable,
  imageMetricsTable,
  type MetricRow,
  predictionTable,
  trainingTable,
} from "./tables.ts";
import type { Weights } from "./weights.ts";

/** Results of one data group at one level; metrics are absent where labels are unknown. */
export interface LevelResult {
  level: string;
  prediction: Table;
  /** One block, or a block a network for elements of a multi-network. */
  metrics?: readonly (readonly MetricRow[])[];
}

export interface GroupResult {
  selectionMetric: string;
  dataGroup: string;
  participants: Table;
  levels: readonly LevelResult[];
  /** What autoencoders see and give back: paths below the group's folder, one file at a time. */
  tensors?(): AsyncIterable<readonly [path: string, content: Uint8Array<ArrayBuffer>]>;
}

/** Weights that are loaded when needed, so that one network at a time is in memory. */
export interface StoredWeights {
  /** `best-<metric>` or `all_models`. */
  folder: string;
  /** Of a multi-network. */
  network?: number;
  /** Where every epoch's weights are stored. */
  epoch?: number;
  load(): Promise<Weights>;
}

export interface MapsSplit {
  split: number;
  train: Table;
  validation: Table;
  weights: readonly StoredWeights[];
  logs: readonly { network?: number; training: Table }[];
  results: readonly GroupResult[];
}

export interface Maps {
  description: MapsDescription;
  /** See {@link writeMapsJson}. */
  capsDirectory: string;
  /** Lines of `environment.txt`. */
  environment: readonly string[];
  splits: readonly MapsSplit[];
  /** Predicted data groups, besides train and validation. */
  groups: readonly { name: string; participants: Table }[];
  /** Everyone seen in training, other splits' included. */
  trainedOn: readonly SeenSession[];
}

/** A session that weights depend on. */
export interface SeenSession {
  participant: string;
  session: string;
  /** Of its image, and of the voxels that networks saw; absent where unknown. */
  sourceDigest?: string;
  tensorDigest?: string;
}

/** Digests of the images that weights depend on; Gyrus's own file, which ClinicaDL does not read. */
export const DIGESTS_FILE = "image_digests.tsv";
export const DIGEST_COLUMNS = [
  "participant_id",
  "session_id",
  "source_digest",
  "tensor_digest",
] as const;

type MapsFile = readonly [path: string, content: string | Uint8Array];

/** Path of a split's weights: `split-0/best-loss/network-1_model.pth.tar`. */
export function weightsPath(split: number, { folder, network, epoch }: StoredWeights): string {
  const prefix = network === undefined ? "" : `network-${network}_`;
  const suffix = epoch === undefined ? "" : `_epoch_${epoch}`;
  return `split-${split}/${folder}/${prefix}model${suffix}.pth.tar`;
}

/** Every file but the weights ({@link weightsPath}, `weightsParts`), path first. */
export async function* mapsFiles(maps: Maps): AsyncGenerator<MapsFile> {
  const { description, capsDirectory, splits } = maps;
  const { label } = description;
  const groupJson = JSON.stringify({ caps_directory: capsDirectory, multi_cohort: false }, null, 4);
  yield ["maps.json", writeMapsJson(description, capsDirectory, diagnosesOf(maps))];
  yield ["environment.txt", maps.environment.join("\n") + "\n"];
  yield ["information.log", await information(maps)];
  yield [
    "groups/train+validation.tsv",
    writeTsv(
      ["participant_id", "session_id"],
      maps.trainedOn.map(({ participant, session }) => [participant, session]),
    ),
  ];
  yield* digestsFile(maps.trainedOn);
  for (const { name, participants } of maps.groups) {
    yield [`groups/${name}/data.tsv`, dataTable(participants, label, false)];
    yield [`groups/${name}/maps.json`, groupJson];
  }
  for (const split of splits) {
    for (const name of ["train", "validation"] as const) {
      const folder = `groups/${name}/split-${split.split}`;
      yield [`${folder}/data.tsv`, dataTable(split[name], label, true)];
      yield [`${folder}/maps.json`, groupJson];
    }
    yield* splitFiles(split, maps);
  }
}

/** Diagnoses of all participants in order; undefined where their tables have another label. */
function diagnosesOf(
  { description: { label, label_code }, splits, groups }: Maps,
): readonly string[] | undefined {
  if (label !== "diagnosis") return;
  const coded = Object.keys(label_code);
  if (coded.length > 0) return coded;
  const tables = [
    ...splits.flatMap(({ train, validation }) => [train, validation]),
    ...groups.map(({ participants }) => participants),
  ];
  const found = new Set(tables.flatMap(({ columns, rows }) => {
    const at = columns.indexOf(label);
    return at < 0 ? [] : rows.flatMap((row) => row[at] ?? []);
  }));
  return found.size > 0 ? [...found].sort() : undefined;
}

function* digestsFile(sessions: readonly SeenSession[]): Generator<MapsFile> {
  const known = sessions.filter(({ sourceDigest, tensorDigest }) => sourceDigest ?? tensorDigest);
  if (known.length === 0) return;
  const rows = known.map(({ participant, session, sourceDigest, tensorDigest }) => [
    participant,
    session,
    sourceDigest,
    tensorDigest,
  ]);
  yield [DIGESTS_FILE, writeTsv(DIGEST_COLUMNS, rows)];
}

async function* splitFiles(split: MapsSplit, maps: Maps): AsyncGenerator<MapsFile> {
  const root = `split-${split.split}`;
  for (const { network, training } of split.logs) {
    const folder = `${root}/training_logs${network === undefined ? "" : `/network-${network}`}`;
    yield [`${folder}/training.tsv`, trainingTable(training)];
    for (const [path, bytes] of tensorboardCurves(training)) {
      yield [`${folder}/tensorboard/${path}`, bytes];
    }
  }
  for (const result of split.results) {
    yield* resultFiles(`${root}/`, result, maps);
    const folder = groupFolder(`${root}/`, result);
    for await (const [path, bytes] of result.tensors?.() ?? []) yield [`${folder}/${path}`, bytes];
  }
}

function groupFolder(root: string, { selectionMetric, dataGroup }: GroupResult): string {
  return `${root}best-${selectionMetric}/${dataGroup}`;
}

function* resultFiles(root: string, result: GroupResult, maps: Maps): Generator<MapsFile> {
  const { dataGroup, participants, levels } = result;
  const folder = groupFolder(root, result);
  yield [`${folder}/description.log`, descriptionLog(dataGroup, participants, maps.capsDirectory)];
  for (const { level, prediction, metrics } of levels) {
    const name = `${folder}/${dataGroup}_${level}_level`;
    yield [`${name}_prediction.tsv`, predictionTable(prediction)];
    if (metrics === undefined) continue;
    const voted = level === "image" && maps.description.mode !== "image";
    yield [
      `${name}_metrics.tsv`,
      voted
        ? imageMetricsTable(metrics[0])
        : metrics.map((block, k) => elementMetricsTable(block, metrics.length > 1 ? k : undefined))
          .join(""),
    ];
  }
}

function descriptionLog(dataGroup: string, participants: Table, capsDirectory: string): string {
  const id = participants.columns.indexOf("participant_id");
  return [
    `Prediction ${dataGroup} group`,
    `Data loaded from CAPS directories: {'single': '${capsDirectory}'}`,
    `Number of participants: ${new Set(participants.rows.map((row) => row[id])).size}`,
    `Number of sessions: ${participants.rows.length}`,
    "",
  ].join("\n");
}

/** The network and the shape of each parameter; of several networks, which are alike, the first. */
async function information({ description, splits }: Maps): Promise<string> {
  const lines = [`- Model :\t${description.architecture}`, ""];
  const weights = splits[0]?.weights[0];
  if (weights !== undefined) {
    const { parameters } = await weights.load();
    for (const [name, { shape }] of parameters) lines.push(`  ${name}: [${shape.join(", ")}]`);
  }
  return lines.join("\n") + "\n";
}
