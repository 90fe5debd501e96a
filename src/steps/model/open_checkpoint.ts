/** A bare checkpoint as a `model` artifact (ARCHITECTURE, Artifacts). */
import { DataError } from "../../errors.ts";
import { columnIndices, readTsv, type Writable, writeTsv } from "../../formats/tsv.ts";
import type { Network } from "../../nn/network.ts";
import { importState } from "../../nn/state_dict.ts";
import type {
  Artifact,
  Json,
  PreflightContext,
  StepContext,
  StepOutput,
} from "../../workflow/step.ts";
import { assertTwoDimensional } from "./element_data.ts";
import { type ImageSet, openImages } from "../../artifacts/images.ts";
import type { DeclaredModel } from "../train/setup.ts";
import { type LabelCode, outputSize } from "./targets.ts";
import { checkFile } from "../train/backbone_check.ts";
import { encodeWeights, readWeights } from "../train/weights.ts";
import { type ModelMeta, networkOf } from "./model.ts";

interface OpenParams {
  weights: string;
  architecture: string;
  task: "classification" | "regression";
  label?: string;
  label_code?: LabelCode;
  normalize: boolean;
  normalization_level: "element" | "image";
}

/** Under which a model without a choice of best networks is found: ClinicaDL's default. */
const METRIC = "loss";

/** @throws {DataError} when the file is no checkpoint, or its tensors don't fit the architecture */
export async function openCheckpoint(context: StepContext<OpenParams>): Promise<StepOutput> {
  const { params, inputs } = context;
  const images = await openImages(inputs.images as Artifact);
  assertTwoDimensional(images);
  const given = await readWeights(
    await context.get(await context.external(params.weights)),
    params.weights,
  );
  const participants = inputs.participants as Artifact | undefined;
  const answers = answersOf(params);
  const { label } = answers;
  const meta = {
    ...answers,
    mode: images.mode,
    elements: images.elements,
    input_shape: images.elementShape,
    split: null,
    n_splits: 0,
    initial_weights: "file",
    extraction: images.artifact.meta.extraction as ModelMeta["extraction"],
    leakage_checkable: participants !== undefined,
    parameters: {
      head: [...given.keys()].some((name) => name.endsWith("fc_out.weight"))
        ? "clinicadl"
        : "linear",
      loss: params.task === "classification" ? "CrossEntropyLoss" : "MSELoss",
      normalize: params.normalize,
      normalization_level: params.normalization_level,
    },
  };
  const network = networkFor(meta);
  const state = importState(network, given, params.weights);
  if (!participants) {
    context.warn(`${params.weights} does not say whom it was trained on: leakage can't be found`);
  }
  return {
    meta,
    files: {
      [`best-${METRIC}/model.safetensors`]: encodeWeights(network, state, 0),
      "participants.tsv": await seenTable(participants, images.index, label),
    },
  };
}

/**
 * What later steps can know before there are images.
 *
 * @throws {DataError} when the weights are of another architecture
 */
export async function preflightCheckpoint(
  { params, inputs }: PreflightContext<OpenParams>,
): Promise<Json> {
  await checkFile(params.architecture, params.weights);
  const participants = inputs.participants as Artifact | undefined;
  const answers = answersOf(params);
  const text = await seenTable(participants, new Map(), answers.label);
  const seen = { table: readTsv(text, "the participants"), complete: participants !== undefined };
  return { ...answers, seen } satisfies DeclaredModel as unknown as Json;
}

/** What the network is, and answers. */
function answersOf({ task, architecture, label, label_code }: OpenParams) {
  const classification = task === "classification";
  return {
    task,
    architecture,
    multi_network: false,
    selection_metrics: [METRIC],
    output_size: classification ? outputSize(label_code!) : 1,
    label: label ?? (classification ? "diagnosis" : "age"),
    label_code: label_code ?? {},
  };
}

function networkFor(meta: ModelMeta): Network {
  try {
    return networkOf(meta);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new DataError("architecture", cause.message, { cause });
  }
}

/** Those whom the weights have seen; digests where their images are among the given ones. */
async function seenTable(
  participants: Artifact | undefined,
  images: ImageSet["index"],
  label: string,
): Promise<string> {
  const columns = ["participant_id", "session_id", "cohort", "role", "source_digest", label];
  if (!participants) return writeTsv(columns, []);
  const subject = "the participants";
  const table = readTsv(await participants.readText("table.tsv"), subject);
  const at = columnIndices(table, ["participant_id", "session_id"], subject);
  const [cohort, value] = [table.columns.indexOf("cohort"), table.columns.indexOf(label)];
  return writeTsv(
    columns,
    table.rows.map((row): Writable[] => {
      const [participant, session] = [row[at.participant_id], row[at.session_id]];
      const image = images.get(`${participant} ${session}`);
      return [
        participant,
        session,
        row[cohort] ?? image?.cohort ?? null,
        "train",
        image?.sourceDigest ?? null,
        row[value] ?? null,
      ];
    }),
  );
}
