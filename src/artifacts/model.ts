/**
 * The artifact type `model`: the trained networks of one split.
 *
 * A single-network model has one network; of a multi-network model, network k is that of
 * `elements[k]`. Functions take its index as `network`, which is undefined for a single network.
 */
import { z } from "zod";
import { DataError } from "../errors.ts";
import { readSafetensors, writeSafetensors } from "../formats/safetensors.ts";
import type { Tensor } from "../formats/tensor.ts";
import { type Cell, columnIndices } from "../formats/tsv.ts";
import type {
  Artifact,
  ArtifactFile,
  Blob,
  Json,
  PreflightInput,
  StepOutput,
} from "../workflow/step.ts";
import type { ArtifactType } from "./artifact_type.ts";
import { PARTICIPANTS_FILE, readParticipants } from "./participants_table.ts";
import { predictionFile } from "./predictions.ts";

type JsonObject = { readonly [key: string]: Json };

const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "is not an object",
);

const metaSchema = z.object({
  task: z.enum(["classification", "regression", "reconstruction"]).describe(
    "`classification`, `regression` or `reconstruction`",
  ),
  architecture: z.string().describe("name of the network, such as `Conv5_FC3`"),
  mode: z.string().describe("mode of the images: `slice`, `patch`, `roi` or `image`"),
  multi_network: z.boolean().describe("whether each element has a network of its own"),
  elements: z.array(z.number()).readonly().describe("ids; network k sees `elements[k]`"),
  input_shape: z.array(z.number()).readonly().describe(
    "shape of an element as the network sees it, [C, H, W] or [C, D, H, W]; of the first where they differ",
  ),
  input_shapes: z.array(z.array(z.number()).readonly()).readonly().optional().describe(
    "of each element, where regions differ in size",
  ),
  output_size: z.number().describe("output nodes; 0 of a reconstruction"),
  label: z.string().describe("column that is predicted; of a reconstruction, by which it is shown"),
  label_code: z.record(z.string(), z.number()).readonly().describe(
    "output node of each label; empty without classes",
  ),
  selection_metrics: z.array(z.string()).readonly().describe(
    "metrics that each chose a best network",
  ),
  split: z.number().nullable().describe("index of the fold; null without folds"),
  n_splits: z.number().describe("number of folds; 0 without folds"),
  initial_weights: z.string().describe(
    "`random`, `file`, `transferred`, of an opened MAPS also `unknown`",
  ),
  extraction: jsonObject.describe("ClinicaDL's extract JSON"),
  leakage_checkable: z.boolean().describe(
    "whether `participants.tsv` lists everyone the weights have seen",
  ),
  parameters: jsonObject.describe("every other training parameter by its name"),
});

export type ModelMeta = z.output<typeof metaSchema>;

/** Output node of each label, such as `{ AD: 0, CN: 1 }`. */
export type LabelCode = ModelMeta["label_code"];

/** @throws {DataError} on a description that no training writes */
export function modelMeta({ meta }: Pick<Artifact, "meta">): ModelMeta {
  const { data, error } = metaSchema.safeParse(meta);
  if (data) return data;
  const [{ path, message }] = error.issues;
  throw new DataError("model", `its description is damaged: ${path.join(".")}: ${message}`);
}

/** Whose data weights depend on. A type alias, so that it is JSON. */
export type SeenParticipants = {
  /** `participants.tsv`. */
  table: { columns: string[]; rows: Cell[][] };
  /** Whether it lists everyone: weights from a file may have seen others. */
  complete: boolean;
};

/** What is known of a model before it exists; its mode only where that of its images is. */
export type ModelDescription =
  & Pick<
    ModelMeta,
    | "task"
    | "architecture"
    | "multi_network"
    | "label"
    | "label_code"
    | "output_size"
    | "selection_metrics"
  >
  & { mode?: string };

/** What a step declares of its model, for the preflight of the steps that read it. */
export type DeclaredModel = ModelDescription & { seen: SeenParticipants };

/** @throws {DataError} as {@link modelMeta} */
export function describeModel(model: PreflightInput): ModelDescription {
  return "declared" in model ? model.declared as DeclaredModel : modelMeta(model);
}

/** @throws {DataError} when the model's list of participants is damaged */
export async function participantsSeenBy(model: PreflightInput): Promise<SeenParticipants> {
  if ("declared" in model) return (model.declared as DeclaredModel).seen;
  const subject = "the model's participants.tsv";
  const table = await readParticipants(model, subject);
  columnIndices(table, ["participant_id", "session_id", "role"], subject);
  return { table, complete: model.meta.leakage_checkable !== false };
}

/** Best weights by a metric. */
export function weightsPath(metric: string, network?: number): string {
  return `best-${metric}/${network === undefined ? "model" : `network-${network}`}.safetensors`;
}

