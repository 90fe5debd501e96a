/** Tables of anomaly scores, and how well they tell healthy sessions from others. */
import type { Sample } from "../../artifacts/images.ts";
import { bootstrapIntervals, type BootstrapOptions } from "../../evaluation/bootstrap.ts";
import { type AnomalyScores, scoreResiduals } from "../../evaluation/healthy_residuals.ts";
import { rankingAreas, rankRows } from "../../evaluation/ranking.ts";
import { type Cell, type Writable, writeTsv } from "../../formats/tsv.ts";
import type { AnomalyParams } from "./map.ts";
import type { Region } from "./regions.ts";

/** Of one session by column of the table. */
export type SessionScores = Readonly<Record<string, number>>;

/** @param placed the map in the grid of the regions */
export function scoreSession(
  map: Float32Array,
  { direction, threshold, score_part }: AnomalyParams,
  regions: readonly Region[],
  placed: Float32Array | undefined,
): SessionScores {
  const options = { direction, threshold, part: score_part };
  return {
    ...scoreResiduals(map, options),
    ...Object.assign(
      {},
      ...regions.map(({ name, voxels }) =>
        prefixed(name, scoreResiduals(placed!, options, voxels))
      ),
    ),
  };
}

function prefixed(region: string, scores: AnomalyScores): Record<string, number> {
  return Object.fromEntries(
    Object.entries(scores).map(([name, value]) => [`${region}_${name}`, value]),
  );
}

/** @param labels of each sample, where they are used */
export function scoresTable(
  samples: readonly Sample[],
  label: string,
  labels: readonly Cell[] | undefined,
  scores: readonly SessionScores[],
): string {
  const names = Object.keys(scores[0]);
  return writeTsv(
    ["participant_id", "session_id", ...labels ? [label] : [], ...names],
    samples.map(({ participant, session }, i): Writable[] => [
      participant,
      session,
      ...labels ? [labels[i]] : [],
      ...names.map((name) => scores[i][name]),
    ]),
  );
}

interface LabelledScores {
  samples: readonly Sample[];
  labels?: readonly Cell[];
  healthyLabels: readonly string[];
  scores: readonly SessionScores[];
}

const COLUMNS = [
  "score",
  "ROC_AUC",
  "lower",
  "upper",
  "standard_error",
  "healthy_sessions",
  "anomalous_sessions",
];

/** One row a score that grows with the anomaly; none where sessions of both kinds are not labelled. */
export function aucTable(
  { samples, labels, healthyLabels, scores }: LabelledScores,
  options: BootstrapOptions,
  warn: (message: string) => void,
): string {
  const rows = (labels ?? []).flatMap((label, row) => label === null ? [] : [row]);
  const anomalous = rows.map((row) => Number(!healthyLabels.includes(labels![row]!)));
  const positive = anomalous.reduce((sum, value) => sum + value, 0);
  const negative = rows.length - positive;
  if (positive === 0 || negative === 0 || healthyLabels.length === 0) {
    warn(
      healthyLabels.length === 0
        ? "no AUC: nothing shows which labels are healthy; name them in healthy_labels"
        : `no AUC: ${negative} healthy and ${positive} anomalous sessions are labelled`,
    );
    return writeTsv(COLUMNS, []);
  }
  const participants = rows.map((row) => samples[row].participant);
  const names = Object.keys(scores[0]).filter((name) => /(^|_)(score|share)$/.test(name));
  const rankings = names.map((name) =>
    rankRows(anomalous, Float64Array.from(rows, (row) => scores[row][name]), 1)
  );
  const areas = (weights?: Float64Array) =>
    Object.fromEntries(
      names.map((name, i) => [name, rankingAreas(rankings[i], weights).ROC_AUC]),
    );
  const values = areas();
  const intervals = bootstrapIntervals(participants, areas, options);
  return writeTsv(
    COLUMNS,
    names.map((name): Writable[] => [
      name,
      values[name],
      intervals[name].lower,
      intervals[name].upper,
      intervals[name].standard_error,
      negative,
      positive,
    ]),
  );
}
