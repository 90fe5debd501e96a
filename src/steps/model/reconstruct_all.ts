/** Gives back every element of some sessions by stored autoencoders: metrics, latents, kept tensors. */
import { readGeometry } from "../../artifacts/attribution_maps.ts";
import type { ImageSet, Sample } from "../../artifacts/images.ts";
import { reconstructionPath, writeReconstruction } from "../../artifacts/reconstructions.ts";
import type { DeviceService } from "../../device/open.ts";
import type { Predictions } from "../../evaluation/predictions.ts";
import { reconstructionMetrics } from "../../evaluation/reconstruction_metrics.ts";
import { RECONSTRUCTION_METRICS } from "../../evaluation/reconstruction_scores.ts";
import type { Blob, StepContext } from "../../workflow/step.ts";
import { type ReconstructedItem, reconstructStored, type StoredNetwork } from "./apply.ts";
import { elementData } from "./element_data.ts";
import { loadedShape, type Loading } from "./loading.ts";

type Context = Pick<StepContext<unknown, DeviceService>, "get" | "put" | "signal" | "services">;

/** Sessions that stored networks are applied to. */
interface AppliedSessions {
  images: ImageSet;
  samples: readonly Sample[];
  loading: Loading;
  /** Of items at a time, fewer where these do not fit the device. */
  batchSize: number;
  networks: readonly StoredNetwork[];
}

interface ReconstructedSessions extends AppliedSessions {
  /** Whether a sample's input and output are kept. */
  keep(sample: number): boolean;
  /** Stem of the file in which they are kept. */
  stemOf(sample: number): string;
  /** Called with every session once all of its elements are given back. */
  visit?(session: ReconstructedSession): Promise<void> | void;
}

/** All elements of a session, one after another. */
export interface ReconstructedSession {
  sample: number;
  /** What the networks see, all channels. */
  input: Float32Array<ArrayBuffer>;
  output: Float32Array<ArrayBuffer>;
  /** [C, H, W] or [C, D, H, W] of each element. */
  shapes: readonly (readonly number[])[];
}

interface Reconstructed {
  /** A row an element, of the samples in order that have items. */
  predictions: Predictions;
  /** Numbers that describe each row's element, in the order of the rows. */
  latents: Float32Array<ArrayBuffer>[];
  files: Record<string, Blob>;
}

/**
 * Calls `visit` with every session once all of its elements are given back.
 *
 * @param visitElement called with each of them before
 * @throws {DataError} when stored weights don't fit their network
 */
export async function visitSessions(
  context: Context,
  { images, samples, loading, batchSize, networks }: AppliedSessions,
  visit: (session: ReconstructedSession) => Promise<void> | void,
  visitElement: (item: ReconstructedItem, shape: readonly number[]) => void = () => {},
): Promise<void> {
  const perSample = images.elements.length;
  const shapes = shapesSeen({ images, loading, networks });
  const sizes = shapes.map((shape) => shape.reduce((product, size) => product * size, 1));
  const starts = sizes.map((_, e) => sizes.slice(0, e).reduce((sum, size) => sum + size, 0));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const open = new Map<number, ReconstructedSession & { left: number }>();
  const device = await context.services.device();
  const data = elementData(images, samples, loading);
  await reconstructStored(context, device, { data, batchSize, networks }, async (item) => {
    const element = item.item % perSample;
    const sample = (item.item - element) / perSample;
    visitElement(item, shapes[element]);
    const session = open.get(sample) ?? {
      sample,
      input: new Float32Array(total),
      output: new Float32Array(total),
      shapes,
      left: perSample,
    };
    open.set(sample, session);
    session.input.set(item.input, starts[element]);
    session.output.set(item.output, starts[element]);
    session.left--;
    if (session.left > 0) return;
    open.delete(sample);
    await visit(session);
  });
}

/** @throws {DataError} when stored weights don't fit their network */
export async function reconstructAll(
  context: Context,
  sessions: ReconstructedSessions,
): Promise<Reconstructed> {
  const { images, samples, loading, keep, stemOf, visit } = sessions;
  const perSample = images.elements.length;
  const metrics = new Map<number, Record<string, number>>();
  const latents = new Map<number, Float32Array<ArrayBuffer>>();
  const files: Record<string, Blob> = {};
  const visitSession = async (session: ReconstructedSession) => {
    const { sample } = session;
    await visit?.(session);
    if (!keep(sample)) return;
    const geometry = await readGeometry(images, samples[sample], loading.sizeReduction);
    const bytes = writeReconstruction({ ...session, ...geometry });
    files[reconstructionPath(stemOf(sample))] = await context.put(bytes);
  };
  await visitSessions(context, sessions, visitSession, ({ item, input, output, latent }, shape) => {
    metrics.set(item, reconstructionMetrics(input, output, shape));
    latents.set(item, Float32Array.from(latent));
  });
  const items = [...metrics.keys()].sort((a, b) => a - b);
  const rows = items.map((item) => metrics.get(item)!);
  const unknown = new Float64Array(items.length).fill(NaN);
  return {
    predictions: {
      participants: items.map((item) => samples[Math.floor(item / perSample)].participant),
      sessions: items.map((item) => samples[Math.floor(item / perSample)].session),
      elements: items.map((item) => images.elements[item % perSample]),
      trueLabels: unknown,
      predictedLabels: unknown,
      classes: 0,
      probabilities: new Float64Array(),
      scores: Object.fromEntries(
        RECONSTRUCTION_METRICS.map((name) => [name, Float64Array.from(rows, (row) => row[name])]),
      ),
    },
    latents: items.map((item) => latents.get(item)!),
    files,
  };
}

/** Of each element as its network sees it; slices may have three channels. */
function shapesSeen(
  { images, loading, networks }: Pick<AppliedSessions, "images" | "loading" | "networks">,
): readonly (readonly number[])[] {
  const [channels] = networks[0].network.input;
  return images.elementShapes.map((shape) => [
    channels,
    ...loadedShape(loading, images.mode, shape).slice(1),
  ]);
}
