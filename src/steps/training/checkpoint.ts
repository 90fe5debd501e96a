/** Checkpoints of a training: all that it needs to go on with the same bits. */
import { readSafetensors, writeSafetensors } from "../../formats/safetensors.ts";
import type { TrainerCounters, TrainerState } from "../../nn/fit.ts";
import type { Artifact, Blob, Draft } from "../../workflow/step.ts";
import type { MemberRecord } from "./member.ts";

type Clock = Omit<TrainerCounters, "runs">;

/** A member that is not on the device: where it stands, and its stored buffers. */
export interface Parked {
  clock: Clock;
  counters: TrainerCounters["runs"][number];
  /** safetensors of its flat buffers: parameters, statistics, moments. */
  buffers: Blob;
}

export interface Checkpoint {
  /** Those that have begun and not stopped early, by member. */
  parked: ReadonlyMap<number, Parked>;
  records: readonly MemberRecord[];
}

/** Takes a trainer's state apart into its members'. */
export async function park(
  state: TrainerState,
  members: readonly number[],
  put: (bytes: Uint8Array) => Promise<Blob>,
): Promise<Map<number, Parked>> {
  const { runs, ...clock } = state.counters;
  const parked = new Map<number, Parked>();
  for (const [run, member] of members.entries()) {
    const prefix = `${run}.`;
    const tensors = new Map(
      [...state.tensors].filter(([name]) => name.startsWith(prefix)).map(([name, data]) => [
        name.slice(prefix.length),
        { dtype: "float32" as const, shape: [data.length], data },
      ]),
    );
    const buffers = await put(writeSafetensors(tensors));
    parked.set(member, { clock, counters: runs[run], buffers });
  }
  return parked;
}

/** The inverse of {@link park}, for members that stand at the same place. */
export async function unpark(
  parked: readonly Parked[],
  get: (blob: Blob) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<TrainerState> {
  const tensors: TrainerState["tensors"] = new Map();
  for (const [run, { buffers }] of parked.entries()) {
    const file = readSafetensors(await get(buffers), "the checkpoint's buffers");
    for (const [name, { data }] of file.tensors()) {
      tensors.set(`${run}.${name}`, data as Float32Array<ArrayBuffer>);
    }
  }
  return {
    counters: { ...parked[0].clock, runs: parked.map(({ counters }) => counters) },
    tensors,
  };
}

/** Epochs that a member has trained, with the part of one that was interrupted. */
export function placeOf({ clock }: Parked): number {
  return clock.epoch + clock.batch / 2 ** 32;
}

/** As the engine stores it; files name every blob, so that none is swept. */
export function encodeCheckpoint({ parked, records }: Checkpoint): Draft {
  const kept = records.flatMap(({ best, all }, member) => [
    ...Object.entries(best).map(([metric, { weights }]) =>
      [`best-${metric}/${member}.safetensors`, weights] as const
    ),
    ...all.map((blob, epoch) => [`all/${epoch}_${member}.safetensors`, blob] as const),
  ]);
  return {
    files: {
      "state.json": JSON.stringify({ parked: [...parked], records }),
      ...Object.fromEntries(
        [...parked].map(([member, { buffers }]) => [`state/${member}.safetensors`, buffers]),
      ),
      ...Object.fromEntries(kept),
    },
  };
}

/** @throws {DataError} when the checkpoint is gone or corrupt */
export async function decodeCheckpoint(artifact: Artifact): Promise<Checkpoint> {
  const state = JSON.parse(await artifact.readText("state.json")) as {
    parked: [number, Parked][];
    records: MemberRecord[];
  };
  return { parked: new Map(state.parked), records: state.records };
}
