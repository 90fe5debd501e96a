/** Assembles the `model` artifact from trained networks. */
import {
  epochWeightsPath,
  iterationsPath,
  type ModelMeta,
  modelOutput,
  modelPredictionPath,
  trainingPath,
  weightsPath,
} from "../../artifacts/model.ts";
import {
  earlierParticipants,
  type ParticipantRow,
  PARTICIPANTS_FILE,
  participantsTable,
} from "../../artifacts/participants_table.ts";
import { writePredictions } from "../../artifacts/predictions.ts";
import { DataError } from "../../errors.ts";
import type { Predictions } from "../../evaluation/predictions.ts";
import { elementWeights, voteOnImages } from "../../evaluation/voting.ts";
import { type Writable, writeTsv } from "../../formats/tsv.ts";
import { dropoutOf } from "../../nn/layers/activation.ts";
import { dimensionsOf, type Network } from "../../nn/network.ts";
import type { Blob, StepOutput } from "../../workflow/step.ts";
import { loadingOf } from "../model/loading.ts";
import { randomArchitectureOf } from "../model/network.ts";
import { describeArchitecture } from "../model/random_architecture.ts";
import { asPredictions, type ScoredItems, sliceItems } from "../model/scores.ts";
import { decodeOutputs } from "./checkpoint.ts";
import { weightsSource } from "./initial_weights.ts";
import type { TrainingParams } from "./parameters.ts";
import {
  type EvaluationRow,
  firstEvaluated,
  itemsOfNetworks,
  type TrainedNetwork,
} from "./trained_network.ts";
import type { TrainingContext, TrainingData } from "./training_data.ts";

/** Parameters that are fields of the meta, or that change no weights. */
const OMITTED_PARAMETERS = new Set([
  "architecture",
  "multi_network",
  "label",
  "label_code",
  "selection_metrics",
  "initial_weights",
  "checkpoint_interval",
  "training_curve",
  "config_file",
  "size_reduction",
  "size_reduction_factor",
]);

/**
 * Weights, tables and description; of the best weights by every selection metric also their
 * predictions of the evaluated sets.
 *
 * @throws {DataError} naming a metric that was never a number, so that no weights are the best
 */
export async function assembleModel(
  context: TrainingContext,
  task: "classification" | "regression",
  data: TrainingData,
  networks: readonly TrainedNetwork[],
): Promise<StepOutput> {
  const { params } = context;
  const files: Record<string, Blob | string> = {};
  for (const { index, history } of networks) {
    const network = params.multi_network ? index : undefined;
    files[trainingPath(network)] = trainingTable(history.rows);
    if (params.log_iterations) files[iterationsPath(network)] = iterationsTable(history.iterations);
    history.all.forEach((weights, epoch) => files[epochWeightsPath(epoch, network)] = weights);
    for (const metric of params.selection_metrics) {
      const best = history.best[metric];
      if (!best) {
        throw new DataError("selection_metrics", `"${metric}" was not a number in any epoch`);
      }
      files[weightsPath(metric, network)] = best.weights;
    }
  }
  for (const metric of params.selection_metrics) {
    Object.assign(files, await predictionTables(context, data, networks, metric));
  }
  const participants = listParticipants(data, params.label);
  const table = participantsTable(participants, { role: true, label: params.label });
  files[PARTICIPANTS_FILE] = writeTsv(table.columns, table.rows);
  const { images } = data;
  return modelOutput({
    task,
    architecture: params.architecture,
    mode: images.mode,
    multi_network: params.multi_network,
    elements: images.elements,
    ...inputShapes(data),
    output_size: data.outputs,
    label: params.label,
    label_code: data.labelCode ?? {},
    selection_metrics: params.selection_metrics,
    split: data.split ?? null,
    n_splits: data.nSplits ?? 0,
    initial_weights: weightsSource(context),
    extraction: (images.artifact.meta.extraction ?? {}) as ModelMeta["extraction"],
    leakage_checkable: isLeakageCheckable(context, data),
    parameters: otherParameters(params, networks[0].network),
  }, files);
}

/** What each network takes of its element. */
function inputShapes({ networks }: TrainingData): Pick<ModelMeta, "input_shape" | "input_shapes"> {
  const shapes = networks.map(({ input }) => input);
  return { input_shape: shapes[0], ...(shapes.length > 1 && { input_shapes: shapes }) };
}

