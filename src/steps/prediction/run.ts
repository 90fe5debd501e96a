/** A predict step from its inputs to the `predictions` artifact. */
import { DataError } from "../../errors.ts";
import type { Predictions } from "../../evaluation/predictions.ts";
import { elementWeights, voteOnImages } from "../../evaluation/voting.ts";
import { type Table, type Writable, writeTsv } from "../../formats/tsv.ts";
import type { Network } from "../../nn/network.ts";
import { createNetwork, type NetworkName } from "../../nn/networks/mod.ts";
import { guardedSessions, leakageStatus } from "../../tables/leakage.ts";
import type { Artifact, Draft, Json, StepContext } from "../../workflow/step.ts";
import type { DeviceService } from "../device.ts";
import {
  predictionFile,
  readPredictions,
  writePredictions,
} from "../evaluation/prediction_table.ts";
import { apply } from "../training/apply.ts";
import { elementData, itemsOf } from "../training/data.ts";
import { type ImageSet, joinSamples, openImages, type Sample } from "../training/samples.ts";
import { asPredictions } from "../training/scores.ts";
import { guarded, seenBy } from "../training/setup.ts";
import { encodeLabels, type LabelCode, numericTargets } from "../training/targets.ts";

interface PredictParams {
  data_group: string;
  on_training_data: boolean;
  baseline: boolean;
  diagnoses?: readonly string[];
  use_labels: boolean;
  label?: string;
  selection_metrics?: readonly string[];
  voting: "soft" | "hard";
  selection_threshold?: number;
  batch_size: number;
}

type Context = StepContext<PredictParams, DeviceService>;

/** What a model says of itself; see ARCHITECTURE, Artifacts. */
interface ModelMeta {
  task: "classification" | "regression";
  architecture: string;
  mode: string;
  multi_network: boolean;
  elements: readonly number[];
  input_shape: readonly number[];
  output_size: number;
  label: string;
  label_code: LabelCode;
  selection_metrics: readonly string[];
  split: number | null;
  extraction: { readonly [key: string]: Json };
  parameters: { readonly [key: string]: Json };
}

/** @throws {DataError} on leakage, images that the model can't take, or missing sessions or labels */
export async function predictImages(context: Context): Promise<Draft> {
  const { params, inputs } = context;
  const model = inputs.model as Artifact;
  const meta = model.meta as unknown as ModelMeta;
  const images = await openImages(inputs.images as Artifact);
  checkImages(images, meta);
  const { samples, known } = await sessions(context, model, images);
  const leakage = await checkLeakage(context, model, samples, known);
  const label = params.label ?? meta.label;
  const labelled = params.use_labels && samples.some(({ row }) => label in row);
  const classes = meta.task === "classification" ? meta.output_size : 0;
  const targets = !labelled
    ? undefined
    : classes > 0
    ? encodeLabels(samples, label, meta.label_code, "the participants", { everyClass: false })
    : numericTargets(samples, label, "the participants");
  const metrics = chosenMetrics(params, meta);
  const networks = createNetworks(meta);
  const level = normalisation(meta);
  const data = elementData(images, samples, level);
  const device = await context.services.device();
  const voting = {
    kind: params.voting,
    threshold: params.selection_threshold ?? Number(meta.parameters.selection_threshold ?? 0),
  };

  const files: Record<string, string> = {};
  for (const metric of metrics) {
    context.progress({ message: `best-${metric}` });
    const scored = await apply(context, device, {
      data,
      level,
      batchSize: params.batch_size,
      networks: networks.map((network, index) => ({
        network,
        weights: weightsOf(model, metric, meta.multi_network ? index : undefined),
        items: itemsOf(0, samples.length, data.elements, meta.multi_network ? index : undefined),
      })),
    });
    const predictions = asPredictions(
      { samples, elements: images.elements, targets, classes },
      scored,
    );
    files[`${metric}/${predictionFile(images.mode)}`] = writePredictions(predictions, images.mode);
    if (images.mode === "image") continue;
    const weights = await votingWeights(model, meta, metric, voting, predictions);
    const voted = voteOnImages(predictions, weights);
    files[`${metric}/${predictionFile("image")}`] = writePredictions(voted, images.mode);
  }
  files["participants.tsv"] = participantsTable(samples, labelled ? label : undefined);
  return {
    files,
    meta: {
      task: meta.task,
      model: model.digest,
      data_group: params.data_group,
      split: meta.split,
      mode: images.mode,
      multi_network: meta.multi_network,
      output_size: meta.output_size,
      label,
      label_code: meta.label_code,
      selection_metrics: metrics,
      voting: voting.kind,
      selection_threshold: voting.threshold,
      leakage,
    },
  };
}

