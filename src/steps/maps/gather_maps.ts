/** Gathers models and predictions into the contents of a MAPS. */
import config from "../../../deno.json" with { type: "json" };
import { DataError } from "../../errors.ts";
import type { BootstrapOptions } from "../../evaluation/bootstrap.ts";
import { evaluatePredictions } from "../../evaluation/evaluate.ts";
import { meanLossOfPredictions } from "../../evaluation/prediction_loss.ts";
import { type Predictions, selectRows } from "../../evaluation/predictions.ts";
import {
  modelMeta,
  modelPredictionPath,
  parseWeightsPath,
  readWeights,
  trainingPath,
} from "../../artifacts/model.ts";
import { columnIndices, readTsv, type Table } from "../../formats/tsv.ts";
import type { MapsDescription } from "../../maps/description.ts";
import type { MetricRow } from "../../maps/tables.ts";
import type {
  GroupResult,
  LevelResult,
  Maps,
  MapsSplit,
  SeenSession,
  StoredWeights,
} from "../../maps/write.ts";
import type { Artifact, ArtifactFile } from "../../workflow/step.ts";
import type { Axis } from "../../imaging/extract/extraction.ts";
import {
  latentFiles,
  type NamedFile,
  niftiFiles,
  tensorFiles,
} from "../model/reconstruction_files.ts";
import { clinicadlLimits } from "./clinicadl_limits.ts";
import { readParticipants } from "../../artifacts/participants_table.ts";
import {
  predictionLevels,
  predictionPath,
  predictionsMeta,
  readPredictions,
  type SavedTensors,
} from "../../artifacts/predictions.ts";
import { readReconstruction, stemOfReconstruction } from "../../artifacts/reconstructions.ts";

/** A MAPS whose weights are files of the models. */
export interface GatheredMaps extends Maps {
  splits: readonly (MapsSplit & { weights: ReturnType<typeof storedWeights> })[];
}

export interface GatherOptions {
  capsDirectory: string;
  bootstrap: BootstrapOptions;
  warn: (message: string) => void;
}

/**
 * @param predictions those by other models are left out
 * @throws {DataError} when the models differ in more than their split, none of the predictions is by
 *   one of them, or a data group differs between splits
 */
export async function gatherMaps(
  models: readonly Artifact[],
  predictions: readonly Artifact[],
  options: GatherOptions,
): Promise<GatheredMaps> {
  const ordered = models.toSorted((a, b) => splitOf(a) - splitOf(b));
  const description = describeModels(ordered);
  clinicadlLimits(description).forEach(options.warn);
  const predictionsBy = (model: Artifact) =>
    predictions.filter((artifact) => predictionsMeta(artifact).model === model.digest);
  const ours = predictions.filter((artifact) =>
    models.some(({ digest }) => digest === predictionsMeta(artifact).model)
  );
  if (predictions.length > 0 && ours.length === 0) {
    throw new DataError("maps", "none of the predictions is by one of the models");
  }
  const splits: GatheredMaps["splits"][number][] = [];
  const trainedOn = new Map<string, SeenSession>();
  for (const model of ordered) {
    const participants = await readParticipants(model);
    const at = columnIndices(participants, ["participant_id", "session_id", "role"], "the model");
    for (const row of participants.rows) {
      const [participant, session] = [String(row[at.participant_id]), String(row[at.session_id])];
      const cell = (column: string) => row[participants.columns.indexOf(column)] ?? undefined;
      const digests = {
        sourceDigest: cell("source_digest"),
        tensorDigest: cell("tensor_digest"),
      };
      trainedOn.set(`${participant}\t${session}`, { participant, session, ...digests });
    }
    const role = (name: string): Table => ({
      columns: participants.columns,
      rows: participants.rows.filter((row) => row[at.role] === name),
    });
    const groups = { train: role("train"), validation: role("validation") };
    splits.push({
      split: splitOf(model),
      ...groups,
      weights: storedWeights(model),
      logs: await readLogs(model, description),
      results: [
        ...await readModelResults(model, groups, description, options.bootstrap),
        ...await readPredictionResults(predictionsBy(model), description, options.bootstrap),
      ],
    });
  }
  return {
    description,
    capsDirectory: options.capsDirectory,
    environment: [`gyrus==${config.version}`, `deno==${Deno.version.deno}`],
    splits,
    groups: await readDataGroups(ours),
    trainedOn: [...trainedOn.keys()].sort().map((key) => trainedOn.get(key)!),
  };
}

