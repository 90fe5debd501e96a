/** The anomaly.map step: healthy residuals, then the maps and scores of everyone else. */
import {
  type AnomalyMeta,
  anomalyStem,
  AUC_FILE,
  healthyStem,
  SCORES_FILE,
} from "../../artifacts/anomaly.ts";
import { mapsPath } from "../../artifacts/attribution.ts";
import {
  type Geometry,
  readGeometry,
  sameGeometry,
  splitElements,
  writeMaps,
} from "../../artifacts/attribution_maps.ts";
import { type ImageSet, imagesMeta, openImages, type Sample } from "../../artifacts/images.ts";
import { modelMeta } from "../../artifacts/model.ts";
import { PARTICIPANTS_FILE, writeParticipants } from "../../artifacts/participants_table.ts";
import { comparisonPath } from "../../artifacts/reconstructions.ts";
import { tableOutput } from "../../artifacts/table.ts";
import { DataError } from "../../errors.ts";
import { matchIntensity, normaliser, VoxelStatistics } from "../../evaluation/healthy_residuals.ts";
import { blurAxis } from "../../imaging/generate/blur.ts";
import {
  type ComparedPlane,
  comparePlanes,
  drawComparison,
  meanOfChannels,
  residualLimit,
} from "../../imaging/overlay/reconstruction.ts";
import { chooseEvaluationBatch } from "../../nn/predictor.ts";
import type { Artifact, Blob, StepOutput } from "../../workflow/step.ts";
import { loadingOf } from "../model/loading.ts";
import { checkImages, chooseMetrics, listNetworks } from "../model/model.ts";
import { placeElements } from "../model/place_elements.ts";
import { type ReconstructedSession, visitSessions } from "../model/reconstruct_all.ts";
import { nameOf, sampleByLabel } from "../predict/predict_reconstructions.ts";
import type { AnomalyParams } from "./map.ts";
import { findRegions } from "./regions.ts";
import { aucTable, scoreSession, scoresTable, type SessionScores } from "./score_tables.ts";
import { assertGivesBack, type Context, loadGroups } from "./scored_groups.ts";

/** Sessions that are drawn. */
const PICTURES = 6;

/**
 * Outputs `anomaly` and `auc`.
 *
 * @throws {DataError} on a model that gives back no images, images that don't fit it, leakage, too few
 *   healthy sessions, and regions that can't be placed
 */
export async function computeAnomaly(context: Context): Promise<Record<string, StepOutput>> {
  const { params, inputs } = context;
  const model = inputs.model as Artifact;
  const meta = modelMeta(model);
  assertGivesBack(meta.task);
  const images = await openImages(inputs.images as Artifact);
  checkImages(images, meta, context.warn);
  const label = params.label ?? meta.label;
  const { scored, healthy, leakage } = await loadGroups(context, model, images, label);
  const [metric] = params.selection_metric === undefined
    ? meta.selection_metrics
    : chooseMetrics([params.selection_metric], meta);
  const loading = loadingOf(meta.parameters);
  const { sizeReduction } = loading;
  const geometry = await readGeometry(images, scored[0], sizeReduction);
  const regions = await findRegions(context, geometry);

  const visitAll = async (
    samples: readonly Sample[],
    visit: (session: ReconstructedSession) => Promise<void> | void,
  ) => {
    const networks = listNetworks(model, meta, metric, samples.length);
    const batchSize = chooseEvaluationBatch(
      networks.map(({ network }) => network),
      params.batch_size,
    );
    await visitSessions(context, { images, samples, loading, batchSize, networks }, visit);
  };

  context.progress({ message: `residuals of ${healthy.length} healthy sessions` });
  const ofHealthy = async (measure: (session: ReconstructedSession) => Float32Array) => {
    let statistics: VoxelStatistics | undefined;
    await visitAll(healthy, (session) => {
      const values = measure(session);
      statistics ??= new VoxelStatistics(values.length);
      statistics.add(values);
    });
    return statistics!;
  };
  // What all healthy outputs lack is part of what is expected, and so of what intensities are fitted to.
  const lacking = params.match_intensity
    ? (await ofHealthy((session) => differenceOf(session).residual)).mean
    : undefined;
  const { mean, sd } = await ofHealthy((session) => residualOf(session, params, lacking));
  const normalise = normaliser(mean, sd, params.sd_regularization);

  const files: Record<string, string | Blob> = {};
  const known = params.use_labels && scored.some(({ row }) => Object.hasOwn(row, label));
  const drawn = new Set(sampleByLabel(scored, known ? label : undefined, PICTURES));
  const planes = new Map<number, ComparedPlane[]>();
  const scores: SessionScores[] = [];
  let extents: readonly (readonly number[])[] = [];
  await visitAll(scored, async (session) => {
    const { sample } = session;
    const map = normalise(residualOf(session, params, lacking));
    extents = session.shapes.map(([, ...rest]) => rest);
    const own = regions.length > 0 || params.save_nifti || drawn.has(sample)
      ? await readGeometry(images, scored[sample], sizeReduction)
      : geometry;
    const placed = regions.length > 0
      ? placeRegions({ map, extents, geometry: own }, geometry, images, scored[sample])
      : undefined;
    scores[sample] = scoreSession(map, params, regions, placed);
    if (params.save_nifti) {
      const bytes = writeMaps({ shapes: extents, maps: map, ...own });
      files[mapsPath(anomalyStem(nameOf(scored[sample])))] = await context.put(bytes);
    }
    if (drawn.has(sample)) {
      planes.set(sample, comparePlanes({ ...session, residual: map, affine: own.affine }));
    }
    context.progress({ fraction: scores.length / scored.length });
  });
  for (const [statistic, values] of [["mean", mean], ["sd", sd]] as const) {
    const maps = Float32Array.from(values);
    files[mapsPath(healthyStem(statistic))] = await context.put(
      writeMaps({ shapes: extents, maps, ...geometry }),
    );
  }
  const limit = residualLimit([...planes.values()]);
  for (const [sample, compared] of planes) {
    const pictures = drawComparison(compared, limit);
    for (const side of ["input", "output", "residual"] as const) {
      const path = comparisonPath(metric, nameOf(scored[sample]), side);
      files[path] = await context.put(pictures[side]);
    }
  }
  const healthyLabels = params.healthy_labels ??
    [...new Set(healthy.flatMap(({ row }) => row[label] ?? []))].sort();
  const labels = known ? scored.map(({ row }) => row[label] ?? null) : undefined;
  const scoresText = scoresTable(scored, label, labels, scores);
  const aucText = aucTable(
    { samples: scored, labels, healthyLabels, scores },
    {
      seed: params.seed,
      resamples: params.n_resamples,
      confidence: params.confidence_level,
    },
    context.warn,
  );
  const described: AnomalyMeta = {
    task: meta.task,
    model: model.digest,
    data_group: params.data_group,
    split: meta.split,
    mode: images.mode,
    multi_network: meta.multi_network,
    label,
    label_code: {},
    selection_metrics: [metric],
    leakage,
    elements: images.elements,
    extraction: imagesMeta(images.artifact).extraction,
    direction: params.direction,
    threshold: params.threshold,
    healthy_labels: healthyLabels,
    healthy_sessions: healthy.length,
    regions: regions.map(({ name }) => name),
    residual_limit: { [metric]: limit },
  };
  return {
    anomaly: {
      meta: described,
      files: {
        ...files,
        [SCORES_FILE]: scoresText,
        [AUC_FILE]: aucText,
        [PARTICIPANTS_FILE]: writeParticipants(scored, known ? label : undefined),
      },
    },
    auc: tableOutput(aucText),
  };
}

