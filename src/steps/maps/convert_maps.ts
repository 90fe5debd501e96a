/** Converts an opened MAPS into artifacts. */
import { modelOutput, trainingPath, weightsPath, writeWeights } from "../../artifacts/model.ts";
import { PARTICIPANTS_FILE } from "../../artifacts/participants_table.ts";
import type { Table } from "../../formats/tsv.ts";
import { isReducedTemplate } from "../../imaging/extract/size_reduction.ts";
import type { MapsDescription } from "../../maps/description.ts";
import {
  type OpenedMaps,
  readPredictionTables,
  readTrainedOn,
  readTraining,
  weightsFiles,
} from "../../maps/read.ts";
import { readWeights } from "../../maps/weights.ts";
import { DataError } from "../../errors.ts";
import { AUTOENCODERS, NETWORKS } from "../../nn/names.ts";
import { checkWeights } from "../../nn/state_dict.ts";
import { labelsOutput } from "../../artifacts/labels.ts";
import { SessionTable } from "../../tables/session_table.ts";
import type { Blob, StepContext, StepOutput } from "../../workflow/step.ts";
import { loadingOf } from "../model/loading.ts";
import { describedArchitecture } from "../model/random_architecture.ts";
import type { DigestFolder } from "./digest_folder.ts";

/**
 * A `model` artifact; weights are converted once for each content, whatever the path of the MAPS.
 *
 * @throws {DataError} on networks that can't be run here, and on weights that can't be computed with, see
 *   `checkWeights`
 */
export async function convertModel(
  folder: DigestFolder,
  maps: OpenedMaps,
  split: number,
  context: Pick<StepContext, "get" | "memo" | "warn">,
): Promise<StepOutput> {
  const { architecture, elements, multi_network, task, leakage_checkable, ...description } =
    maps.description;
  checkRunnable(maps.description, folder.name);
  const files: Record<string, string | Blob> = {};
  const weights = await weightsFiles(folder, maps, split);
  for (const { selectionMetric, network, path } of weights) {
    const source = await folder.blob(path);
    files[weightsPath(selectionMetric, network)] = await context.memo(
      { architecture, weights: source.digest },
      async () => {
        const bytes = await context.get(source);
        const subject = `${folder.name}/${path}`;
        const { parameters, epoch } = readWeights(bytes, architecture, subject);
        checkWeights(parameters, subject);
        return writeWeights(parameters, epoch);
      },
    );
  }
  const selectionMetrics = [...new Set(weights.map(({ selectionMetric }) => selectionMetric))];
  for (const metric of selectionMetrics) {
    for (const [path, text] of await readPredictionTables(folder, maps, split, metric)) {
      files[path] = text;
    }
  }
  for (const network of multi_network ? elements.keys() : [undefined]) {
    const training = await readTraining(folder, maps, split, network);
    if (training === undefined) continue;
    files[trainingPath(network)] = training;
  }
  const trainedOn = await readTrainedOn(folder, maps, split);
  files[PARTICIPANTS_FILE] = trainedOn.table;
  const known = leakage_checkable && trainedOn.known;
  if (!known) {
    context.warn(
      `${folder.name} does not list all participants of its networks' training: leakage may not be found`,
    );
  }
  return modelOutput({
    task,
    architecture,
    multi_network,
    elements: [...elements],
    ...description,
    selection_metrics: selectionMetrics,
    split,
    leakage_checkable: known,
  }, files);
}

/** @throws {DataError} on an unknown network, or one of images that were reduced in another way than here */
function checkRunnable(
  { architecture, initial_weights, input_shape, parameters }: MapsDescription,
  subject: string,
): void {
  if (architecture === "RandomArchitecture" && !describedArchitecture(parameters)) {
    throw new DataError(
      `${subject}/maps.json`,
      "convolutions_dict, n_fcblocks and network_normalization describe no RandomArchitecture",
    );
  }
  const known: readonly string[] = [...NETWORKS, ...AUTOENCODERS];
  if (!known.includes(architecture)) {
    throw new DataError(
      subject,
      `holds a network ${architecture}, which can't be run here; known are ${known.join(", ")}`,
    );
  }
  // A MAPS of ClinicaDL, which is silent of its initial weights: one window serves all images.
  const { sizeReduction } = loadingOf(parameters);
  const reducedHere = sizeReduction === 1 || initial_weights !== "unknown" ||
    isReducedTemplate(sizeReduction, input_shape.slice(1));
  if (reducedHere) return;
  throw new DataError(
    subject,
    `ClinicaDL reduced images of another grid than the cropped template (169x208x179) by its window, to ${
      input_shape.join("x")
    }, which is not done here`,
  );
}

/** A `participants` artifact. */
export function convertDataGroup(table: Table, dataGroup: string, mapsName: string): StepOutput {
  const subject = `${mapsName}/groups/${dataGroup}/data.tsv`;
  return labelsOutput(new SessionTable(table, subject), dataGroup);
}
