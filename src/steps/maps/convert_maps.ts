/** Converts an opened MAPS into artifacts. */
import { modelOutput, trainingPath, weightsPath, writeWeights } from "../../artifacts/model.ts";
import { PARTICIPANTS_FILE } from "../../artifacts/participants_table.ts";
import type { Table } from "../../formats/tsv.ts";
import {
  type OpenedMaps,
  readPredictionTables,
  readTrainedOn,
  readTraining,
  weightsFiles,
} from "../../maps/read.ts";
import { readWeights } from "../../maps/weights.ts";
import { DataError } from "../../errors.ts";
import { NETWORKS } from "../../nn/names.ts";
import { checkWeights } from "../../nn/state_dict.ts";
import { labelsOutput } from "../../artifacts/labels.ts";
import { SessionTable } from "../../tables/session_table.ts";
import type { Blob, StepContext, StepOutput } from "../../workflow/step.ts";
import type { DigestFolder } from "./digest_folder.ts";

/**
 * A `model` artifact; weights are converted once for each content, whatever the path of the MAPS.
 *
 * @throws {DataError} when there is no such network here, and on weights that can't be computed with, see
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
  if (!(NETWORKS as readonly string[]).includes(architecture)) {
    throw new DataError(
      folder.name,
      `holds a network ${architecture}, which can't be run here; known are ${NETWORKS.join(", ")}`,
    );
  }
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

/** A `participants` artifact. */
export function convertDataGroup(table: Table, dataGroup: string, mapsName: string): StepOutput {
  const subject = `${mapsName}/groups/${dataGroup}/data.tsv`;
  return labelsOutput(new SessionTable(table, subject), dataGroup);
}