function splitOf({ meta }: Artifact): number {
  return typeof meta.split === "number" ? meta.split : 0;
}

/** What all models have in common. @throws {DataError} when they differ, or two are of one split */
function describeModels(models: readonly Artifact[]): MapsDescription {
  const [first, ...others] = models.map(({ meta }) => {
    const { split: _, initial_weights: __, leakage_checkable: ___, ...common } = meta;
    return common;
  });
  for (const [i, other] of others.entries()) {
    for (const key of new Set([...Object.keys(first), ...Object.keys(other)])) {
      if (JSON.stringify(first[key]) === JSON.stringify(other[key])) continue;
      throw new DataError(
        "maps",
        `its models differ in ${key}; a MAPS holds the splits of one training, so give the step ` +
          "the matrix axes that distinguish trainings",
      );
    }
    if (splitOf(models[i]) === splitOf(models[i + 1])) {
      throw new DataError("maps", `two of its models are of split ${splitOf(models[i])}`);
    }
  }
  const initialWeights = new Set(models.map(({ meta }) => String(meta.initial_weights)));
  return {
    ...modelMeta(models[0]),
    initial_weights: [...initialWeights].join(", "),
    leakage_checkable: models.every(({ meta }) => meta.leakage_checkable !== false),
  };
}

/** `best-<metric>/…` and `all_models/…`, in the order of their paths. */
function storedWeights(model: Artifact): (StoredWeights & { file: ArtifactFile })[] {
  return model.files.flatMap((file) => {
    const { path } = file;
    const parts = parseWeightsPath(path);
    if (parts === undefined) return [];
    return [{
      file,
      ...parts,
      async load() {
        const { parameters, epoch } = readWeights(await model.read(path), path);
        return { parameters, epoch: epoch ?? parts.epoch ?? 0 };
      },
    }];
  });
}

async function readLogs(
  model: Artifact,
  { multi_network, elements }: MapsDescription,
): Promise<MapsSplit["logs"][number][]> {
  const logs: MapsSplit["logs"][number][] = [];
  for (const network of multi_network ? elements.keys() : [undefined]) {
    const path = trainingPath(network);
    if (!model.files.some((file) => file.path === path)) continue;
    logs.push({ network, training: readTsv(await model.readText(path), path) });
  }
  return logs;
}

/** A model's predictions of its training and validation sets. */
async function readModelResults(
  model: Artifact,
  groups: { train: Table; validation: Table },
  description: MapsDescription,
  bootstrap: BootstrapOptions,
): Promise<GroupResult[]> {
  const results: GroupResult[] = [];
  for (const selectionMetric of description.selection_metrics) {
    for (const dataGroup of ["train", "validation"] as const) {
      const pathOf = (level: string) => modelPredictionPath(selectionMetric, dataGroup, level);
      const kept = `best-${selectionMetric}/${dataGroup}_tensors/`;
      results.push({
        selectionMetric,
        dataGroup,
        participants: groups[dataGroup],
        levels: await readLevels(model, pathOf, description, bootstrap),
        ...(description.task === "reconstruction" && {
          tensors: () => reconstructedFiles(model, kept, description, ["tensor"]),
        }),
      });
    }
  }
  return results;
}

async function readPredictionResults(
  predictions: readonly Artifact[],
  description: MapsDescription,
  bootstrap: BootstrapOptions,
): Promise<GroupResult[]> {
  const results: GroupResult[] = [];
  for (const artifact of predictions) {
    const { selection_metrics, data_group, saved = [] } = predictionsMeta(artifact);
    for (const selectionMetric of selection_metrics) {
      results.push({
        selectionMetric,
        dataGroup: data_group,
        participants: await readParticipants(artifact),
        levels: await readLevels(
          artifact,
          (level) => predictionPath(selectionMetric, level),
          description,
          bootstrap,
        ),
        ...(saved.length > 0 && {
          tensors: () => savedFiles(artifact, selectionMetric, description),
        }),
      });
    }
  }
  return results;
}

