/** Assembles the `model` artifact from trained networks. */
import {
  epochWeightsPath,
  iterationsPath,
  type ModelMeta,
  modelOutput,
  trainingPath,
  weightsPath,
} from "../../artifacts/model.ts";
import {
  earlierParticipants,
  type ParticipantRow,
  PARTICIPANTS_FILE,
  participantsTable,
} from "../../artifacts/participants_table.ts";
import { DataError } from "../../errors.ts";
import { type Writable, writeTsv } from "../../formats/tsv.ts";
import { Autoencoder } from "../../nn/autoencoder.ts";
import { dropoutOf } from "../../nn/layers/activation.ts";
import { dimensionsOf, type Network } from "../../nn/network.ts";
import type { Blob, StepOutput } from "../../workflow/step.ts";
import { loadingOf } from "../model/loading.ts";
import { randomArchitectureOf } from "../model/network.ts";
import { describeArchitecture } from "../model/random_architecture.ts";
import { weightsSource } from "./initial_weights.ts";
import type { TrainingParams } from "./parameters.ts";
import { predictSets } from "./evaluation/predict_sets.ts";
import { describeAutoencoder, describeCollapse } from "./reconstruction_objective.ts";
import type { EvaluationRow, TrainedNetwork } from "./trained_network.ts";
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
  data: TrainingData,
  networks: readonly TrainedNetwork[],
): Promise<StepOutput> {
  const { params } = context;
  const files: Record<string, Blob | string> = {};
  for (const { index, history } of networks) {
    const collapse = describeCollapse(params.architecture, history.rows.at(-1)!.valid);
    if (collapse !== undefined) context.warn(collapse);
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
  Object.assign(files, await predictSets(context, data, networks));
  const participants = listParticipants(data, params.label);
  const table = participantsTable(participants, { role: true, label: params.label });
  files[PARTICIPANTS_FILE] = writeTsv(table.columns, table.rows);
  const { images } = data;
  return modelOutput({
    task: data.task,
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
    ...(network instanceof Autoencoder
      ? describeAutoencoder(params)
      : { dropout: dropoutOf(network) }),
    ...(dimensionsOf(network.input) === 2 && !(network instanceof Autoencoder) &&
      { head: params.head ?? "clinicadl" }),
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