function otherParameters(params: TrainingParams, network: Network): ModelMeta["parameters"] {
  const { sizeReduction } = loadingOf(params);
  return {
    ...Object.fromEntries(
      Object.entries(params).filter(([name, value]) =>
        !OMITTED_PARAMETERS.has(name) && value !== undefined && value !== null
      ),
    ),
    // What the network has where a parameter is absent.
    dropout: dropoutOf(network),
    ...(dimensionsOf(network.input) === 2 && { head: params.head ?? "clinicadl" }),
    ...params.architecture === "RandomArchitecture" &&
      describeArchitecture(randomArchitectureOf(params)),
    ...(sizeReduction > 1 && { size_reduction: true, size_reduction_factor: sizeReduction }),
    // As in ClinicaDL's maps.json, a regression has it too.
    selection_threshold: params.selection_threshold ?? 0,
  };
}

/** Whether everyone the weights have seen is known. */
function isLeakageCheckable(context: TrainingContext, { inherited }: TrainingData): boolean {
  switch (weightsSource(context)) {
    case "random":
      return true;
    case "transferred":
      return inherited!.complete;
    case "file":
      return false;
  }
}

function trainingTable(rows: readonly EvaluationRow[]): string {
  const names = Object.keys(rows[0].valid);
  const columns = ["epoch", "iteration"];
  for (const part of ["train", "valid"]) columns.push(...names.map((name) => `${name}_${part}`));
  return writeTsv(
    columns,
    rows.map(({ epoch, iteration, train, valid }) => [
      epoch,
      iteration,
      ...names.map((name) => train[name] ?? null),
      ...names.map((name) => valid[name]),
    ]),
  );
}

/** @param iterations losses of each epoch */
function iterationsTable(iterations: readonly (readonly number[])[]): string {
  const rows = iterations.flatMap((losses, epoch) =>
    losses.map((loss, iteration): Writable[] => [epoch, iteration, loss])
  );
  return writeTsv(["epoch", "iteration", "loss"], rows);
}

/** Predictions of the evaluated sets by the best weights, by elements and by images. */
async function predictionTables(
  context: TrainingContext,
  data: TrainingData,
  networks: readonly TrainedNetwork[],
  metric: string,
): Promise<Record<string, string>> {
  const { images, samples, training, targets, classes } = data;
  const first = firstEvaluated(context, data);
  const items = itemsOfNetworks(context, data, networks, first);
  const scored: ScoredItems[] = [];
  for (const [i, { history }] of networks.entries()) {
    const outputs = decodeOutputs(await context.get(history.best[metric].outputs));
    scored.push({ outputs, items: items[i] });
  }
  const table = { samples, elements: images.elements, targets, classes };
  const predict = (from: number, end: number): Predictions =>
    asPredictions(
      table,
      scored.map((one) => sliceSamples(one, samples.length - first, from - first, end - first)),
    );
  const validation = predict(training, samples.length);
  const weights = votingWeights(context, validation, classes);
  const groups = first < training
    ? [["train", predict(0, training)], ["validation", validation]] as const
    : [["validation", validation]] as const;
  const tables: Record<string, string> = {};
  for (const [group, predictions] of groups) {
    const write = (level: string, rows: Predictions) => {
      tables[modelPredictionPath(metric, group, level)] = writePredictions(rows, images.mode);
    };
    write(images.mode, predictions);
    if (images.mode !== "image") write("image", voteOnImages(predictions, weights));
  }
  return tables;
}

/** Of the samples from `first` to before `end`; all have equally many items. */
function sliceSamples(one: ScoredItems, samples: number, first: number, end: number): ScoredItems {
  const perSample = one.items.length / samples;
  return sliceItems(one, first * perSample, end * perSample);
}

/** Weights of soft votes; equal weights with a warning where no element reaches the threshold. */
function votingWeights(
  { params, warn }: TrainingContext,
  validation: Predictions,
  classes: number,
): Map<number, number> {
  if (classes === 0) return elementWeights(validation, "hard", 0);
  try {
    return elementWeights(validation, "soft", params.selection_threshold ?? 0);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    warn(`${error.message}. The image-level tables of train and validation vote equally`);
    return elementWeights(validation, "hard", 0);
  }
}

/** The samples, then sessions that only the transferred model has seen. */
function listParticipants(
  { samples, training, inherited }: TrainingData,
  label: string,
): ParticipantRow[] {
  const rows = samples.map((sample, i): ParticipantRow => ({
    participant: sample.participant,
    session: sample.session,
    cohort: sample.cohort,
    role: i < training ? "train" : "validation",
    sourceDigest: sample.sourceDigest,
    tensorDigest: sample.tensorDigest,
    label: sample.row[label],
  }));
  const earlier = earlierParticipants(rows, inherited?.table, label);
  return [...rows, ...earlier.map((row) => ({ ...row, cohort: row.cohort ?? "single" }))];
}