/** What the predictions of an autoencoder saved. */
async function* savedFiles(
  artifact: Artifact,
  selectionMetric: string,
  description: MapsDescription,
): AsyncGenerator<NamedFile> {
  const { saved = [] } = predictionsMeta(artifact);
  yield* reconstructedFiles(artifact, `${selectionMetric}/`, description, saved);
  if (saved.includes("latent")) yield* latentFiles(artifact, selectionMetric);
}

/** Files of tensors below a folder, as ClinicaDL has them. */
async function* reconstructedFiles(
  artifact: Artifact,
  folder: string,
  { mode, extraction }: MapsDescription,
  saved: readonly SavedTensors[],
): AsyncGenerator<NamedFile> {
  const direction = Number(extraction.slice_direction ?? 0) as Axis;
  for (const { path } of artifact.files) {
    const stem = path.startsWith(folder) ? stemOfReconstruction(path) : undefined;
    if (stem === undefined) continue;
    const stored = await readReconstruction(artifact, stem);
    const name = stem.slice(folder.length);
    if (saved.includes("tensor")) yield* tensorFiles(stored, mode, name);
    if (saved.includes("nifti")) yield* niftiFiles(stored, direction, name);
  }
}

/** The prediction tables of all levels, with metrics of the rows whose label is known, if there are any. */
async function readLevels(
  artifact: Artifact,
  pathOf: (level: string) => string,
  description: MapsDescription,
  bootstrap: BootstrapOptions,
): Promise<LevelResult[]> {
  const { mode, multi_network, elements, task, output_size } = description;
  const results: LevelResult[] = [];
  for (const level of predictionLevels(description)) {
    const path = pathOf(level);
    if (!artifact.files.some((file) => file.path === path)) continue;
    const text = await artifact.readText(path);
    const classes = task === "classification" ? output_size : 0;
    const labelled = selectLabelled(readPredictions(text, mode, classes, path));
    const blocks = multi_network && level !== "image"
      ? elements.map((element) => selectElement(labelled, element))
      : [labelled];
    results.push({
      level,
      prediction: readTsv(text, path),
      metrics: labelled.participants.length === 0
        ? undefined
        : blocks.map((block) =>
          computeMetrics(block, lossOfPredictions(description.parameters), bootstrap)
        ),
    });
  }
  return results;
}

/** The loss as far as predictions determine it: without weights of classes and smoothed labels. */
function lossOfPredictions(parameters: MapsDescription["parameters"]): string {
  const { loss, class_weights, label_smoothing } = parameters;
  return class_weights === undefined && !label_smoothing ? String(loss) : "another";
}

function selectLabelled(predictions: Predictions): Predictions {
  if (predictions.scores) return predictions;
  const rows = [...predictions.participants.keys()]
    .filter((row) => !Number.isNaN(predictions.trueLabels[row]));
  return rows.length < predictions.participants.length
    ? selectRows(predictions, rows)
    : predictions;
}

function selectElement(predictions: Predictions, element: number): Predictions {
  const rows = predictions.elements.flatMap((id, row) => id === element ? [row] : []);
  return selectRows(predictions, rows);
}

function computeMetrics(
  predictions: Predictions,
  loss: string,
  options: BootstrapOptions,
): MetricRow[] {
  const { metrics } = evaluatePredictions(predictions, options, "zero");
  const none = { lower: NaN, upper: NaN, standard_error: NaN };
  return [
    ...Object.entries(metrics).map(([name, metric]) => ({ name, ...metric })),
    { name: "loss", value: meanLossOfPredictions(loss, predictions), ...none },
  ];
}

/** @throws {DataError} when a group has other participants in one split than in another */
async function readDataGroups(predictions: readonly Artifact[]): Promise<Maps["groups"][number][]> {
  const groups = new Map<string, Table>();
  for (const artifact of predictions) {
    const name = predictionsMeta(artifact).data_group;
    const participants = await readParticipants(artifact, `participants of ${name}`);
    const known = groups.get(name);
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(participants)) {
      throw new DataError(
        "maps",
        `the data group "${name}" has other participants in one split than in another`,
      );
    }
    groups.set(name, participants);
  }
  return [...groups].map(([name, participants]) => ({ name, participants }));
}
