/**
 * Checkpoints of a training: all that it needs to continue with the same bits.
 *
 * The stored names are those of the first version: `state.json` holds `places`, each with the index
 * of a network as `member` and its position as `clock`, and `records`, the histories.
 */
import { readSafetensors, writeSafetensors } from "../../formats/safetensors.ts";
import type { Network } from "../../nn/network.ts";
import type { NetworkOutputs } from "../../nn/predictor.ts";
import { importState } from "../../nn/state_dict.ts";
import { WEIGHTS } from "../../nn/training/state.ts";
import type { TrainerCounters, TrainerState } from "../../nn/training/trainer.ts";
import type { Artifact, Blob, StepOutput } from "../../workflow/step.ts";
import { encodeWeights } from "../model/weights.ts";
import type { TrainingHistory } from "./trained_network.ts";

/** How far a network is trained. */
export interface Position {
  /** Epochs that are trained to their end. */
  epoch: number;
  /** Batches of the next epoch that are trained. */
  batch: number;
}

/** Negative when `a` comes before `b`, 0 when they are the same. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.batch - b.batch;
}

/**
 * The number by which the engine orders checkpoints and names their records: epochs, and batches as
 * multiples of 2^-32.
 */
export function chainPosition({ epoch, batch }: Position): number {
  return epoch + batch / 2 ** 32;
}

/** The state of a network that is not on the device. */
export interface SuspendedNetwork<Content = Blob> {
  position: Omit<TrainerCounters, "runs">;
  counters: TrainerCounters["runs"][number];
  /** A file as `best-<metric>` has it, so that equal weights are stored once. */
  weights: Content;
  /** safetensors of the other flat buffers: moments, and gradients that are being accumulated. */
  buffers: Content;
}

/** A {@link SuspendedNetwork} whose bytes may not be stored yet. */
export type NetworkSnapshot = SuspendedNetwork<Blob | Uint8Array>;

export interface Checkpoint {
  /** By the index of the network: those that have started and not stopped early. */
  suspended: ReadonlyMap<number, NetworkSnapshot>;
  histories: readonly TrainingHistory[];
}

/**
 * Splits a trainer's state into those of its networks.
 *
 * @param stored weights of networks whose state holds none, by their index in `networks`
 */
export function splitState(
  state: TrainerState,
  networks: readonly Network[],
  stored: ReadonlyMap<number, Blob>,
): NetworkSnapshot[] {
  const { runs, ...position } = state.counters;
  return networks.map((network, run) => {
    const prefix = `${run}.`;
    const tensors = new Map(
      [...state.tensors].filter(([name]) => name.startsWith(prefix)).map((
        [name, data],
      ) => [name.slice(prefix.length), data]),
    );
    const weights = stored.get(run) ?? encodeWeights(network, {
      parameters: tensors.get("parameters")!,
      statistics: tensors.get("statistics")!,
      batches: new Map(runs[run].batches),
    }, position.epoch - 1);
    const others = [...tensors].filter(([name]) => !WEIGHTS.has(name)).map(([name, data]) =>
      [name, { dtype: "float32" as const, shape: [data.length], data }] as const
    );
    return { position, counters: runs[run], weights, buffers: writeSafetensors(new Map(others)) };
  });
}

/** The inverse of {@link splitState}, for networks at the same position. */
export async function joinStates(
  suspended: readonly SuspendedNetwork[],
  networks: readonly Network[],
  get: (blob: Blob) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<TrainerState> {
  const subject = "the checkpoint";
  const tensors: TrainerState["tensors"] = new Map();
  for (const [run, { weights, buffers }] of suspended.entries()) {
    const stored = readSafetensors(await get(weights), subject).tensors();
    const { parameters, statistics } = importState(networks[run], stored, subject);
    tensors.set(`${run}.parameters`, parameters);
    tensors.set(`${run}.statistics`, statistics);
    for (const [name, { data }] of readSafetensors(await get(buffers), subject).tensors()) {
      tensors.set(`${run}.${name}`, data as Float32Array<ArrayBuffer>);
    }
  }
  return {
    counters: { ...suspended[0].position, runs: suspended.map(({ counters }) => counters) },
    tensors,
  };
}

/** Metrics may be infinite, such as LR+; JSON has no number for that. */
const INFINITE = new Set<unknown>(["Infinity", "-Infinity"]);

/**
 * As the engine stores it. The artifact lists every blob, so that the garbage collector keeps them;
 * what is given as bytes is removed when the next checkpoint replaces this one.
 */
export function encodeCheckpoint({ suspended, histories }: Checkpoint): StepOutput {
  const best = histories.flatMap(({ best, all }, network) => [
    ...Object.entries(best).flatMap(([metric, { weights, outputs }]) => [
      [`best-${metric}/${network}.safetensors`, weights] as const,
      [`best-${metric}/${network}_outputs.safetensors`, outputs] as const,
    ]),
    ...all.map((blob, epoch) => [`all/${epoch}_${network}.safetensors`, blob] as const),
  ]);
  const state = [...suspended].flatMap(([network, { weights, buffers }]) => [
    [`state/${network}_weights.safetensors`, weights] as const,
    [`state/${network}_buffers.safetensors`, buffers] as const,
  ]);
  const places = [...suspended].map(([network, { position, counters }]) => ({
    member: network,
    clock: position,
    counters,
  }));
  return {
    files: {
      "state.json": JSON.stringify(
        { places, records: histories },
        (_, value) => value === Infinity || value === -Infinity ? String(value) : value,
      ),
      ...Object.fromEntries(state),
      ...Object.fromEntries(best),
    },
  };
}

/** @throws {DataError} when the checkpoint is missing or corrupt */
export async function decodeCheckpoint(
  artifact: Artifact,
): Promise<{ suspended: Map<number, SuspendedNetwork>; histories: TrainingHistory[] }> {
  const text = await artifact.readText("state.json");
  const { places, records } = JSON.parse(
    text,
    (_, value) => INFINITE.has(value) ? Number(value) : value,
  ) as {
    places: {
      member: number;
      clock: SuspendedNetwork["position"];
      counters: SuspendedNetwork["counters"];
    }[];
    records: TrainingHistory[];
  };
  const files = new Map(artifact.files.map((file) => [file.path, file]));
  const suspended = places.map(({ member, clock, counters }): [number, SuspendedNetwork] => [
    member,
    {
      position: clock,
      counters,
      weights: files.get(`state/${member}_weights.safetensors`)!,
      buffers: files.get(`state/${member}_buffers.safetensors`)!,
    },
  ]);
  return { suspended: new Map(suspended), histories: records };
}

/** NetworkOutputs of a network for items as safetensors: `logits` [items, outputs]. */
export function encodeOutputs({ logits, outputs }: NetworkOutputs): Uint8Array {
  const shape = [logits.length / outputs, outputs];
  return writeSafetensors({ logits: { dtype: "float32", shape, data: logits } });
}

/** The inverse of {@link encodeOutputs}. */
export function decodeOutputs(bytes: Uint8Array<ArrayBuffer>): NetworkOutputs {
  const { shape, data } = readSafetensors(bytes, "the outputs of a network").tensor("logits");
  return { logits: data as Float32Array<ArrayBuffer>, outputs: shape[1] };
}