/** Weights after an epoch, counted from 0. */
export function epochWeightsPath(epoch: number, network?: number): string {
  const suffix = network === undefined ? "" : `_network-${network}`;
  return `all_models/epoch-${epoch}${suffix}.safetensors`;
}

/** Parts of a path that {@link weightsPath} or {@link epochWeightsPath} made; undefined for others. */
export function parseWeightsPath(
  path: string,
): { folder: string; epoch?: number; network?: number } | undefined {
  const match = /^(best-[^/]+|all_models)\/(?:epoch-(\d+))?_?(?:network-(\d+)|model)?\.safetensors$/
    .exec(path);
  if (match === null) return undefined;
  const [, folder, epoch, network] = match;
  const number = (text: string | undefined) => text === undefined ? undefined : Number(text);
  return { folder, epoch: number(epoch), network: number(network) };
}

/** Curves: one row an evaluation. */
export function trainingPath(network?: number): string {
  return `${networkFolder(network)}training.tsv`;
}

/** Training loss of every batch. */
export function iterationsPath(network?: number): string {
  return `${networkFolder(network)}iterations.tsv`;
}

function networkFolder(network?: number): string {
  return network === undefined ? "" : `network-${network}/`;
}

/** Predictions of the training or the validation set by the best weights. */
export function modelPredictionPath(
  metric: string,
  group: "train" | "validation",
  level: string,
): string {
  return `best-${metric}/${group}_${predictionFile(level)}`;
}

/** Files of {@link modelReconstructionStem}. */
const RECONSTRUCTIONS = /^best-[^/]+\/(train|validation)_tensors\//;

/** Stem of the files of what the best networks see, and give back, of the first image of a set. */
export function modelReconstructionStem(
  metric: string,
  group: "train" | "validation",
  { participant, session }: { participant: string; session: string },
): string {
  return `best-${metric}/${group}_tensors/${participant}_${session}`;
}

/** The file of best weights. @throws {DataError} when the model lacks it */
export function weightsFile(model: Artifact, metric: string, network?: number): ArtifactFile {
  const path = weightsPath(metric, network);
  const file = model.files.find((file) => file.path === path);
  if (!file) throw new DataError("model", `it has no ${path}`);
  return file;
}

/** Tensors by PyTorch's names, and the epoch, from 0, after which they were taken. */
export interface Weights {
  parameters: Map<string, Tensor>;
  epoch?: number;
}

/** @throws {DataError} when the bytes are not safetensors */
export function readWeights(bytes: Uint8Array<ArrayBuffer>, subject: string): Weights {
  const file = readSafetensors(bytes, subject);
  const { epoch } = file.metadata;
  return { parameters: file.tensors(), epoch: epoch === undefined ? undefined : Number(epoch) };
}

export function writeWeights(
  parameters: Parameters<typeof writeSafetensors>[0],
  epoch: number,
): Uint8Array {
  return writeSafetensors(parameters, { epoch: String(epoch) });
}

/** A `model` artifact. */
export function modelOutput(
  meta: ModelMeta,
  files: Readonly<Record<string, Uint8Array | string | Blob>>,
): StepOutput {
  return { meta, files };
}

const OPEN_FILES =
  /^((best-[^/]+|all_models)\/[^/]+\.safetensors|(network-\d+\/)?(training|iterations)\.tsv)$/;

export const modelType: ArtifactType = {
  type: "model",
  privacy: (path) =>
    OPEN_FILES.test(path) ? "open" : RECONSTRUCTIONS.test(path) ? "images" : "participants",
  files: [
    [
      "best-<metric>/model.safetensors",
      "best weights by a selection metric, under PyTorch's names; " +
      "`best-<metric>/network-<k>.safetensors` (k from 0) of a multi-network model",
    ],
    [
      "all_models/epoch-<e>.safetensors",
      "weights after each epoch, when all are saved; " +
      "`all_models/epoch-<e>_network-<k>.safetensors` of a multi-network model",
    ],
    ["training.tsv", "curves; `network-<k>/training.tsv` of a multi-network model"],
    ["iterations.tsv", "loss of every batch on request; `network-<k>/iterations.tsv` likewise"],
    [
      PARTICIPANTS_FILE,
      "everyone the weights have seen, with their role (`train`, `validation` or `other`) and the " +
      "digest of the voxels that the networks saw (`tensor_digest`)",
    ],
    [
      "best-<metric>/<group>_<level>_level_prediction.tsv",
      "predictions of the groups `train` and `validation`",
    ],
    [
      "best-<metric>/<group>_tensors/sub-X_ses-Y_reconstruction.safetensors",
      "reconstructions: what the network sees and gives back of the group's first image, as in `predictions`",
    ],
  ],
  meta: Object.entries(metaSchema.shape).map((
    [field, { description = "" }],
  ) => [field, description]),
};
