/** The predict step: applies a model to images and votes from elements to images. */
import { DataError } from "../../errors.ts";
import type { Predictions } from "../../evaluation/predictions.ts";
import { elementWeights, voteOnImages } from "../../evaluation/voting.ts";
import { chooseEvaluationBatch } from "../../nn/predictor.ts";
import type { Artifact, StepContext, StepOutput } from "../../workflow/step.ts";
import type { DeviceService } from "../../device/open.ts";
import { type ModelMeta, modelMeta, modelPredictionPath } from "../../artifacts/model.ts";
import {
  predictionsOutput,
  type PredictionTable,
  readPredictions,
} from "../../artifacts/predictions.ts";
import { writeParticipants } from "../../artifacts/participants_table.ts";
import { apply } from "../model/apply.ts";
import { elementData } from "../model/element_data.ts";
import { openImages } from "../../artifacts/images.ts";
import { asPredictions } from "../model/scores.ts";
import { loadingOf } from "../model/loading.ts";
import { checkImages, chooseMetrics, listNetworks } from "../model/model.ts";
import { checkLeakage, loadSessions, readTrueLabels } from "./data_group.ts";
import type { PredictParams } from "./predict.ts";
import { predictReconstructions } from "./predict_reconstructions.ts";

type Context = StepContext<PredictParams, DeviceService>;

/**
 * A `predictions` artifact.
 *
 * @throws {DataError} on leakage, images that don't fit the model, or missing sessions or labels
 */
export async function predictImages(context: Context): Promise<StepOutput> {
  const { params, inputs } = context;
  const model = inputs.model as Artifact;
  const meta = modelMeta(model);
  const images = await openImages(inputs.images as Artifact);
  checkImages(images, meta, context.warn);
  const { samples, ofModel } = await loadSessions(context, model, images);
  const leakage = await checkLeakage(context, model, samples, { ofModel, subject: "predict" });
  const applied = { meta, images, samples, leakage };
  if (meta.task === "reconstruction") return await predictReconstructions(context, applied);
  refuseSaving(params);
  const { label, targets } = readTrueLabels(context, samples, meta);
  const classes = meta.task === "classification" ? meta.output_size : 0;
  const metrics = chooseMetrics(params.selection_metrics, meta);
  const data = elementData(images, samples, loadingOf(meta.parameters));
  const threshold = params.selection_threshold ?? Number(meta.parameters.selection_threshold ?? 0);
  const softWeights = new Map<string, Map<number, number>>();
  if (params.voting === "soft" && classes > 0 && images.mode !== "image") {
    for (const metric of metrics) {
      const validation = await validationPredictions(model, meta, metric);
      softWeights.set(metric, elementWeights(validation, "soft", threshold));
    }
  }
  const device = await context.services.device();

  const tables: PredictionTable[] = [];
  for (const metric of metrics) {
    context.progress({ message: `best-${metric}` });
    const networks = listNetworks(model, meta, metric, samples.length);
    const scored = await apply(context, device, {
      data,
      batchSize: chooseEvaluationBatch(networks.map(({ network }) => network), params.batch_size),
      networks,
    });
    const predictions = asPredictions(
      { samples, elements: images.elements, targets, classes },
      scored,
    );
    tables.push({ selectionMetric: metric, level: images.mode, predictions });
    if (images.mode === "image") continue;
    const weights = softWeights.get(metric) ?? elementWeights(predictions, "hard", 0);
    const voted = voteOnImages(predictions, weights);
    tables.push({ selectionMetric: metric, level: "image", predictions: voted });
  }
  return predictionsOutput(tables, writeParticipants(samples, targets && label), {
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
    voting: params.voting,
    selection_threshold: threshold,
    leakage,
  });
}

/** @throws {DataError} when what only autoencoders give back is to be saved */
function refuseSaving(params: PredictParams): void {
  for (const name of ["save_tensor", "save_nifti", "save_latent_tensor"] as const) {
    if (!params[name]) continue;
    throw new DataError(name, "the model is no autoencoder: it gives back no images; leave it out");
  }
}

/** Element predictions of the validation set, which give soft votes their weights. */
async function validationPredictions(
  model: Artifact,
  meta: ModelMeta,
  metric: string,
): Promise<Predictions> {
  const path = modelPredictionPath(metric, "validation", meta.mode);
  if (!model.files.some((file) => file.path === path)) {
    throw new DataError(
      "voting",
      `the model has no ${path}, from which soft votes take their weights; use voting = "hard"`,
    );
  }
  const text = await model.readText(path);
  return readPredictions(text, meta.mode, meta.output_size, path);
}
