/** What Gyrus uses of a scheduler: SLURM, or another by commands of the profile. */

/** What a job asks for. */
export interface JobRequest {
  cpu: number;
  gpu: number;
  /** Bytes. */
  memory?: number;
  /** Seconds. */
  time?: number;
}

/** Where one instance is, or was, in the queue. */
export interface JobPlace {
  /** Of the array, or of a job of its own. */
  job: string;
  /** Index in the array; 0 of a job of its own. */
  index: number;
}

/** Jobs that are submitted by one call. */
export interface JobArray {
  /** By which the scheduler finds it again; no other has it. */
  name: string;
  request: JobRequest;
  /** Sorted. A scheduler without arrays gets one at a time. */
  indices: readonly number[];
  /** Jobs that must end with success first. */
  after: readonly Dependency[];
  /** Path of the script; a job that can't be given arguments has the position in its own script. */
  script: string;
  /** Path of a text whose line number i, from 0, has the positions in the frozen plan of index i. */
  list?: string;
  /** Folder of the submission. */
  folder: string;
}

export type Dependency =
  /** Every job of the array, or those with some indices. */
  | { kind: "all"; job: string; indices?: readonly number[] }
  /** The one with the same index. */
  | { kind: "same-index"; job: string };

/** `gone`: the scheduler knows nothing of it, or no longer. */
export type JobState =
  /** `reason` where the scheduler gives one that is not the usual waiting. */
  | { state: "queued"; reason?: string }
  | { state: "running" }
  | { state: "ended"; cause: EndCause; text: string }
  | { state: "gone" };

/** Why a job ended, as far as its scheduler says: never a reason to believe in a result. */
export type EndCause =
  | "completed"
  | "out-of-memory"
  | "out-of-time"
  | "lost"
  | "dependency"
  | "cancelled";

/** States of jobs by {@link placeKey}, as one call has returned them. */
export type JobStates = ReadonlyMap<string, JobState>;

export function placeKey({ job, index }: JobPlace): string {
  return `${job}_${index}`;
}

/** An array by its name, and by its id where the answer to its submission is known. */
export interface SubmittedArray {
  name: string;
  job?: string;
}

export interface JobScheduler {
  /** Whether whole chains are submitted at once, as arrays that wait for each other. */
  readonly chains: boolean;
  /** Jobs of one array. */
  arraySize(): Promise<number>;
  /** @returns the id @throws {DataError} with what the scheduler answered */
  submit(array: JobArray): Promise<string>;
  /**
   * One call for all jobs.
   *
   * @throws {DataError} when the scheduler does not answer
   */
  states(submitted: readonly SubmittedArray[]): Promise<QueueState>;
  cancel(jobs: readonly string[]): Promise<void>;
}

export interface QueueState {
  states: JobStates;
  /** Ids of arrays by name, where the scheduler knows names: the answer to a submission may be lost. */
  ids: ReadonlyMap<string, string>;
}