/** @throws {DataError} when the images were not extracted as those the model was trained on */
function checkImages(images: ImageSet, meta: ModelMeta): void {
  const same = (a: readonly number[], b: readonly number[]) => a.join() === b.join();
  const fault = images.mode !== meta.mode
    ? `are elements of mode "${images.mode}", the model was trained on "${meta.mode}"`
    : !same(images.elementShape, meta.input_shape)
    ? `have shape ${images.elementShape.join(" x ")}, the model takes ${
      meta.input_shape.join(" x ")
    }`
    : !same(images.elements, meta.elements)
    ? "hold other elements than the model was trained on"
    : undefined;
  if (fault) throw new DataError("images", `${fault}; extract them with the same parameters`);
}

/** Sessions to predict: of the table, or of a group the model knows. */
async function sessions({ params, inputs }: Context, model: Artifact, images: ImageSet) {
  const participants = inputs.participants as Artifact | undefined;
  if (participants) {
    const text = await participants.readText(params.baseline ? "baseline.tsv" : "table.tsv");
    return {
      samples: joinSamples(text, "the participants", images, params.diagnoses),
      known: false,
    };
  }
  const table = await seenBy(model);
  const role = table?.columns.indexOf("role") ?? -1;
  const rows = table?.rows.filter((row) => row[role] === params.data_group) ?? [];
  if (!table || rows.length === 0) {
    throw new DataError(
      "data_group",
      `the model knows no group "${params.data_group}"; connect "in.participants", or name "train" or "validation"`,
    );
  }
  const text = writeTsv(table.columns, rows);
  return { samples: joinSamples(text, "the model's participants", images), known: true };
}

async function checkLeakage(
  { params, warn }: Context,
  model: Artifact,
  samples: readonly Sample[],
  known: boolean,
) {
  const table: Table | undefined = await seenBy(model);
  const asked = known || params.on_training_data;
  const status = leakageStatus(
    table && guardedSessions(table),
    guarded(samples),
    asked,
    "predict",
  );
  if (status !== "none") warn(`leakage: ${status}`);
  return status;
}

function chosenMetrics({ selection_metrics: asked }: PredictParams, meta: ModelMeta) {
  const unknown = asked?.filter((metric) => !meta.selection_metrics.includes(metric)) ?? [];
  if (unknown.length > 0) {
    throw new DataError(
      "selection_metrics",
      `the model has no best network by ${unknown.join(", ")}; it has ${
        meta.selection_metrics.join(", ")
      }`,
    );
  }
  return asked ?? meta.selection_metrics;
}

/** One network, or one an element. */
export function createNetworks(meta: ModelMeta): Network[] {
  const [channels, height, width] = meta.input_shape;
  const count = meta.multi_network ? meta.elements.length : 1;
  return Array.from({ length: count }, () =>
    createNetwork(
      meta.architecture as NetworkName,
      [channels, height, width],
      meta.output_size,
      { head: meta.parameters.head === "linear" ? "linear" : "clinicadl" },
    ));
}

/** How the model's images were scaled. */
export function normalisation({ parameters }: ModelMeta): "element" | "image" | "none" {
  if (parameters.normalize === false) return "none";
  return parameters.normalization_level === "image" ? "image" : "element";
}

function weightsOf(model: Artifact, metric: string, network?: number) {
  const name = network === undefined ? "model" : `network-${network}`;
  const path = `best-${metric}/${name}.safetensors`;
  const file = model.files.find((file) => file.path === path);
  if (!file) throw new DataError("model", `it has no ${path}`);
  return file;
}

/** Weights come from the validation set alone; with hard votes, or of a regression, all are equal. */
async function votingWeights(
  model: Artifact,
  meta: ModelMeta,
  metric: string,
  voting: { kind: "soft" | "hard"; threshold: number },
  predictions: Predictions,
): Promise<Map<number, number>> {
  if (meta.task === "regression" || voting.kind === "hard") {
    return elementWeights(predictions, "hard", 0);
  }
  const path = `best-${metric}/validation_${predictionFile(meta.mode)}`;
  if (!model.files.some((file) => file.path === path)) {
    throw new DataError(
      "voting",
      `the model has no ${path}, from which soft votes take their weights; use voting = "hard"`,
    );
  }
  const text = await model.readText(path);
  const validation = readPredictions(text, meta.mode, meta.output_size, path);
  return elementWeights(validation, "soft", voting.threshold);
}

function participantsTable(samples: readonly Sample[], label?: string): string {
  const columns = ["participant_id", "session_id", "cohort", "source_digest"];
  const rows = samples.map((sample): Writable[] => [
    sample.participant,
    sample.session,
    sample.cohort,
    sample.sourceDigest,
    ...(label === undefined ? [] : [sample.row[label]]),
  ]);
  return writeTsv(label === undefined ? columns : [...columns, label], rows);
}
