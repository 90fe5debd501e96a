/** Who is scored, and whose residuals are healthy: nobody who is in the training set, or in both. */
import type { ImageSet, Sample } from "../../artifacts/images.ts";
import { readSessions } from "../../artifacts/images.ts";
import { readLabelsText } from "../../artifacts/labels.ts";
import { describeModel, participantsSeenBy } from "../../artifacts/model.ts";
import { toGuardedSessions } from "../../artifacts/participants_table.ts";
import type { DeviceService } from "../../device/open.ts";
import { DataError } from "../../errors.ts";
import type { Task } from "../../evaluation/predictions.ts";
import {
  assertNoLeakage,
  type GuardedSession,
  guardedSessions,
  type LeakageStatus,
} from "../../tables/leakage.ts";
import type {
  Artifact,
  Json,
  PreflightContext,
  PreflightInput,
  StepContext,
} from "../../workflow/step.ts";
import { checkLeakage, loadSessions, preflightGroup } from "../predict/data_group.ts";
import type { AnomalyParams } from "./map.ts";

export type Context = StepContext<AnomalyParams, DeviceService>;

const SUBJECT = "anomaly.map";

/** Fewer sessions give no standard deviation to speak of. */
const LEAST_HEALTHY = 3;

export interface ScoredGroups {
  scored: Sample[];
  healthy: Sample[];
  leakage: LeakageStatus;
}

/**
 * @param label column that shows who is healthy
 * @throws {DataError} on training participants among the healthy, participants in both groups, and too
 *   few healthy sessions; on participants that the model knows among the scored
 */
export async function loadGroups(
  context: Context,
  model: Artifact,
  images: ImageSet,
  label: string,
): Promise<ScoredGroups> {
  const { params, inputs } = context;
  const { samples: scored, ofModel } = await loadSessions(context, model, images);
  const leakage = await checkLeakage(context, model, scored, { ofModel, subject: SUBJECT });
  const reference = await loadSessions(
    {
      ...context,
      params: { ...params, data_group: "validation", baseline: false, diagnoses: undefined },
      inputs: { ...inputs, participants: inputs.healthy },
    },
    model,
    images,
  );
  const healthy = keepHealthy(reference.samples, label, params.healthy_labels);
  await refuseSeen(model, toGuardedSessions(healthy), toGuardedSessions(scored));
  if (healthy.length < LEAST_HEALTHY) {
    throw new DataError(
      "healthy",
      `${healthy.length} healthy sessions give no standard deviation; ${LEAST_HEALTHY} do, and some ` +
        "twenty a good one",
    );
  }
  return { scored, healthy, leakage };
}

/** @throws {DataError} as {@link loadGroups}, of what is known before there are images */
export async function preflightAnomaly(
  context: PreflightContext<AnomalyParams>,
): Promise<Record<string, Json>> {
  const { params, inputs, unknown } = context;
  const model = inputs.model as PreflightInput | undefined;
  if (model !== undefined) assertGivesBack(describeModel(model).task);
  const scored = unknown.filter((port) => port !== "healthy");
  await preflightGroup({ ...context, unknown: scored }, SUBJECT);
  if (model === undefined || unknown.some((port) => port !== "images")) return {};
  const [participants, given] = [inputs.participants, inputs.healthy] as (Artifact | undefined)[];
  if (given === undefined) return {};
  const sessions = readSessions(await readLabelsText(given), "the healthy participants");
  const healthy = keepHealthy(
    sessions,
    params.label ?? describeModel(model).label,
    params.healthy_labels,
  );
  const others = participants === undefined ? [] : readSessions(
    await readLabelsText(participants, params),
    "the participants",
    params.diagnoses,
  );
  await refuseSeen(model, toGuardedSessions(healthy), toGuardedSessions(others));
  return {};
}

/** @throws {DataError} for a model that predicts labels */
export function assertGivesBack(task: Task): void {
  if (task === "reconstruction") return;
  throw new DataError(
    "model",
    `is one of ${task}, which gives back no images; train an autoencoder by train.reconstruction`,
  );
}

async function refuseSeen(
  model: PreflightInput,
  healthy: readonly GuardedSession[],
  scored: readonly GuardedSession[],
): Promise<void> {
  const { table } = await participantsSeenBy(model);
  const role = table.columns.indexOf("role");
  const trained = guardedSessions({
    ...table,
    // The role "other" does not exclude that the weights were trained on these participants.
    rows: table.rows.filter((row) => row[role] !== "validation"),
  });
  assertNoLeakage(
    [
      { role: "training", sessions: trained },
      { role: "the healthy participants", sessions: healthy },
    ],
    SUBJECT,
  );
  assertNoLeakage(
    [
      { role: "the healthy participants", sessions: healthy },
      { role: "the scored participants", sessions: scored },
    ],
    SUBJECT,
  );
}

/** @throws {DataError} when nobody is healthy */
function keepHealthy<T extends Pick<Sample, "row">>(
  sessions: readonly T[],
  label: string,
  labels: readonly string[] | undefined,
): T[] {
  if (labels === undefined) return [...sessions];
  const healthy = sessions.filter(({ row }) => labels.includes(row[label] ?? ""));
  if (healthy.length > 0) return healthy;
  throw new DataError(
    "healthy_labels",
    `no session of the reference has ${label} ${labels.join(" or ")}`,
  );
}
