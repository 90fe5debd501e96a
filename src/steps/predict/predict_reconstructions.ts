/** What an autoencoder gives back of participants: metrics, latents, pictures, tensors on request. */
import { readGeometry } from "../../artifacts/attribution_maps.ts";
import { type ImageSet, imagesMeta, type Sample } from "../../artifacts/images.ts";
import type { ModelMeta } from "../../artifacts/model.ts";
import { writeParticipants } from "../../artifacts/participants_table.ts";
import {
  predictionsOutput,
  type PredictionTable,
  type SavedTensors,
} from "../../artifacts/predictions.ts";
import { comparisonPath, latentsPath, latentTensorsPath } from "../../artifacts/reconstructions.ts";
import type { DeviceService } from "../../device/open.ts";
import type { Predictions } from "../../evaluation/predictions.ts";
import { principalComponents } from "../../evaluation/principal_components.ts";
import { writeSafetensors } from "../../formats/safetensors.ts";
import { type Writable, writeTsv } from "../../formats/tsv.ts";
import {
  type ComparedPlane,
  comparePlanes,
  drawComparison,
  residualLimit,
} from "../../imaging/overlay/reconstruction.ts";
import { Autoencoder } from "../../nn/autoencoder.ts";
import { chooseEvaluationBatch } from "../../nn/predictor.ts";
import type { LeakageStatus } from "../../tables/leakage.ts";
import type { Artifact, Blob, StepContext, StepOutput } from "../../workflow/step.ts";
import { loadingOf } from "../model/loading.ts";
import { chooseMetrics, listNetworks } from "../model/model.ts";
import { reconstructAll } from "../model/reconstruct_all.ts";
import type { PredictParams } from "./predict.ts";

type Context = StepContext<PredictParams, DeviceService>;

/** A model's images and participants, checked. */
interface Applied {
  meta: ModelMeta;
  images: ImageSet;
  samples: readonly Sample[];
  leakage: LeakageStatus;
}

/** Sessions that are drawn. */
const PICTURES = 6;
/** Components of latents. */
const COMPONENTS = 2;

/** A `predictions` artifact of an autoencoder. */
export async function predictReconstructions(
  context: Context,
  { meta, images, samples, leakage }: Applied,
): Promise<StepOutput> {
  const { params, inputs } = context;
  const model = inputs.model as Artifact;
  const loading = loadingOf(meta.parameters);
  const metrics = chooseMetrics(params.selection_metrics, meta);
  const label = params.label ?? meta.label;
  const labelled = params.use_labels && samples.some(({ row }) => Object.hasOwn(row, label));
  const drawn = new Set(sampleByLabel(samples, labelled ? label : undefined, PICTURES));
  const saved = savedTensors(params);
  const tables: PredictionTable[] = [];
  const files: Record<string, string | Blob> = {};
  const latent_variance: Record<string, number[]> = {};
  const residual_limit: Record<string, number> = {};
  let latent_shape: readonly number[] = [];
  for (const metric of metrics) {
    context.progress({ message: `best-${metric}` });
    const networks = listNetworks(model, meta, metric, samples.length);
    const planes = new Map<number, ComparedPlane[]>();
    const reconstructed = await reconstructAll(context, {
      images,
      samples,
      loading,
      batchSize: chooseEvaluationBatch(networks.map(({ network }) => network), params.batch_size),
      networks,
      keep: () => saved.includes("tensor") || saved.includes("nifti"),
      stemOf: (sample) => `${metric}/${nameOf(samples[sample])}`,
      visit: async (session) => {
        if (!drawn.has(session.sample)) return;
        const geometry = await readGeometry(images, samples[session.sample], loading.sizeReduction);
        planes.set(session.sample, comparePlanes({ ...session, affine: geometry.affine }));
      },
    });
    const { predictions, latents } = reconstructed;
    tables.push({ selectionMetric: metric, level: images.mode, predictions });
    Object.assign(files, reconstructed.files);
    const components = latents[0].length > 0
      ? principalComponents(latents, COMPONENTS)
      : { scores: latents, explained: [] };
    files[latentsPath(metric)] = latentsTable(predictions, images.mode, components.scores);
    if (saved.includes("latent")) {
      files[latentTensorsPath(metric)] = await context.put(writeLatents(latents));
    }
    latent_variance[metric] = components.explained;
    latent_shape = latentShape(networks[0].network);
    const limit = residual_limit[metric] = residualLimit([...planes.values()]);
    for (const [sample, compared] of planes) {
      const pictures = drawComparison(compared, limit);
      for (const side of ["input", "output", "residual"] as const) {
        const path = comparisonPath(metric, nameOf(samples[sample]), side);
        files[path] = await context.put(pictures[side]);
      }
    }
  }
  return predictionsOutput(
    tables,
    writeParticipants(samples, labelled ? label : undefined),
    {
      task: meta.task,
      model: model.digest,
      data_group: params.data_group,
      split: meta.split,
      mode: images.mode,
      multi_network: meta.multi_network,
      output_size: meta.output_size,
      label,
      label_code: {},
      selection_metrics: metrics,
      voting: params.voting,
      selection_threshold: 0,
      leakage,
      latent_shape,
      latent_variance,
      ...(images.mode === "slice" && {
        slice_direction: imagesMeta(images.artifact).extraction.slice_direction ?? 0,
      }),
      residual_limit,
      saved,
    },
    files,
  );
}

export function nameOf({ participant, session }: Pick<Sample, "participant" | "session">): string {
  return `${participant}_${session}`;
}

function savedTensors(params: PredictParams): SavedTensors[] {
  return [
    ...params.save_tensor ? ["tensor" as const] : [],
    ...params.save_nifti ? ["nifti" as const] : [],
    ...params.save_latent_tensor ? ["latent" as const] : [],
  ];
}

/** Shape of an element's latent, [numbers] where it has no positions. */
function latentShape(network: unknown): number[] {
  if (!(network instanceof Autoencoder)) return [];
  const { channels, depth, height, width } = network.latent;
  if (depth * height * width === 1) return [channels];
  return network.input.length === 4 ? [channels, depth, height, width] : [channels, height, width];
}

/** Indices of samples of every label in turn, in the order of the samples. */
export function sampleByLabel(
  samples: readonly Sample[],
  label: string | undefined,
  count: number,
): number[] {
  const groups = new Map<string, number[]>();
  samples.forEach(({ row }, index) => {
    const name = (label === undefined ? null : row[label]) ?? "";
    groups.set(name, [...groups.get(name) ?? [], index]);
  });
  const chosen: number[] = [];
  for (let turn = 0; chosen.length < Math.min(count, samples.length); turn++) {
    for (const group of groups.values()) {
      if (turn < group.length && chosen.length < count) chosen.push(group[turn]);
    }
  }
  return chosen.sort((a, b) => a - b);
}

function latentsTable(
  { participants, sessions, elements }: Predictions,
  mode: string,
  scores: readonly ArrayLike<number>[],
): string {
  const names = Array.from({ length: scores[0].length }, (_, i) => `component${i + 1}`);
  const rows = participants.map((participant, row): Writable[] => [
    participant,
    sessions[row],
    elements[row],
    ...Array.from(scores[row]),
  ]);
  return writeTsv(["participant_id", "session_id", `${mode}_id`, ...names], rows);
}

function writeLatents(latents: readonly Float32Array[]): Uint8Array {
  const [{ length }] = latents;
  const data = new Float32Array(latents.length * length);
  latents.forEach((latent, row) => data.set(latent, row * length));
  return writeSafetensors({
    latent: { dtype: "float32", shape: [latents.length, length], data },
  });
}
