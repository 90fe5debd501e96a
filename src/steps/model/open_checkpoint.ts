/** Reads a bare checkpoint as a `model` artifact. */
import { dimensionsOfElements } from "../../artifacts/element_shapes.ts";
import { describeImages, type ImageSet, openImages } from "../../artifacts/images.ts";
import { readLabelsText } from "../../artifacts/labels.ts";
import {
  type DeclaredModel,
  type ModelDescription,
  type ModelMeta,
  modelOutput,
  weightsPath,
} from "../../artifacts/model.ts";
import {
  type ParticipantRow,
  PARTICIPANTS_FILE,
  participantsTable,
} from "../../artifacts/participants_table.ts";
import { columnIndices, readTsv, type Table, writeTsv } from "../../formats/tsv.ts";
import { importState } from "../../nn/state_dict.ts";
import type {
  Artifact,
  PreflightContext,
  PreflightInput,
  StepContext,
  StepOutput,
} from "../../workflow/step.ts";
import {
  defaultReconstructionLoss,
  describeAutoencoderSizes,
  isAutoencoder,
} from "./autoencoder_parameters.ts";
import { loadedShape, loadingOf } from "./loading.ts";
import { createNetworkOf } from "./model.ts";
import { assertTakes, randomArchitectureOf } from "./network.ts";
import { describeArchitecture } from "./random_architecture.ts";
import type { OpenParams } from "./open.ts";
import { outputSize } from "./targets.ts";
import { checkWeightsFile, encodeWeights, readWeightsFile } from "./weights.ts";
import { sessionKey } from "../../tables/identity.ts";

/** The metric by which later steps find the network: ClinicaDL's default. */
const METRIC = "loss";

/** @throws {DataError} when the file is no checkpoint, or its tensors don't fit the architecture */
export async function openCheckpoint(context: StepContext<OpenParams>): Promise<StepOutput> {
  const { params, inputs } = context;
  const images = await openImages(inputs.images as Artifact);
  const given = await readWeightsFile(
    await context.get(await context.external(params.weights)),
    params.weights,
  );
  const participants = inputs.participants as Artifact | undefined;
  const description = describe(params);
  const meta: ModelMeta = {
    ...description,
    mode: images.mode,
    elements: images.elements,
    input_shape: loadedShape(loadingOf(params), images.mode, images.elementShape),
    split: null,
    n_splits: 0,
    initial_weights: "file",
    extraction: images.artifact.meta.extraction as ModelMeta["extraction"],
    leakage_checkable: participants !== undefined,
    parameters: {
      ...description.task !== "reconstruction" && {
        head: [...given.keys()].some((name) => name.endsWith("fc_out.weight"))
          ? "clinicadl"
          : "linear",
      },
      ...describeAutoencoderSizes(params),
      ...(params.shortcut_type && { shortcut_type: params.shortcut_type }),
      ...(params.conv1_t_stride && { conv1_t_stride: params.conv1_t_stride }),
      ...(params.architecture === "RandomArchitecture" &&
        describeArchitecture(randomArchitectureOf(params))),
      ...(params.size_reduction && {
        size_reduction: true,
        size_reduction_factor: params.size_reduction_factor ?? 2,
      }),
      loss: description.task === "classification"
        ? "CrossEntropyLoss"
        : defaultReconstructionLoss(params.architecture),
      normalize: params.normalize,
      normalization_level: params.normalization_level,
    },
  };
  const network = createNetworkOf(meta);
  const state = importState(network, given, params.weights);
  if (!participants) {
    context.warn(
      `${params.weights} does not list the participants it was trained on: leakage can't be found`,
    );
  }
  const seen = await readSeen(participants, images.index, description.label);
  return modelOutput(meta, {
    [weightsPath(METRIC)]: encodeWeights(network, state, 0),
    [PARTICIPANTS_FILE]: writeTsv(seen.columns, seen.rows),
  });
}

/**
 * What later steps can know before images exist.
 *
 * @throws {DataError} when the weights are of another architecture
 */
export async function preflightCheckpoint(
  { params, inputs }: PreflightContext<OpenParams>,
): Promise<DeclaredModel> {
  const images = inputs.images && await describeImages(inputs.images as PreflightInput);
  const dimensions = images && dimensionsOfElements(images);
  if (dimensions) assertTakes(params, dimensions);
  await checkWeightsFile(params, params.weights, dimensions);
  const participants = inputs.participants as Artifact | undefined;
  const description = describe(params);
  const table = await readSeen(participants, new Map(), description.label);
  const mode = images && { mode: images.mode };
  return { ...description, ...mode, seen: { table, complete: participants !== undefined } };
}

function describe(params: OpenParams): ModelDescription {
  const { architecture, label, label_code = {} } = params;
  const task = isAutoencoder(architecture) ? "reconstruction" : params.task;
  return {
    task,
    architecture,
    multi_network: false,
    selection_metrics: [METRIC],
    output_size: task === "classification" ? outputSize(label_code) : task === "regression" ? 1 : 0,
    label: label ?? (task === "regression" ? "age" : "diagnosis"),
    label_code,
  };
}

/** The participants as the training set of the network; those with an image have its digest. */
async function readSeen(
  participants: Artifact | undefined,
  images: ImageSet["index"],
  label: string,
): Promise<Table> {
  const columns = { role: true, label };
  if (!participants) return participantsTable([], columns);
  const subject = "the participants";
  const table = readTsv(await readLabelsText(participants), subject);
  const at = columnIndices(table, ["participant_id", "session_id"], subject);
  const [cohort, value] = [table.columns.indexOf("cohort"), table.columns.indexOf(label)];
  const rows = table.rows.map((row): ParticipantRow => {
    const [participant, session] = [row[at.participant_id], row[at.session_id]];
    const image = images.get(sessionKey(participant ?? "", session ?? ""));
    return {
      participant,
      session,
      cohort: row[cohort] ?? image?.cohort ?? null,
      role: "train",
      sourceDigest: image?.sourceDigest,
      label: row[value],
    };
  });
  return participantsTable(rows, columns);
}
