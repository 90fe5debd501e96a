/** What autoencoders see and give back, latents, and anomaly scores. */
import { anomalyMeta, AUC_FILE, SCORES_FILE } from "../../artifacts/anomaly.ts";
import { readParticipants } from "../../artifacts/participants_table.ts";
import { predictionsMeta } from "../../artifacts/predictions.ts";
import {
  comparisonPath,
  latentsPath,
  parseComparisonPath,
} from "../../artifacts/reconstructions.ts";
import { readTsv, type Table } from "../../formats/tsv.ts";
import { sessionKey } from "../../tables/identity.ts";
import type { Artifact } from "../../workflow/step.ts";
import type { CurrentInstance } from "../current_run.ts";
import type { ReconstructionSheet } from "../data.ts";
import type { RunArtifacts } from "../inputs.ts";
import { rounded } from "../rounding.ts";

/** Bytes of all pictures in a report. */
const MAX_BYTES = 3_000_000;
/** Points of a scatter; of more an even sample is drawn. */
const MAX_POINTS = 1500;

export async function reconstructionSheets(
  artifacts: RunArtifacts,
): Promise<ReconstructionSheet[]> {
  const found = [...artifacts.ofType("predictions"), ...artifacts.ofType("anomaly")]
    .filter(({ artifact }) => artifact.meta.task === "reconstruction");
  const share = MAX_BYTES / Math.max(1, found.length);
  return await Promise.all(
    found.map(({ entry, artifact }) => describeSheet(entry, artifact, share)),
  );
}

async function describeSheet(
  entry: CurrentInstance,
  artifact: Artifact,
  bytes: number,
): Promise<ReconstructionSheet> {
  const { label, data_group, mode, selection_metrics, residual_limit = {} } = predictionsMeta(
    artifact,
  );
  const [selectionMetric] = selection_metrics;
  const labels = await labelsOf(artifact, label);
  const isAnomaly = entry.kind === "anomaly.map";
  const scores = isAnomaly ? readTsv(await artifact.read(SCORES_FILE), SCORES_FILE) : undefined;
  return {
    instance: entry.name,
    kind: entry.kind,
    dataGroup: data_group,
    selectionMetric,
    mode,
    label,
    limit: rounded(residual_limit[selectionMetric] ?? NaN, 3),
    ...await describeRows(artifact, selectionMetric, labels, bytes, scores),
    latents: isAnomaly ? null : await describeLatents(artifact, selectionMetric, labels),
    anomaly: scores ? await describeAnomaly(artifact, scores, label) : null,
  };
}

type Labels = (participant: string, session: string) => string | null;

async function labelsOf(artifact: Artifact, label: string): Promise<Labels> {
  const { columns, rows } = await readParticipants(artifact);
  const at = (name: string) => columns.indexOf(name);
  const [participant, session, value] = ["participant_id", "session_id", label].map(at);
  const known = new Map(
    rows.map((row) => [
      sessionKey(row[participant] ?? "", row[session] ?? ""),
      row[value] ?? null,
    ]),
  );
  return (participant, session) => known.get(sessionKey(participant, session)) ?? null;
}

/** The drawn sessions, in the order of their labels. */
async function describeRows(
  artifact: Artifact,
  metric: string,
  labels: Labels,
  bytes: number,
  scores: Table | undefined,
): Promise<Pick<ReconstructionSheet, "rows" | "more">> {
  const names = artifact.files.flatMap(({ path }) => {
    const parsed = parseComparisonPath(path);
    return parsed?.side === "input" && parsed.selectionMetric === metric ? [parsed.name] : [];
  });
  const rows: ReconstructionSheet["rows"] = [];
  let left = bytes;
  for (const name of names) {
    const pictures = await Promise.all(
      (["input", "output", "residual"] as const).map((side) =>
        artifact.read(comparisonPath(metric, name, side))
      ),
    );
    const size = pictures.reduce((sum, { length }) => sum + length, 0);
    if (size > left) continue;
    left -= size;
    const [participant, session] = name.split("_");
    const [input, output, residual] = pictures.map((png) =>
      `data:image/png;base64,${png.toBase64()}`
    );
    rows.push({
      participant,
      session,
      label: labels(participant, session),
      score: scores ? scoreOf(scores, participant, session) : null,
      input,
      output,
      residual,
    });
  }
  const order = (row: { label: string | null }) => row.label ?? "";
  rows.sort((a, b) => order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0);
  return { rows, more: names.length - rows.length };
}

function scoreOf({ columns, rows }: Table, participant: string, session: string): number | null {
  const at = (name: string) => columns.indexOf(name);
  const row = rows.find((row) =>
    row[at("participant_id")] === participant && row[at("session_id")] === session
  );
  return row ? rounded(Number(row[at("score")]), 3) : null;
}

async function describeLatents(
  artifact: Artifact,
  metric: string,
  labels: Labels,
): Promise<ReconstructionSheet["latents"]> {
  const path = latentsPath(metric);
  const { columns, rows } = readTsv(await artifact.read(path), path);
  const at = (name: string) => columns.indexOf(name);
  if (at("component2") < 0) return null;
  const stride = Math.ceil(rows.length / MAX_POINTS);
  const [first = NaN, second = NaN] = predictionsMeta(artifact).latent_variance?.[metric] ?? [];
  return {
    points: rows.filter((_, i) => i % stride === 0).map((row) => ({
      label: labels(row[at("participant_id")] ?? "", row[at("session_id")] ?? ""),
      x: rounded(Number(row[at("component1")]), 4)!,
      y: rounded(Number(row[at("component2")]), 4)!,
    })),
    variance: [rounded(first, 3), rounded(second, 3)],
  };
}

async function describeAnomaly(
  artifact: Artifact,
  { columns, rows }: Table,
  label: string,
): Promise<ReconstructionSheet["anomaly"]> {
  const { healthy_sessions, healthy_labels, direction, threshold } = anomalyMeta(artifact);
  const auc = readTsv(await artifact.read(AUC_FILE), AUC_FILE);
  const cell = (row: Table["rows"][number], name: string) => row[auc.columns.indexOf(name)];
  const number = (row: Table["rows"][number], name: string) =>
    rounded(Number(cell(row, name) ?? NaN), 4);
  const [labelAt, scoreAt] = [columns.indexOf(label), columns.indexOf("score")];
  return {
    healthySessions: healthy_sessions,
    healthyLabels: [...healthy_labels],
    direction,
    threshold,
    scores: rows.map((row) => ({
      label: row[labelAt] ?? null,
      score: rounded(Number(row[scoreAt]), 4)!,
    })),
    areas: auc.rows.map((row) => ({
      score: cell(row, "score") ?? "",
      value: number(row, "ROC_AUC"),
      lower: number(row, "lower"),
      upper: number(row, "upper"),
    })),
  };
}
