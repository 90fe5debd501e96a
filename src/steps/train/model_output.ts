/** Assembles the `model` artifact from trained members (ARCHITECTURE, Artifacts). */
import { DataError } from "../../errors.ts";
import type { Predictions } from "../../evaluation/predictions.ts";
import { elementWeights, voteOnImages } from "../../evaluation/voting.ts";
import { type Writable, writeTsv } from "../../formats/tsv.ts";
import type { Blob, Json, StepOutput } from "../../workflow/step.ts";
import { predictionFile, writePredictions } from "../../artifacts/predictions.ts";
import { itemsOfMembers, type Member } from "./network_progress.ts";
import { asPredictions, part, type ScoredItems } from "../model/scores.ts";
import type { TrainingContext, TrainingSetup } from "./setup.ts";
import { initialWeights } from "./weights_source.ts";
import { decodeOutputs } from "./weights.ts";

/** Parameters that the meta says elsewhere, or that change no result. */
const TOLD_ELSEWHERE = new Set([
  "architecture",
  "multi_network",
  "label",
  "label_code",
  "selection_metrics",
  "initial_weights",
  "checkpoint_interval",
  "config_file",
]);

/**
 * Puts weights, tables and description together; of the best weights by every selection metric also
 * what they said of the training and the validation set.
 *
 * @throws {DataError} naming a metric that was never a number, so that no weights are the best
 */
export async function modelOutput(
  context: TrainingContext,
  task: "classification" | "regression",
  setup: TrainingSetup,
  members: readonly Member[],
): Promise<StepOutput> {
  const { params } = context;
  const files: Record<string, Blob | string> = {};
  for (const member of members) {
    const folder = params.multi_network ? `network-${member.index}/` : "";
    files[`${folder}training.tsv`] = trainingTable(member);
    if (params.log_iterations) files[`${folder}iterations.tsv`] = iterationsTable(member);
    member.record.all.forEach((weights, epoch) => {
      const name = params.multi_network
        ? `epoch-${epoch}_network-${member.index}`
        : `epoch-${epoch}`;
      files[`all_models/${name}.safetensors`] = weights;
    });
  }
  for (const metric of params.selection_metrics) {
    for (const { index, record } of members) {
      if (!record.best[metric]) {
        throw new DataError("selection_metrics", `"${metric}" was not a number in any epoch`);
      }
      const name = params.multi_network ? `network-${index}` : "model";
      files[`best-${metric}/${name}.safetensors`] = record.best[metric].weights;
    }
    const tables = await predictionTables(context, setup, members, metric);
    for (const [name, text] of tables) files[`best-${metric}/${name}`] = text;
  }
  files["participants.tsv"] = participantsTable(setup, params.label);
  const { images } = setup;
  return {
    files,
    meta: {
      task,
      architecture: params.architecture,
      mode: images.mode,
      multi_network: params.multi_network,
      elements: images.elements,
      input_shape: images.elementShape,
      output_size: setup.outputs,
      label: params.label,
      label_code: setup.labelCode ?? {},
      selection_metrics: params.selection_metrics,
      split: setup.split ?? null,
      n_splits: setup.nSplits ?? 0,
      initial_weights: initialWeights(context),
      extraction: images.artifact.meta.extraction ?? {},
      leakage_checkable: checkable(context, setup),
      parameters: Object.fromEntries(
        Object.entries(params).filter(([name, value]) =>
          !TOLD_ELSEWHERE.has(name) && value !== undefined && value !== null
        ),
      ) as Record<string, Json>,
    },
  };
}

/** Whether everyone whom the weights have seen is known. */
function checkable(context: TrainingContext, { inherited }: TrainingSetup): boolean {
  switch (initialWeights(context)) {
    case "random":
      return true;
    case "transferred":
      return inherited!.complete;
    case "file":
      return false;
  }
}

function trainingTable({ record: { rows } }: Member): string {
  const names = Object.keys(rows[0].train);
  const columns = ["epoch", "iteration"];
  for (const part of ["train", "valid"]) columns.push(...names.map((name) => `${name}_${part}`));
  return writeTsv(
    columns,
    rows.map(({ epoch, iteration, train, valid }) => [
      epoch,
      iteration,
      ...names.map((name) => train[name]),
      ...names.map((name) => valid[name]),
    ]),
  );
}

function iterationsTable({ record: { iterations } }: Member): string {
  const rows = iterations.flatMap((losses, epoch) =>
    losses.map((loss, iteration): Writable[] => [epoch, iteration, loss])
  );
  return writeTsv(["epoch", "iteration", "loss"], rows);
}

/** Both groups at both levels, by file name. */
async function predictionTables(
  context: TrainingContext,
  setup: TrainingSetup,
  members: readonly Member[],
  metric: string,
): Promise<[string, string][]> {
  const { images, samples, training, targets, classes } = setup;
  const items = itemsOfMembers(context, setup, members);
  const scored: ScoredItems[] = [];
  for (const [member, { record }] of members.entries()) {
    const outputs = decodeOutputs(await context.get(record.best[metric].outputs));
    scored.push({ outputs, items: items[member] });
  }
  const table = { samples, elements: images.elements, targets, classes };
  const predictionsOf = (first: number, end: number): Predictions =>
    asPredictions(table, scored.map((one) => ofSamples(one, samples.length, first, end)));
  const train = predictionsOf(0, training);
  const validation = predictionsOf(training, samples.length);
  const weights = votingWeights(context, validation, classes);
  return [["train", train], ["validation", validation]].flatMap(([group, predictions]) => {
    const [name, rows] = [group as string, predictions as Predictions];
    const tables: [string, string][] = [[
      `${name}_${predictionFile(images.mode)}`,
      writePredictions(rows, images.mode),
    ]];
    if (images.mode !== "image") {
      const voted = writePredictions(voteOnImages(rows, weights), images.mode);
      tables.push([`${name}_${predictionFile("image")}`, voted]);
    }
    return tables;
  });
}

/** What a network says of the samples from `first` to before `end`; all have equally many items. */
function ofSamples(one: ScoredItems, samples: number, first: number, end: number): ScoredItems {
  const perSample = one.items.length / samples;
  return part(one, first * perSample, end * perSample);
}

/** Soft votes; equal ones where no element reaches the threshold, since a model is no vote yet. */
function votingWeights(
  { params, warn }: TrainingContext,
  validation: Predictions,
  classes: number,
): Map<number, number> {
  if (classes === 0) return elementWeights(validation, "hard", 0);
  try {
    return elementWeights(validation, "soft", params.selection_threshold);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    warn(`${error.message}. The image-level tables of train and validation vote equally`);
    return elementWeights(validation, "hard", 0);
  }
}

function participantsTable(setup: TrainingSetup, label: string): string {
  const { samples, training, inherited } = setup;
  const columns = ["participant_id", "session_id", "cohort", "role", "source_digest", label];
  const rows: Writable[][] = samples.map((sample, i) => [
    sample.participant,
    sample.session,
    sample.cohort,
    i < training ? "train" : "validation",
    sample.sourceDigest,
    sample.row[label],
  ]);
  const known = new Set(rows.map(([participant, session]) => `${participant} ${session}`));
  const earlier = inherited?.table ?? { columns: [], rows: [] };
  for (const row of earlier.rows) {
    const cell = (column: string) => row[earlier.columns.indexOf(column)] ?? null;
    if (known.has(`${cell("participant_id")} ${cell("session_id")}`)) continue;
    rows.push(
      columns.map((column) =>
        column === "role" ? "other" : column === "cohort" ? cell(column) ?? "single" : cell(column)
      ),
    );
  }
  return writeTsv(columns, rows);
}
