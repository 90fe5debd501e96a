/** Checkpoints of a training: all that it needs to go on with the same bits. */
import { readSafetensors, writeSafetensors } from "../../formats/safetensors.ts";
import type { TrainerState } from "../../nn/fit.ts";
import type { Artifact, Draft, Json } from "../../workflow/step.ts";
import type { MemberRecord } from "./member.ts";

/** Device state of one member, apart from its companions'. */
export interface MemberState {
  tensors: Map<string, Float32Array<ArrayBuffer>>;
  counters: TrainerState["counters"]["runs"][number];
}

/** Position of a training: counters that all members share. */
export type Clock = Omit<TrainerState["counters"], "runs">;

export interface Checkpoint {
  clock: Clock;
  /** By member; one that has stopped early has no state any more. */
  states: Map<number, MemberState>;
  records: MemberRecord[];
}

/** Takes a trainer's state apart into its members'. */
export function takeApart(
  state: TrainerState,
  members: readonly number[],
): { clock: Clock; states: Map<number, MemberState> } {
  const { runs, ...clock } = state.counters;
  const states = new Map(members.map((member, run) => {
    const prefix = `${run}.`;
    const tensors = new Map(
      [...state.tensors].filter(([name]) => name.startsWith(prefix))
        .map(([name, values]) => [name.slice(prefix.length), values]),
    );
    return [member, { tensors, counters: runs[run] }];
  }));
  return { clock, states };
}

/** The inverse of {@link takeApart} for the given members. */
export function putTogether(
  clock: Clock,
  states: ReadonlyMap<number, MemberState>,
  members: readonly number[],
): TrainerState {
  const chosen = members.map((member) => states.get(member)!);
  return {
    counters: { ...clock, runs: chosen.map(({ counters }) => counters) },
    tensors: new Map(
      chosen.flatMap(({ tensors }, run) =>
        [...tensors].map(([name, values]): [string, Float32Array<ArrayBuffer>] => [
          `${run}.${name}`,
          values,
        ])
      ),
    ),
  };
}

/** As the engine stores it. Best weights are blobs that the files name, so that they are kept. */
export function encodeCheckpoint({ clock, states, records }: Checkpoint): Draft {
  const tensors = new Map(
    [...states].flatMap(([member, state]) =>
      [...state.tensors].map(([name, data]) =>
        [`${member}.${name}`, { dtype: "float32" as const, shape: [data.length], data }] as const
      )
    ),
  );
  const state = {
    clock,
    counters: [...states].map(([member, { counters }]) => ({ member, counters })),
    records,
  };
  const kept = records.flatMap(({ best, all }, member) => [
    ...Object.entries(best).map(([metric, { weights }]) =>
      [`best-${metric}/${member}.safetensors`, weights] as const
    ),
    ...all.map((blob, epoch) => [`all/${epoch}_${member}.safetensors`, blob] as const),
  ]);
  return {
    meta: { epoch: clock.epoch, batch: clock.batch },
    files: {
      "state.json": JSON.stringify(state),
      "state.safetensors": writeSafetensors(tensors),
      ...Object.fromEntries(kept),
    },
  };
}

/** @throws {DataError} when a file of the checkpoint is gone or corrupt */
export async function decodeCheckpoint(artifact: Artifact): Promise<Checkpoint> {
  const { clock, counters, records } = JSON.parse(await artifact.readText("state.json")) as {
    clock: Clock;
    counters: { member: number; counters: MemberState["counters"] }[];
    records: MemberRecord[];
  } & Json;
  const file = readSafetensors(await artifact.read("state.safetensors"), "state.safetensors");
  const states = new Map(
    counters.map((
      { member, counters },
    ) => [member, { counters, tensors: new Map() } as MemberState]),
  );
  for (const [name, { data }] of file.tensors()) {
    const dot = name.indexOf(".");
    states.get(Number(name.slice(0, dot)))!.tensors.set(
      name.slice(dot + 1),
      data as Float32Array<ArrayBuffer>,
    );
  }
  return { clock, states, records };
}
