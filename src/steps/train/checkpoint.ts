/** Checkpoints of a training: all that it needs to go on with the same bits. */
import { readSafetensors, writeSafetensors } from "../../formats/safetensors.ts";
import type { TrainerCounters, TrainerState } from "../../nn/training/trainer.ts";
import { WEIGHTS } from "../../nn/training/state.ts";
import type { Network } from "../../nn/network.ts";
import { importState } from "../../nn/state_dict.ts";
import type { Artifact, Blob, StepOutput } from "../../workflow/step.ts";
import type { MemberRecord } from "./network_progress.ts";
import { encodeWeights } from "./weights.ts";

type Clock = Omit<TrainerCounters, "runs">;

/** Where a member stands, and its buffers: stored, or about to be. */
export interface Parked<Content = Blob> {
  clock: Clock;
  counters: TrainerCounters["runs"][number];
  /** Its weights as `best-<metric>` keeps them, so that equal ones are stored once. */
  weights: Content;
  /** safetensors of the other flat buffers: moments, and gradients that are being gathered. */
  buffers: Content;
}

export interface Checkpoint {
  /** Those that have begun and not stopped early, by member. */
  parked: ReadonlyMap<number, Parked<Blob | Uint8Array>>;
  records: readonly MemberRecord[];
}

/**
 * Takes a trainer's state apart into its members'.
 *
 * @param stored weights of those whose state holds none
 */
export function park(
  state: TrainerState,
  networks: readonly Network[],
  stored: ReadonlyMap<number, Blob>,
): Parked<Blob | Uint8Array>[] {
  const { runs, ...clock } = state.counters;
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
    }, clock.epoch - 1);
    const others = [...tensors].filter(([name]) => !WEIGHTS.has(name)).map(([name, data]) =>
      [name, { dtype: "float32" as const, shape: [data.length], data }] as const
    );
    return { clock, counters: runs[run], weights, buffers: writeSafetensors(new Map(others)) };
  });
}

/** The inverse of {@link park}, for members that stand at the same place. */
export async function unpark(
  parked: readonly Parked[],
  networks: readonly Network[],
  get: (blob: Blob) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<TrainerState> {
  const subject = "the checkpoint";
  const tensors: TrainerState["tensors"] = new Map();
  for (const [run, { weights, buffers }] of parked.entries()) {
    const stored = readSafetensors(await get(weights), subject).tensors();
    const { parameters, statistics } = importState(networks[run], stored, subject);
    tensors.set(`${run}.parameters`, parameters);
    tensors.set(`${run}.statistics`, statistics);
    for (const [name, { data }] of readSafetensors(await get(buffers), subject).tensors()) {
      tensors.set(`${run}.${name}`, data as Float32Array<ArrayBuffer>);
    }
  }
  return {
    counters: { ...parked[0].clock, runs: parked.map(({ counters }) => counters) },
    tensors,
  };
}

/** Metrics may be infinite, such as LR+; JSON has no word for that. */
const INFINITE = new Set<unknown>(["Infinity", "-Infinity"]);

/** Epochs that a member has trained, with the part of one that was interrupted. */
export function placeOf({ clock }: Pick<Parked, "clock">): number {
  return clock.epoch + clock.batch / 2 ** 32;
}

/**
 * As the engine stores it; files name every blob, so that none is swept. What is given as bytes
 * leaves the disk when the next checkpoint takes its place.
 */
export function encodeCheckpoint({ parked, records }: Checkpoint): StepOutput {
  const best = records.flatMap(({ best, all }, member) => [
    ...Object.entries(best).flatMap(([metric, { weights, outputs }]) => [
      [`best-${metric}/${member}.safetensors`, weights] as const,
      [`best-${metric}/${member}_outputs.safetensors`, outputs] as const,
    ]),
    ...all.map((blob, epoch) => [`all/${epoch}_${member}.safetensors`, blob] as const),
  ]);
  const state = [...parked].flatMap(([member, { weights, buffers }]) => [
    [`state/${member}_weights.safetensors`, weights] as const,
    [`state/${member}_buffers.safetensors`, buffers] as const,
  ]);
  const places = [...parked].map(([member, { clock, counters }]) => ({ member, clock, counters }));
  return {
    files: {
      "state.json": JSON.stringify(
        { places, records },
        (_, value) => value === Infinity || value === -Infinity ? String(value) : value,
      ),
      ...Object.fromEntries(state),
      ...Object.fromEntries(best),
    },
  };
}

/** @throws {DataError} when the checkpoint is gone or corrupt */
export async function decodeCheckpoint(
  artifact: Artifact,
): Promise<{ parked: Map<number, Parked>; records: MemberRecord[] }> {
  const text = await artifact.readText("state.json");
  const { places, records } = JSON.parse(
    text,
    (_, value) => INFINITE.has(value) ? Number(value) : value,
  ) as {
    places: (Pick<Parked, "clock" | "counters"> & { member: number })[];
    records: MemberRecord[];
  };
  const files = new Map(artifact.files.map((file) => [file.path, file]));
  const parked = places.map(({ member, ...place }): [number, Parked] => [member, {
    ...place,
    weights: files.get(`state/${member}_weights.safetensors`)!,
    buffers: files.get(`state/${member}_buffers.safetensors`)!,
  }]);
  return { parked: new Map(parked), records };
}