/** Input minus output of every voxel; channels are averaged. */
function differenceOf({ shapes, input, output }: ReconstructedSession) {
  const [seen, given] = [input, output].map((data) => meanOfChannels(data, shapes));
  return { seen, given, residual: seen.map((value, i) => value - given[i]) };
}

/**
 * Input minus output of every voxel, filtered.
 *
 * @param lacking mean of healthy differences, where intensities are to be fitted to output and it
 */
function residualOf(
  session: ReconstructedSession,
  { smoothing_sigma, background_sigma }: AnomalyParams,
  lacking: Float64Array | undefined,
): Float32Array<ArrayBuffer> {
  const { shapes } = session;
  const { seen, given, residual } = differenceOf(session);
  if (lacking) {
    const expected = matchIntensity(seen, given.map((value, i) => value + lacking[i]));
    residual.set(seen.map((value, i) => value - expected[i]));
  }
  const extents = shapes.map(([, ...rest]) => rest);
  splitElements(residual, extents).forEach((values, element) => {
    const near = blur(values, extents[element], smoothing_sigma);
    if (background_sigma === 0) return values.set(near);
    const far = blur(values, extents[element], background_sigma);
    values.set(near.map((value, i) => value - far[i]));
  });
  return residual;
}

/** @param extents of the values, the last axis fastest @param sigma voxels */
function blur(values: Float32Array, extents: readonly number[], sigma: number): Float32Array {
  const [x, y, z = 1] = extents.toReversed();
  return [0, 1, 2].reduce((blurred, axis) => blurAxis(blurred, [x, y, z], axis, sigma), values);
}

interface SessionMap {
  map: Float32Array<ArrayBuffer>;
  extents: readonly (readonly number[])[];
  geometry: Geometry;
}

/** The map in the grid of the regions. @throws {DataError} when the session has another grid */
function placeRegions(
  { map, extents, geometry }: SessionMap,
  ofRegions: Geometry,
  { artifact }: ImageSet,
  { participant, session }: Sample,
): Float32Array {
  if (!sameGeometry(ofRegions, geometry)) {
    throw new DataError(
      `${participant} ${session}`,
      "lies on another grid than the others, so that regions can't be scored; resample the images " +
        "with target_shape and target_spacing",
    );
  }
  const direction = imagesMeta(artifact).extraction.slice_direction ?? 0;
  const { elements, origins, grid } = ofRegions;
  return placeElements({ maps: map, shapes: extents, elements, origins }, [...grid!], direction);
}
