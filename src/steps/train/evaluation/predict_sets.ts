/** Predictions of the training and the validation set by the best weights of a training. */
import { modelPredictionPath, modelReconstructionStem } from "../../../artifacts/model.ts";
import { writePredictions } from "../../../artifacts/predictions.ts";
import { DataError } from "../../../errors.ts";
import { type Predictions, selectRows } from "../../../evaluation/predictions.ts";
import { elementWeights, voteOnImages } from "../../../evaluation/voting.ts";
import type { Blob } from "../../../workflow/step.ts";
import { loadingOf } from "../../model/loading.ts";
import { reconstructAll } from "../../model/reconstruct_all.ts";
import { asPredictions, type ScoredItems, sliceItems } from "../../model/scores.ts";
import { decodeOutputs } from "../checkpoint.ts";
import { firstEvaluated, itemsOfNetworks, type TrainedNetwork } from "../trained_network.ts";
import type { TrainingContext, TrainingData } from "../training_data.ts";

/**
 * Tables of the evaluated sets by the best networks of every selection metric, and of a reconstruction
 * what they see and give back of the first image of each set, as ClinicaDL keeps it.
 */
export async function predictSets(
  context: TrainingContext,
  data: TrainingData,
  networks: readonly TrainedNetwork[],
): Promise<Record<string, Blob | string>> {
  const predict = data.task === "reconstruction" ? reconstruct : predictLabels;
  const files: Record<string, Blob | string> = {};
  for (const metric of context.params.selection_metrics) {
    Object.assign(files, await predict(context, data, networks, metric));
  }
  return files;
}

async function reconstruct(
  context: TrainingContext,
  data: TrainingData,
  networks: readonly TrainedNetwork[],
  metric: string,
): Promise<Record<string, Blob | string>> {
  const { params } = context;
  const { images, samples, training } = data;
  const first = firstEvaluated(context, data);
  const items = itemsOfNetworks(context, data, networks, first);
  const kept = new Set(first < training ? [0, training] : [training]);
  const { predictions, files } = await reconstructAll(context, {
    images,
    samples,
    loading: loadingOf(params),
    batchSize: params.batch_size,
    networks: networks.map(({ network, history }, i) => ({
      network,
      weights: history.best[metric].weights,
      items: items[i],
    })),
    keep: (sample) => kept.has(sample),
    stemOf: (sample) =>
      modelReconstructionStem(metric, sample < training ? "train" : "validation", samples[sample]),
  });
  const perSample = images.elements.length;
  const boundary = (training - first) * perSample;
  const rows = Array.from(predictions.participants, (_, row) => row);
  const tables = [
    ...first < training ? [["train", rows.slice(0, boundary)] as const] : [],
    ["validation", rows.slice(boundary)] as const,
  ].map(([group, rows]) => [
    modelPredictionPath(metric, group, images.mode),
    writePredictions(selectRows(predictions, rows), images.mode),
  ]);
  return { ...files, ...Object.fromEntries(tables) };
}

/** Predictions of the evaluated sets by the best weights, by elements and by images. */
async function predictLabels(
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
